"""Pages about developer keys: what is registered, a new one, the end of one."""

import pytest

from identity.crypto import ecdsa_p256
from identity.models import DeveloperKey
from tests import cast
from tests.faces.passport.client import Developer
from tests.unit.accounts.admin.desk import Desk

LIST = "identity/developerkey/"


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


def only(world: cast.World) -> DeveloperKey:
    with cast.in_scope(world):
        return DeveloperKey.objects.get()


def test_registers_a_key_and_ends_it(desk: Desk, world: cast.World) -> None:
    assert "There is no developer key" in desk.get(LIST)
    developer = Developer()
    given = {"name": "Our server", "public_key": developer.spki, "is_owner": "on"}
    assert desk.send(f"{LIST}new/", **given) == ["The key is registered."]
    key = only(world)
    assert (key.public_key, key.is_owner) == (ecdsa_p256.parse_any(developer.spki).hex, True)
    page = f"{LIST}{key.pk}/"
    assert key.public_key in desk.get(f"{page}change/")
    assert "Our server" in desk.get(f"{page}revoke/")
    assert desk.send(f"{page}revoke/") == ["The key is revoked."]
    assert only(world).status == "revoked"
    assert "revoke/" not in desk.get(f"{page}change/")


def test_says_what_is_wrong_with_a_key(desk: Desk, world: cast.World) -> None:
    shown = desk.refused(f"{LIST}new/", name="Our server", public_key="no key")
    assert "Send a P-256 public key" in shown
    with cast.in_scope(world):
        assert not DeveloperKey.objects.exists()
