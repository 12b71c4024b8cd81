"""Idempotency keys over `/v1`: done once, answered alike."""

import json

import httpx

from accounts.models import Group
from identity import ids
from identity.api.v1 import auth, description
from identity.api.v1.route import OPEN
from identity.api.v1.table import TABLE
from tests import cast, signed_in
from tests.faces.v1.client import BASE, InProcess, Signed, problem


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


def test_who_needs_no_caller_has_no_keys(world: cast.World) -> None:
    held = [signed_in.start(world, world.member(name)) for name in ("bob", "carol")]
    address, key = f"/s/{world.scope.slug}/v1/token/refresh", keyed()
    with httpx.Client(base_url=BASE, transport=InProcess()) as http:
        for each in held:
            first, again = (
                http.post(address, json={"refresh_token": each.refresh}, headers=key)
                for _ in range(2)
            )
            assert first.status_code == again.status_code == 200
            # The answer is given again by what renewal itself keeps.
            assert again.json()["refresh_token"] == first.json()["refresh_token"]
            assert "idempotency-replayed" not in again.headers


def test_the_description_names_the_header_where_it_is_read() -> None:
    paths = json.loads(description.document())["paths"]
    for each in TABLE.routes:
        named = {one["name"] for one in paths[f"/v1{each.path}"][each.method.lower()]["parameters"]}
        is_read = each.method not in auth.SAFE and each.permission != OPEN
        assert ("Idempotency-Key" in named) is is_read, each
