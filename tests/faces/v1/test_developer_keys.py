"""Developer keys over `/v1`."""

from typing import Any

import pytest

from identity.crypto import ecdsa_p256
from tests import cast
from tests.faces.passport.client import Developer
from tests.faces.v1.client import Signed, problem


def made(alice: Signed, **more: Any) -> dict[str, Any]:
    given = {"name": "Our server", "public_key": Developer().spki, **more}
    answer = alice.post("/developer-keys", given)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def test_registers_reads_and_revokes_a_key(alice: Signed) -> None:
    developer = Developer()
    key = made(alice, public_key=developer.spki)
    path = f"/developer-keys/{key['id']}"
    assert key["public_key"] == ecdsa_p256.parse_any(developer.spki).hex
    assert (key["status"], key["is_owner"], key["last_used_at"]) == ("active", False, None)
    assert alice.get(path).json() == key
    assert alice.get("/developer-keys").json() == {"items": [key], "next": None}
    ended = alice.send("DELETE", path).json()
    assert ended["status"] == "revoked"
    assert ended["revoked_at"]
    assert alice.get("/developer-keys").json()["items"] == [ended]
    again = {"name": "Again", "public_key": developer.spki}
    problem(alice.post("/developer-keys", again), 409, "developer-key.taken")


def test_takes_p256_keys_alone(alice: Signed) -> None:
    for wrong in ("", "x", "02" + "f" * 64, "04" + "1" * 128):
        given = {"name": "Our server", "public_key": wrong}
        problem(alice.post("/developer-keys", given), 400, "invalid")


def test_lets_nobody_in_without_the_permission(alice: Signed, bob: Signed) -> None:
    path = f"/developer-keys/{made(alice)['id']}"
    for answer in (
        bob.get("/developer-keys"),
        bob.get(path),
        bob.post("/developer-keys", {"name": "x", "public_key": Developer().spki}),
        bob.send("DELETE", path),
    ):
        problem(answer, 403, "forbidden")


def test_shows_nothing_of_another_scope(alice: Signed) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/developer-keys/{made(alice)['id']}"
    assert charlie.get("/developer-keys").json() == {"items": [], "next": None}
    for answer in (charlie.get(path), charlie.send("DELETE", path)):
        problem(answer, 404, "missing")


def test_an_owners_key_is_added_alone_by_who_may_edit_the_scope(
    world: cast.World, alice: Signed
) -> None:
    maintainer = Signed.of(world.member("mark", "workspace-maintainer"), world.scope.slug)
    made(maintainer)
    owners = {"name": "Ours", "public_key": Developer().spki, "is_owner": True}
    problem(maintainer.post("/developer-keys", owners), 403, "role.grant-too-wide")
    assert made(alice, is_owner=True)["is_owner"]


@pytest.mark.django_db(transaction=True)
def test_a_further_key_waits_for_a_second_person_and_its_end_does_not() -> None:
    world = cast.world()
    alice = Signed.of(world.member("alice", "super-admin"), world.scope.slug)
    key = made(alice)
    # From the second approver on two people are needed.
    world.member("dora", "super-admin")
    given = {"name": "Mine", "public_key": Developer().spki}
    assert alice.post("/developer-keys", given).status_code == 202
    assert [each["id"] for each in alice.get("/developer-keys").json()["items"]] == [key["id"]]
    assert alice.send("DELETE", f"/developer-keys/{key['id']}").json()["status"] == "revoked"
