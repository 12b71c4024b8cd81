"""GET /accounts/standard-registries."""

from tests import cast
from tests.faces.guardian import client
from tests.faces.guardian.client import UNAUTHORIZED
from tests.faces.guardian.test_accounts import complete


def test_lists_registries_for_whoever_is_signed_in(world, acme, alice) -> None:
    client.registered(world, "STANDARD_REGISTRY", "verra")
    complete(world, "acme", did="did:example:acme")
    expected = [{"username": "acme", "did": "did:example:acme"}, {"username": "verra"}]
    for who in (acme, alice):
        answer = who.get("/accounts/standard-registries")
        assert (answer.status, answer.json) == (200, expected)


def test_is_401_for_nobody(nobody) -> None:
    assert nobody.get("/accounts/standard-registries").json == UNAUTHORIZED


def test_knows_none_of_another_scope(alice) -> None:
    client.registered(cast.world(), "STANDARD_REGISTRY", "stranger")
    assert alice.get("/accounts/standard-registries").json == []
