"""Providers over `/v1`."""

from typing import Any

import pytest

from identity import ids
from identity.errors import Invalid
from identity.models import AuditEvent
from invitations.models import Proposal
from sessions_app.models import Provider
from sessions_app.services import providers
from tests import cast
from tests.faces.v1.client import Signed, problem

SECRET = "GOCSPX-canary-of-a-client-secret"
GOOGLE = {
    "slug": "google",
    "name": "Google",
    "kind": "google",
    "client_id": "1.apps.example",
    "client_secret": SECRET,
}
OIDC = {
    "slug": "house",
    "name": "House",
    "kind": "oidc",
    "client_id": "countersign",
    "issuer": "https://id.example.org",
}


def made(alice: Signed, **more: Any) -> dict[str, Any]:
    answer = alice.post("/providers", {**GOOGLE, **more})
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    provider: dict[str, Any] = answer.json()
    return provider


def test_makes_reads_edits_and_removes_a_provider(alice: Signed) -> None:
    provider = made(alice)
    path = f"/providers/{provider['id']}"
    assert provider["issuer"] == "https://accounts.google.com"
    assert (provider["status"], provider["has_secret"]) == ("enabled", True)
    assert "client_secret" not in provider
    assert alice.get(path).json() == provider
    assert alice.get("/providers").json() == {"items": [provider], "next": None}
    problem(alice.send("PATCH", path, {"status": "disabled"}), 428, "precondition.needed")
    edited = alice.send("PATCH", path, {"status": "disabled"}, {"If-Match": '"1"'})
    assert (edited.json()["status"], edited.json()["version"]) == ("disabled", 2)
    problem(
        alice.send("PATCH", path, {"name": "Late"}, {"If-Match": '"1"'}), 412, "precondition.failed"
    )
    assert alice.send("DELETE", path).json() == {"id": provider["id"]}
    problem(alice.get(path), 404, "missing")


def test_keeps_the_secret_sealed_for_this_row_alone(alice: Signed, world: cast.World) -> None:
    provider = made(alice)
    with cast.in_scope(world):
        row = Provider.objects.get(id=provider["id"])
        assert SECRET.encode() not in bytes(row.sealed_secret)
        assert providers.secret_of(row) == SECRET
        told = list(AuditEvent.objects.filter(name__startswith="provider.").values("facts"))
    assert len(told) == 1
    assert SECRET not in str(told)
    other = {**OIDC, "id": str(ids.new())}
    moved = {**other, "client_secret": "x" * 20}
    assert alice.post("/providers", moved).status_code == 201
    with cast.in_scope(world):
        stolen = Provider.objects.get(id=other["id"])
        stolen.sealed_secret = bytes(row.sealed_secret)
        with pytest.raises(Invalid, match="not sealed for this provider"):
            providers.secret_of(stolen)


def test_another_secret_replaces_it(alice: Signed, world: cast.World) -> None:
    path = f"/providers/{made(alice)['id']}"
    answer = alice.send("PATCH", path, {"client_secret": "another-one"}, {"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    with cast.in_scope(world):
        assert providers.secret_of(Provider.objects.get()) == "another-one"


def test_a_secret_is_never_sent_to_another_issuer(alice: Signed) -> None:
    house = alice.post("/providers", {**OIDC, "client_secret": "of-the-house"}).json()
    path = f"/providers/{house['id']}"
    moved = {"issuer": "https://evil.example.org"}
    problem(alice.send("PATCH", path, moved, {"If-Match": "*"}), 400, "invalid")
    moved["client_secret"] = "of-the-other"
    assert alice.send("PATCH", path, moved, {"If-Match": "*"}).json()["issuer"] == moved["issuer"]


def test_tells_what_is_wrong(alice: Signed) -> None:
    for wrong in (
        {"slug": "Not A Slug"},
        {"kind": "facebook"},
        {"name": ""},
        {"client_id": " "},
        {"client_secret": ""},
        {"options": {"tenant": "common"}},
        {"kind": "microsoft"},
        {"kind": "microsoft", "options": {"tenant": "common/../evil"}},
        {"kind": "apple", "options": {"team_id": "ABCDE12345", "key_id": "ABCDE12345"}},
        {"kind": "oidc"},
        {"kind": "oidc", "issuer": "https://id.example.org/?x=1"},
        {"position": -1},
    ):
        problem(alice.post("/providers", {**GOOGLE, **wrong}), 400, "invalid")
    for issuer in ("https://10.0.0.1", "https://user@id.example.org", "ftp://id.example.org"):
        problem(alice.post("/providers", {**OIDC, "issuer": issuer}), 400, "address.refused")
    made(alice)
    problem(alice.post("/providers", GOOGLE), 409, "conflict")


@pytest.mark.django_db
def test_waits_for_a_second_person_where_that_is_wanted() -> None:
    world = cast.world()
    alice = Signed.of(world.member("alice", "super-admin"), world.scope.slug)
    world.member("bob", "super-admin")
    answer = alice.post("/providers", GOOGLE)
    assert answer.status_code == 202, answer.text
    shown = alice.get(f"/proposals/{answer.json()['proposal']['id']}")
    assert SECRET not in shown.text
    assert "sealed_secret" not in shown.text
    with cast.in_scope(world):
        assert not Provider.objects.exists()
        assert SECRET not in str(list(Proposal.objects.values()))


def test_lets_nobody_in_without_the_permission(alice: Signed, bob: Signed) -> None:
    path = f"/providers/{made(alice)['id']}"
    for answer in (
        bob.get("/providers"),
        bob.get(path),
        bob.post("/providers", OIDC),
        bob.send("PATCH", path, {"name": "x"}, {"If-Match": "*"}),
        bob.send("DELETE", path),
    ):
        problem(answer, 403, "forbidden")


def test_shows_nothing_of_another_scope(alice: Signed) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/providers/{made(alice)['id']}"
    assert charlie.get("/providers").json() == {"items": [], "next": None}
    for answer in (
        charlie.get(path),
        charlie.send("DELETE", path),
        charlie.send("PATCH", path, {"name": "x"}, {"If-Match": "*"}),
    ):
        problem(answer, 404, "missing")
