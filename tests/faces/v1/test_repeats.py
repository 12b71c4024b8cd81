"""Idempotency keys over `/v1`: done once, answered alike."""

from accounts.models import Group
from identity import ids
from tests import cast
from tests.faces.v1.client import Signed, problem


def keyed() -> dict[str, str]:
    return {"Idempotency-Key": str(ids.new())}


def test_does_a_repeated_request_once(alice: Signed, world: cast.World) -> None:
    key = keyed()
    first = alice.post("/groups", {"name": "treasury"}, headers=key)
    again = alice.post("/groups", {"name": "treasury"}, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    with cast.in_scope(world):
        assert Group.objects.count() == 1


def test_refuses_a_key_for_another_request(alice: Signed) -> None:
    key = keyed()
    alice.post("/groups", {"name": "treasury"}, headers=key)
    problem(alice.post("/groups", {"name": "other"}, headers=key), 409, "idempotency.conflict")


def test_a_refusal_does_not_use_the_key_up(alice: Signed) -> None:
    key = keyed()
    problem(alice.post("/groups", {"name": ""}, headers=key), 400, "invalid")
    assert alice.post("/groups", {"name": "treasury"}, headers=key).status_code == 201


def test_keys_belong_to_one_device(alice: Signed, world: cast.World) -> None:
    key = keyed()
    second = Signed.of(world.member("second", "super-admin"), world.scope.slug)
    first = alice.post("/groups", {"name": "one"}, headers=key)
    assert second.post("/groups", {"name": "two"}, headers=key).json() != first.json()


def test_refuses_a_key_that_is_too_long(alice: Signed) -> None:
    answer = alice.post("/groups", {"name": "x"}, headers={"Idempotency-Key": "x" * 129})
    problem(answer, 400, "invalid")
