"""Developer keys: added in any usual form, pinned to P-256, revoked for ever."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from identity import ids
from identity.crypto import ecdsa_p256
from identity.errors import Invalid, Missing
from identity.models import AuditEvent
from identity.services import developer_keys
from identity.services.developer_keys import DeveloperKeyTaken, TooManyDeveloperKeys
from tests import cast
from tests.faces.passport.client import Developer

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world()


def pem_of(developer: Developer) -> str:
    return (
        developer.key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def test_takes_every_usual_form_of_one_key(world: cast.World) -> None:
    developer = Developer()
    point = ecdsa_p256.parse_any(developer.spki)
    assert ecdsa_p256.parse_any(pem_of(developer)) == point
    assert ecdsa_p256.parse_any(point.hex) == point
    row = developer_keys.add(name="Ours", public_key=developer.spki, by=world.system, now=NOW)
    assert row.public_key == point.hex


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é",
        "not base64",
        "AAAA",
        "A" * 2000,
        Developer(ec.generate_private_key(ec.SECP256K1())).spki,
        Developer(ec.generate_private_key(ec.SECP384R1())).spki,
        Developer(rsa.generate_private_key(65537, 2048)).spki,
    ],
    ids=["none", "letter", "text", "bytes", "long", "secp256k1", "p384", "rsa"],
)
def test_refuses_what_is_no_p256_key(world: cast.World, text: str) -> None:
    with pytest.raises(Invalid):
        developer_keys.add(name="Ours", public_key=text, by=world.system, now=NOW)


def test_a_key_is_known_in_its_own_scope_alone(world: cast.World) -> None:
    developer = Developer()
    row = developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=NOW, is_owner=True
    )
    public = ecdsa_p256.parse_any(developer.spki)
    with cast.in_scope(world):
        known = developer_keys.known(public)
        assert known is not None
        assert (known.id, known.is_owner, known.public.hex) == (row.id, True, public.hex)
    with cast.in_scope(cast.world()):
        assert developer_keys.known(public) is None


def test_is_registered_once_and_after_its_end_never_again(world: cast.World) -> None:
    developer = Developer()
    row = developer_keys.add(name="Ours", public_key=developer.spki, by=world.system, now=NOW)
    for _ in range(2):
        ended = developer_keys.revoke(key_id=row.id, by=world.system, now=NOW)
        assert (ended.status, ended.revoked_at) == ("revoked", NOW)
        with pytest.raises(DeveloperKeyTaken):
            developer_keys.add(name="Again", public_key=pem_of(developer), by=world.system, now=NOW)
    with cast.in_scope(world):
        assert developer_keys.known(ecdsa_p256.parse_any(developer.spki)) is None
        names = AuditEvent.objects.filter(subject_kind="developer-key").order_by("sequence")
        assert list(names.values_list("name", flat=True)) == [
            "developer-key.added",
            "developer-key.revoked",
        ]


def test_there_are_so_many_and_no_more(world: cast.World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(developer_keys, "MOST", 2)
    rows = [
        developer_keys.add(name="Ours", public_key=Developer().spki, by=world.system, now=NOW)
        for _ in range(2)
    ]
    with pytest.raises(TooManyDeveloperKeys):
        developer_keys.add(name="One more", public_key=Developer().spki, by=world.system, now=NOW)
    developer_keys.revoke(key_id=rows[0].id, by=world.system, now=NOW)
    developer_keys.add(name="One more", public_key=Developer().spki, by=world.system, now=NOW)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x07b"])
def test_refuses_a_name_that_nobody_reads(world: cast.World, name: str) -> None:
    with pytest.raises(Invalid):
        developer_keys.add(name=name, public_key=Developer().spki, by=world.system, now=NOW)


def test_another_scopes_key_is_not_there(world: cast.World) -> None:
    row = developer_keys.add(name="Ours", public_key=Developer().spki, by=world.system, now=NOW)
    for key_id, other in ((row.id, cast.world()), (ids.new(), world)):
        with pytest.raises(Missing):
            developer_keys.revoke(key_id=key_id, by=other.system, now=NOW)
