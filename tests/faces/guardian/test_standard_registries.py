"""GET /accounts/standard-registries and /accounts/standard-registries/aggregated."""

from tests import cast
from tests.faces.guardian import client, onboarded
from tests.faces.guardian.client import UNAUTHORIZED
from tests.faces.guardian.test_accounts import complete


def test_lists_registries_for_whoever_is_signed_in(world, acme, alice) -> None:
    client.registered(world, "STANDARD_REGISTRY", "verra")
    complete(world, "acme", did="did:example:acme")
    expected = [{"username": "acme", "did": "did:example:acme"}, {"username": "verra"}]
    for who in (acme, alice):
        answer = who.get("/accounts/standard-registries")
        assert (answer.status, answer.json) == (200, expected)


def test_aggregates_what_each_says_of_itself(world, alice) -> None:
    acme = onboarded.minted(world)
    client.registered(world, "STANDARD_REGISTRY", "verra")
    answer = alice.get("/accounts/standard-registries/aggregated")
    assert answer.status == 200
    ready, bare = answer.json
    session = acme.get("/accounts/session").json
    assert ready == {
        "did": session["did"],
        "vcDocument": None,
        "policies": [],
        "username": "acme",
        "hederaAccountId": session["hederaAccountId"],
    }
    assert bare == {
        "did": None,
        "vcDocument": None,
        "policies": [],
        "username": "verra",
        "hederaAccountId": None,
    }


def test_aggregates_the_credential_that_was_asked_for(world, alice) -> None:
    verra = client.registry(world, "verra")
    verra.put("/profiles/push/verra", {"vcDocument": {"OrgName": "Verra"}})
    onboarded.worked(world)
    (found,) = alice.get("/accounts/standard-registries/aggregated").json
    (subject,) = found["vcDocument"]["document"]["credentialSubject"]
    assert (subject["OrgName"], subject["id"]) == ("Verra", found["did"])


def test_is_401_for_nobody(nobody) -> None:
    for more in ("", "/aggregated"):
        assert nobody.get(f"/accounts/standard-registries{more}").json == UNAUTHORIZED


def test_knows_none_of_another_scope(alice) -> None:
    client.registered(cast.world(), "STANDARD_REGISTRY", "stranger")
    assert alice.get("/accounts/standard-registries").json == []
