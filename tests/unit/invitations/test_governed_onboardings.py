"""An onboarding passes the one door: at once, or when others have approved it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Onboarding, RegistryMembership
from accounts.services import onboarding_leases, onboardings
from identity import errors, ids
from identity.models import AuditEvent
from invitations.errors import PolicyDenied
from invitations.models import Proposal
from invitations.services import governance, governed_onboardings
from invitations.services.governed_onboardings import Begun
from tests import acts, cast, onboarding

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def registry(world: cast.World) -> cast.Member:
    return onboarding.registry(world)


def start(member: cast.Member, request: Any = None) -> Begun:
    return governed_onboardings.start(
        request=request or onboarding.request(), by=acts.as_actor(member), now=acts.now()
    )


def policy(member: cast.Member, decision: str, review: str = "") -> None:
    answer = acts.submit(
        member,
        "policy.create",
        policy=str(ids.new()),
        name="onboarding",
        resource="/onboardings",
        action="add",
        decision_on_true=decision,
        review_expression=review,
    )
    assert isinstance(answer, governance.Done), answer


def test_a_registry_begins_at_once(registry: cast.Member) -> None:
    begun = start(registry)
    assert (begun.onboarding.state, begun.proposal_id) == ("queued", None)
    assert begun.onboarding.requested_by == registry.user.public_id


def test_nobody_else_may(world: cast.World, registry: cast.Member) -> None:
    for name, roles in (("bob", ()), ("ann", ("workspace-auditor",)), ("sue", ("support",))):
        with pytest.raises(errors.Forbidden):
            start(world.member(name, *roles))
    with cast.in_scope(world):
        assert not Onboarding.objects.exists()


def test_a_further_registry_needs_the_owners_word(world: cast.World, registry: cast.Member) -> None:
    with pytest.raises(errors.Forbidden):
        start(registry, onboarding.registry_request())
    owner = world.member("alice", "super-admin")
    assert start(owner, onboarding.registry_request()).onboarding.state == "queued"
    with cast.in_scope(world):
        assert RegistryMembership.objects.count() == 1


class TestReviewed:
    @pytest.fixture
    def alice(self, world: cast.World) -> cast.Member:
        return world.member("alice", "super-admin")

    @pytest.fixture
    def begun(self, alice: cast.Member, registry: cast.Member) -> Begun:
        policy(alice, "REVIEW", '{"all":[],"deny":1,"min":1}')
        return start(registry)

    def test_waits_without_a_secret_in_the_proposal(self, world: cast.World, begun: Begun) -> None:
        assert begun.onboarding.state == "waiting"
        assert begun.proposal_id is not None
        with cast.in_scope(world):
            proposal = Proposal.objects.get()
            row = Onboarding.objects.get()
            assert row.proposal_id == proposal.id
            assert onboarding.PASSWORD not in repr(vars(proposal))
        assert not onboarding_leases.due(now=acts.now(), most=9)

    def test_goes_on_when_it_is_approved(
        self, world: cast.World, alice: cast.Member, begun: Begun
    ) -> None:
        assert begun.proposal_id is not None
        acts.approve(alice, begun.proposal_id)
        with cast.in_scope(world):
            assert Onboarding.objects.get().state == "queued"
            assert AuditEvent.objects.filter(name="onboarding.released").count() == 1

    def test_is_cancelled_when_it_is_rejected(
        self, world: cast.World, alice: cast.Member, begun: Begun
    ) -> None:
        assert begun.proposal_id is not None
        acts.reject(alice, begun.proposal_id)
        with cast.in_scope(world):
            row = Onboarding.objects.get()
            assert (row.state, row.sealed_request) == ("cancelled", None)


def test_a_policy_may_deny_it(world: cast.World, registry: cast.Member) -> None:
    alice = world.member("alice", "super-admin")
    policy(alice, "DENY")
    with pytest.raises(PolicyDenied):
        start(registry)
    with cast.in_scope(world):
        assert not Onboarding.objects.exists()


def test_approvers_read_what_is_stored(world: cast.World, registry: cast.Member) -> None:
    by = acts.as_actor(registry)
    with cast.in_scope(world):
        checked = onboardings.check(request=onboarding.request(), by=by)
        row = onboardings.keep_waiting(checked, by=by, now=NOW)
        details = {"onboarding": str(row.id), "username": "harmless", "role": "USER"}
        with pytest.raises(errors.Invalid):
            governance.submit(
                action="user.onboard",
                details=details,
                by=by,
                now=NOW,
                evidence=acts.SIGNED,
            )
