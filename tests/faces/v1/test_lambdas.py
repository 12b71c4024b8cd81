"""Lambdas over `/v1`: one's own made, read, stopped and removed; everybody's for staff."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts.models import Lambda
from identity import ids
from identity.models import AuditEvent
from identity.services import scopes
from invitations.models import Proposal
from invitations.services import lambda_runs
from tests import cast, lambdas, signed_in
from tests.faces.v1.client import BASE, Bearer, InProcess, Signed, problem
from tests.faces.v1.test_own_account import reviewed
from tests.faces.v1.test_proposals import Person, person


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    world = cast.world(governance=False)
    lambdas.turn_on(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Person:
    return person(world, "alice", "super-admin")


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    return world.member("bob")


@pytest.fixture
def bob(world: cast.World, member: cast.Member) -> Bearer:
    return Bearer.of(signed_in.start(world, member).access, world.scope.slug)


def made(bob: Bearer, **more: Any) -> dict[str, Any]:
    answer = bob.post("/me/lambdas", {"config": lambdas.config(**more)})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/v1/me/lambdas/{told['id']}")
    return told


def test_a_member_makes_and_reads_a_lambda(bob: Bearer, member: cast.Member) -> None:
    given = lambdas.config(max_executions=3)
    told = made(bob, max_executions=3)
    assert told["user"] == member.uid
    assert told["config"].items() >= {"max_executions": 3, "envs": [], "post_hooks": []}.items()
    assert told["config"]["authorization"] == {"type": "jwt"}
    assert told["config"]["conditions"][0]["code"] == given["conditions"][0]["code"]
    assert (told["status"], told["total_executions"], told["ok_executions"]) == ("active", 0, 0)
    assert bob.get("/me/lambdas").json() == {"items": [told], "next": None}
    assert bob.get(f"/me/lambdas/{told['id']}").json() == told
    assert bob.get(f"/me/lambdas/{told['id']}/executions").json() == {"items": [], "next": None}


def test_an_old_session_makes_none(world: cast.World, member: cast.Member) -> None:
    began = datetime.now(UTC) - timedelta(minutes=6)
    old = Bearer.of(signed_in.start(world, member, now=began).access, world.scope.slug)
    problem(old.post("/me/lambdas", {"config": lambdas.config()}), 403, "session.step-up-needed")


def test_says_what_is_wrong(bob: Bearer, world: cast.World) -> None:
    def refused(status: int, code: str, **more: Any) -> str:
        answer = bob.post("/me/lambdas", {"config": lambdas.config(**more)})
        return str(problem(answer, status, code).get("detail"))

    assert "hook" in refused(422, "lambda.unsupported", triggers=[{"type": "account"}])
    assert "conditions" in refused(400, "invalid", conditions=[])
    call = lambdas.fetch("https://api.example.org/")
    assert "list" in refused(400, "address.refused", conditions=[call])
    with cast.in_scope(world):
        scopes.change_settings(changes={"lambdas": False}, by=world.system, now=datetime.now(UTC))
    refused(403, "lambda.off")


def test_waits_where_a_policy_asks_for_it(
    world: cast.World, alice: Person, bob: Bearer, member: cast.Member
) -> None:
    reviewed(world, "/lambdas", "add", expression="details.is_open")
    made(bob)
    chosen = str(ids.new())
    given = {"id": chosen, "config": lambdas.config(authorization=lambdas.ANYBODY)}
    answer = bob.post("/me/lambdas", given)
    assert answer.status_code == 202, answer.text
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
        assert Lambda.objects.count() == 1
    shown = alice.get(f"/proposals/{proposal.id}").json()
    assert "bob" in str(shown)
    assert "return true" in str(shown)
    voted = alice.post(f"/proposals/{proposal.id}/votes", alice.ballot(shown, "approve"))
    assert voted.json()["state"] == "executed"
    with cast.in_scope(world):
        row = Lambda.objects.get(id=chosen)
        assert row.user_id == member.user.id


def test_an_owner_stops_and_removes_its_own(bob: Bearer, world: cast.World) -> None:
    told = made(bob)
    path = f"/me/lambdas/{told['id']}"
    stopped = bob.post(f"{path}/disable", {}).json()
    assert stopped["status"] == "disabled"
    assert stopped["disabled_at"]
    assert bob.send("DELETE", path).json() == {"id": told["id"]}
    problem(bob.get(path), 404, "missing")
    with cast.in_scope(world):
        names = AuditEvent.objects.filter(subject_kind="lambda").order_by("sequence")
        assert list(names.values_list("name", flat=True)) == [
            "lambda.created",
            "lambda.disabled",
            "lambda.removed",
        ]


def test_shows_nobody_those_of_others(world: cast.World, bob: Bearer) -> None:
    told = made(bob)
    path = f"/me/lambdas/{told['id']}"
    carol = Bearer.of(signed_in.start(world, world.member("carol")).access, world.scope.slug)
    assert carol.get("/me/lambdas").json()["items"] == []
    for answer in (
        carol.get(path),
        carol.get(f"{path}/executions"),
        carol.post(f"{path}/disable", {}),
        carol.send("DELETE", path),
        carol.get(f"/me/lambdas/{ids.new()}"),
    ):
        problem(answer, 404, "missing")


def test_staff_reads_stops_and_removes(alice: Signed, bob: Bearer, member: cast.Member) -> None:
    told = made(bob)
    path = f"/lambdas/{told['id']}"
    assert alice.get("/lambdas").json()["items"] == [told]
    assert alice.get(f"/lambdas?user={member.uid}&status=active").json()["items"] == [told]
    assert alice.get("/lambdas?status=disabled").json()["items"] == []
    assert alice.get(path).json() == told
    assert alice.get(f"{path}/executions").json()["items"] == []
    assert alice.post(f"{path}/disable", {}).json()["status"] == "disabled"
    assert alice.send("DELETE", path).json() == {"id": told["id"]}
    problem(alice.get(path), 404, "missing")


def test_staff_makes_none_with_the_key_of_somebody_else(alice: Signed, member: cast.Member) -> None:
    given = {"user": member.uid, "config": lambdas.config()}
    problem(alice.post("/me/lambdas", given), 400, "invalid")


def test_anybody_runs_one_that_is_open(
    world: cast.World, bob: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambda_runs, "BOUNDS", lambdas.CALM)
    part = lambdas.code("return <<inputs.0>> === 7")
    opened = made(bob, conditions=[part], authorization=lambdas.ANYBODY)["id"]
    stranger = httpx.Client(base_url=BASE, transport=InProcess())

    def run(named: str, *inputs: Any) -> httpx.Response:
        path = f"{bob.prefix}/lambdas/{named}/executions"
        return stranger.post(path, json={"inputs": inputs})

    told = run(opened, 7).json()
    assert (told["number"], told["is_met"], len(told["signature"])) == (1, True, 132)
    assert run(opened, 8).json() == {"number": 2, "is_met": False, "signature": None}
    shown = bob.get(f"/me/lambdas/{opened}/executions").json()["items"]
    assert [each["outcome"] for each in shown] == ["not-met", "signed"]
    problem(run(opened, *range(17)), 400, "invalid")
    problem(run(str(ids.new()), 7), 404, "missing")
    closed = made(bob, conditions=[part])["id"]
    problem(run(closed, 7), 401, "unauthenticated")
    mine = bob.post(f"/me/lambdas/{closed}/executions", {"inputs": [7]})
    assert mine.json()["is_met"] is True
    bob.post(f"/me/lambdas/{closed}/disable", {})
    problem(bob.post(f"/me/lambdas/{closed}/executions", {"inputs": [7]}), 410, "lambda.over")
