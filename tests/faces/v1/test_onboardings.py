"""Onboardings over `/v1`: begun, watched, tried again, cancelled; the result is its owner's."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Onboarding
from tests import acts, cast, onboarding, signed_in
from tests.faces.v1.client import Bearer, Signed, problem
from tests.faces.v1.test_own_account import reviewed
from tests.onboarding import PASSWORD

BODY = {
    "role": "USER",
    "username": "newcomer",
    "password": PASSWORD,
    "parent": "registry",
    "fields": {"name": "Ada"},
}


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def registry(world: cast.World) -> Signed:
    return Signed.of(onboarding.registry(world), world.scope.slug)


def begun(registry: Signed) -> dict[str, Any]:
    answer = registry.post("/onboardings", BODY)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["Location"].endswith(f"/v1/onboardings/{told['id']}")
    return told


def worked(world: cast.World, task_id: str, line: Any = None) -> Onboarding:
    with cast.in_scope(world):
        row = Onboarding.objects.get(id=task_id)
    return onboarding.work(world, row, clock=acts.now, open_ledger=line or onboarding.Line())


def test_onboards_a_user_who_reads_the_result(world: cast.World, registry: Signed) -> None:
    told = begun(registry)
    assert (told["state"], told["username"], told["error"]) == ("queued", "newcomer", "")
    assert PASSWORD not in str(told)
    worked(world, told["id"])
    shown = registry.get(f"/onboardings/{told['id']}").json()
    assert shown["onboarding"]["state"] == "completed"
    assert [step["state"] for step in shown["steps"]].count("completed") == 7
    assert "did:" not in str(shown)
    user = _newcomer(world, told["id"])
    own = user.get(f"/me/onboardings/{told['id']}").json()
    assert own["result"]["did"].startswith("did:")
    assert own["result"]["account_id"]
    # It was handed over: whoever asked for it reads the result no more.
    problem(registry.get(f"/me/onboardings/{told['id']}"), 404, "missing")


def test_lists_by_state(world: cast.World, registry: Signed) -> None:
    told = begun(registry)
    assert [row["id"] for row in registry.get("/onboardings?state=queued").json()["items"]] == [
        told["id"]
    ]
    assert registry.get("/onboardings?state=failed").json()["items"] == []


def test_tells_the_refusals_of_the_door(registry: Signed) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"account_key": "00" * 32}, 422, "onboarding.account-id-invalid"),
        ({"account_id": "0.0.5"}, 422, "onboarding.account-key-invalid"),
        ({"parent": ""}, 400, "onboarding.parent-required"),
        ({"parent": "nobody"}, 400, "onboarding.parent-unknown"),
        ({"username": "registry"}, 409, "name.taken"),
        ({"password": "short"}, 400, "password.unfit"),
        ({"role": "STANDARD_REGISTRY"}, 403, "forbidden"),
    ]
    for changes, status, code in cases:
        problem(registry.post("/onboardings", {**BODY, **changes}), status, code)


def test_tries_again_and_cancels(world: cast.World, registry: Signed) -> None:
    told = begun(registry)
    worked(world, told["id"], onboarding.Line(is_down=True))
    shown = registry.get(f"/onboardings/{told['id']}").json()["onboarding"]
    assert (shown["state"], shown["outages"]) == ("queued", 1)
    assert registry.post(f"/onboardings/{told['id']}/retry", {}).status_code == 200
    answer = registry.post(f"/onboardings/{told['id']}/cancel", {})
    assert answer.json()["state"] == "cancelled"
    problem(registry.post(f"/onboardings/{told['id']}/retry", {}), 409, "conflict")
    problem(registry.post(f"/onboardings/{uuid4()}/cancel", {}), 404, "missing")


def test_waits_for_others_where_policy_asks_for_it(world: cast.World, registry: Signed) -> None:
    reviewed(world, "/onboardings", "add")
    world.member("alice", "super-admin")
    answer = registry.post("/onboardings", BODY)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "pending"
    assert PASSWORD not in answer.text


def test_shows_registries(world: cast.World, registry: Signed) -> None:
    (row,) = registry.get("/registries?role=STANDARD_REGISTRY").json()["items"]
    assert (row["username"], row["did"]) == ("registry", "did:example:registry")
    assert registry.get(f"/registries/{row['user']}").json() == row
    assert registry.get(f"/registries?parent={row['user']}").json()["items"] == []
    problem(registry.get(f"/registries/{uuid4()}"), 404, "missing")


def test_a_stolen_id_reveals_nothing(world: cast.World, registry: Signed) -> None:
    told = begun(registry)
    worked(world, told["id"])
    eve = Bearer.of(signed_in.start(world, world.member("eve")).access, world.scope.slug)
    for known, unknown in (
        (f"/me/onboardings/{told['id']}", f"/me/onboardings/{uuid4()}"),
        (f"/onboardings/{told['id']}", f"/onboardings/{uuid4()}"),
    ):
        one, other = eve.get(known), eve.get(unknown)
        assert one.status_code == other.status_code in {403, 404}
        assert one.json()["type"] == other.json()["type"]
        assert "newcomer" not in one.text


def _newcomer(world: cast.World, task_id: str) -> Bearer:
    with cast.in_scope(world):
        user = Onboarding.objects.select_related("user").get(id=task_id).user
        assert user is not None
        holder: Any = SimpleNamespace(user=user)
        return Bearer.of(signed_in.start(world, holder).access, world.scope.slug)
