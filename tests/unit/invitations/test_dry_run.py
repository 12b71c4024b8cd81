"""The dry run says what the door would do, and does nothing."""

from typing import Any
from uuid import UUID

import pytest

from identity import errors, ids
from identity.models import AuditEvent
from identity.scoping import current
from invitations import errors as refusals
from invitations.decision.expression import ExpressionInvalid
from invitations.models import Policy, Proposal
from invitations.services import decisions, dry_run, governance
from invitations.services.dry_run import Outcome, Verdict
from tests import acts, cast

pytestmark = pytest.mark.django_db

DENY: dict[str, Any] = {
    "name": "no groups",
    "resource": "/groups",
    "action": "add",
    "decision_on_true": "DENY",
}


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "workspace-owner")


def tried(member: cast.Member, action: str, **details: Any) -> Verdict:
    by = acts.as_actor(member)
    with current.in_scope(by.scope_id):
        counts = (AuditEvent.objects.count(), Proposal.objects.count(), Policy.objects.count())
        verdict = dry_run.decide(action=action, details=details, by=by, now=acts.now())
        after = (AuditEvent.objects.count(), Proposal.objects.count(), Policy.objects.count())
        assert after == counts
    return verdict


def group() -> dict[str, Any]:
    return {"group": str(ids.new()), "name": "security"}


def under(member: cast.Member, fields: dict[str, Any], **known: Any) -> Verdict:
    by = acts.as_actor(member)
    with current.in_scope(by.scope_id):
        return dry_run.decide_under(
            policy_id=known.get("policy_id"),
            fields=fields,
            action="group.create",
            details=group(),
            by=by,
            now=acts.now(),
        )


def findings(verdict: Verdict) -> dict[str, str]:
    return {each.name: each.finding for each in verdict.policies}


def test_a_lone_owner_would_act_at_once(alice: cast.Member) -> None:
    verdict = tried(alice, "group.create", **group())
    assert (verdict.outcome, verdict.code) == (Outcome.ALLOWED, "")
    assert findings(verdict)["Governance"] == decisions.STEPS_BACK
    assert findings(verdict)["Webhooks"] == decisions.NO_MATCH
    assert verdict.facts["resource"] == "/groups"


def test_says_who_could_approve_and_what_is_missing(alice: cast.Member, bob: cast.Member) -> None:
    verdict = tried(alice, "group.create", **group())
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.missing == ("needs 1 more in total",)
    assert findings(verdict)["Governance"] == decisions.ADDS
    obstacles = {each.username.split("@")[0]: each.obstacle for each in verdict.electors}
    assert obstacles == {"alice": "proposed it", "bob": ""}


def test_agrees_with_the_door(alice: cast.Member, bob: cast.Member) -> None:
    verdict = tried(alice, "group.create", **group())
    waiting = Proposal.objects.all()
    with current.in_scope(alice.user.scope_id):
        answer = governance.submit(
            action="group.create",
            details=group(),
            by=acts.as_actor(alice),
            now=acts.now(),
            evidence=acts.SIGNED,
        )
        assert isinstance(answer, governance.Pending)
        assert waiting.get(id=answer.proposal_id).review_expression == verdict.review_expression


@pytest.mark.parametrize(
    ("action", "details", "outcome", "code"),
    [
        ("nothing", {}, Outcome.INVALID, "missing"),
        ("group.create", {}, Outcome.INVALID, "invalid"),
        ("group.edit", {"group": str(ids.new())}, Outcome.INVALID, "missing"),
        ("policy.delete", {"policy": str(ids.new())}, Outcome.INVALID, "missing"),
    ],
)
def test_says_what_is_wrong(
    alice: cast.Member, action: str, details: dict[str, Any], outcome: Outcome, code: str
) -> None:
    verdict = tried(alice, action, **details)
    assert (verdict.outcome, verdict.code) == (outcome, code)


