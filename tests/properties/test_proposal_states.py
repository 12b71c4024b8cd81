"""The life of a proposal under any order of acts: what must hold, holds after each of them."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from accounts.models import Group, User
from identity import ids
from identity.errors import DomainError
from identity.services import audit_trail
from invitations.models import Effect, Proposal, Vote
from invitations.services import proposals, votes
from invitations.services.governance import Pending
from tests import acts, cast

NEEDED = 2


class Life(RuleBasedStateMachine):
    """alice proposes groups; four owners vote, change their minds, come and go."""

    @initialize()
    def begin(self) -> None:
        self.world = cast.world()
        self.now: datetime = acts.now()
        self.alice = self.world.member("alice", "super-admin", "workspace-owner")
        self.owners = [self.world.member(f"o{number}", "workspace-owner") for number in range(4)]
        self.ended: dict[UUID, str] = {}
        review = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
        made = acts.submit(
            self.alice,
            "policy.create",
            policy=str(ids.new()),
            name="two owners",
            resource="/groups",
            action="add",
            decision_on_true="REVIEW",
            review_expression=review,
        )
        waiting = acts.proposal(self.world, made)
        for owner in self.owners[:NEEDED]:
            acts.approve(owner, waiting.id)
        self.waiting: list[UUID] = []

    def _pick(self, number: int) -> UUID | None:
        return self.waiting[number % len(self.waiting)] if self.waiting else None

    @rule()
    def propose(self) -> None:
        gid = str(ids.new())
        try:
            answer = acts.submit(self.alice, "group.create", group=gid, name=gid, at=self.now)
        except DomainError:
            return
        assert isinstance(answer, Pending)
        self.waiting.append(answer.proposal_id)

    @rule(pick=st.integers(0, 5), who=st.integers(0, 4), is_yes=st.booleans())
    def vote(self, pick: int, who: int, *, is_yes: bool) -> None:
        proposal_id = self._pick(pick)
        if proposal_id is None:
            return
        voter = [*self.owners, self.alice][who]
        try:
            if is_yes:
                acts.approve(voter, proposal_id, at=self.now)
            else:
                acts.reject(voter, proposal_id)
        except DomainError:
            return
        assert voter is not self.alice

    @rule(pick=st.integers(0, 5), who=st.integers(0, 3))
    def take_back(self, pick: int, who: int) -> None:
        proposal_id = self._pick(pick)
        if proposal_id is None:
            return
        try:
            by = acts.as_actor(self.owners[who])
            with cast.in_scope(self.world):
                votes.retract(proposal_id=proposal_id, by=by, now=self.now)
        except DomainError:
            return

    @rule(pick=st.integers(0, 5))
    def cancel(self, pick: int) -> None:
        proposal_id = self._pick(pick)
        if proposal_id is None:
            return
        try:
            by = acts.as_actor(self.alice)
            with cast.in_scope(self.world):
                proposals.cancel(proposal_id=proposal_id, by=by, now=self.now)
        except DomainError:
            return

    @rule(who=st.integers(0, 3), is_in=st.booleans())
    def come_and_go(self, who: int, *, is_in: bool) -> None:
        with cast.in_scope(self.world):
            User.objects.filter(id=self.owners[who].user.id).update(
                status="active" if is_in else "disabled"
            )

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def every_effect_belongs_to_one_executed_proposal_and_was_made_once(self) -> None:
        with cast.in_scope(self.world):
            executed = set(Proposal.objects.filter(state="executed").values_list("id", flat=True))
            assert executed == set(Effect.objects.values_list("proposal_id", flat=True))
            groups = Proposal.objects.filter(state="executed", resource="/groups").count()
            assert Group.objects.count() == groups

    @invariant()
    def nobody_votes_twice_and_never_the_proposer(self) -> None:
        with cast.in_scope(self.world):
            standing = Vote.objects.filter(retracted_at__isnull=True)
            pairs = list(standing.values_list("proposal_id", "user_id"))
            assert len(pairs) == len(set(pairs))
            assert not standing.filter(user_id=self.alice.user.id).exists()

    @invariant()
    def executed_means_that_two_had_approved_and_nobody_rejected(self) -> None:
        with cast.in_scope(self.world):
            for item in Proposal.objects.filter(state="executed"):
                cast_votes = item.votes.filter(retracted_at__isnull=True)
                assert cast_votes.filter(decision="approve").count() >= NEEDED
                assert len(item.standing) >= NEEDED

    @invariant()
    def what_has_ended_stays_as_it_ended(self) -> None:
        with cast.in_scope(self.world):
            for item in Proposal.objects.exclude(state="pending"):
                assert self.ended.setdefault(item.id, item.state) == item.state

    def teardown(self) -> None:
        with cast.in_scope(self.world):
            audit_trail.verify()


@pytest.mark.django_db
def test_holds_its_invariants_in_every_order() -> None:
    run(Life, settings=settings(max_examples=10, stateful_step_count=16, deadline=None))