def test_says_that_a_permission_lacks(bob: cast.Member) -> None:
    verdict = tried(bob, "group.create", **group())
    assert verdict.outcome is Outcome.FORBIDDEN
    assert "groups:create" in verdict.reason
    assert not verdict.policies


def test_says_that_a_grant_is_too_wide(world: cast.World) -> None:
    maintainer = world.member("maintainer", "workspace-maintainer")
    verdict = tried(maintainer, "role.grant", user=maintainer.uid, role="super-admin")
    assert verdict.outcome is Outcome.TOO_WIDE


def test_says_that_a_quorum_is_out_of_reach(world: cast.World, alice: cast.Member) -> None:
    two = '{"all":[{"min":2,"role":"workspace-owner"}]}'
    review = {"decision_on_true": "REVIEW", "review_expression": two}
    acts.submit(alice, "policy.create", policy=str(ids.new()), **(DENY | review))
    assert tried(alice, "group.create", **group()).outcome is Outcome.UNREACHABLE


def test_names_the_policy_that_denies_and_those_behind_it(alice: cast.Member) -> None:
    for name, priority, expression in (("late", 9, ""), ("no", 5, ""), ("odd", 1, "!true")):
        changes = {"name": name, "priority": priority, "expression": expression}
        acts.submit(alice, "policy.create", policy=str(ids.new()), **(DENY | changes))
    off = {"name": "off", "status": "disabled"}
    acts.submit(alice, "policy.create", policy=str(ids.new()), **(DENY | off))
    verdict = tried(alice, "group.create", **group())
    assert verdict.outcome is Outcome.DENIED
    found = findings(verdict)
    assert found["odd"] == decisions.IS_FALSE
    assert found["no"] == decisions.DECIDES
    assert found["late"] == dry_run.LATER
    assert found["off"] == dry_run.OFF
    assert [each.name for each in verdict.policies if each.holds] == ["no"]


def test_judges_under_a_text_that_is_not_stored(world: cast.World, alice: cast.Member) -> None:
    assert under(alice, DENY).outcome is Outcome.DENIED
    made = str(ids.new())
    acts.submit(alice, "policy.create", policy=made, **DENY)
    assert tried(alice, "group.create", **group()).outcome is Outcome.DENIED
    policy_id = UUID(made)
    assert under(alice, {"status": "disabled"}, policy_id=policy_id).outcome is Outcome.ALLOWED
    assert under(alice, {"resource": "/users"}, policy_id=policy_id).outcome is Outcome.ALLOWED
    with cast.in_scope(world):
        assert Policy.objects.get(public_id=made).resource == "/groups"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        (DENY | {"expression": "(("}, ExpressionInvalid),
        (DENY | {"action": "all"}, errors.Invalid),
        (DENY | {"review_expression": "{}"}, errors.Invalid),
    ],
)
def test_refuses_a_text_that_could_not_be_stored(
    alice: cast.Member, fields: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        under(alice, fields)


def test_a_locked_policy_can_not_be_tried_otherwise(world: cast.World, alice: cast.Member) -> None:
    with cast.in_scope(world):
        locked = Policy.objects.filter(is_locked=True).values_list("public_id", flat=True)[0]
    with pytest.raises(refusals.PolicyLocked):
        under(alice, {"status": "disabled"}, policy_id=locked)


def test_replays_the_latest_proposals(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, acts.submit(alice, "group.create", **group()))
    acts.approve(bob, waiting.id)
    acts.submit(alice, "user.invite", user=str(ids.new()), email="carol@example.test")
    with cast.in_scope(world):
        found = dry_run.replay(policy_id=None, fields=DENY, now=acts.now())
        assert [(each.resource, each.before, each.after) for each in found] == [
            ("/users/invite", Outcome.REVIEW, Outcome.REVIEW),
            ("/groups", Outcome.REVIEW, Outcome.DENIED),
        ]
        assert dry_run.replay(policy_id=None, fields=DENY, now=acts.now(), count=1) == found[:1]
