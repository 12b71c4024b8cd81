"""The life of an invitation under any order of acts: what must hold, holds after each of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from accounts.models import Device, User
from identity.models import AuditEvent
from identity.sdk.keys import DeviceKeys
from identity.services import audit_trail
from invitations.errors import InvitationInvalid
from invitations.models import Invitation
from invitations.services import invitations
from invitations.services.governance import Done
from tests import acts, cast

ENDED = {"used", "refused", "revoked", "locked"}


class Life(RuleBasedStateMachine):
    """One person who is invited again and again, and several who would like to be that person."""

    @initialize()
    def begin(self) -> None:
        self.world = cast.world()
        self.now: datetime = acts.now()
        self.offers: list[Mapping[str, Any]] = []
        self.registered: dict[str, DeviceKeys] = {}
        self.ended: dict[str, str] = {}
        self.spare = [DeviceKeys.generate() for _ in range(2)]

    @rule()
    def invite(self) -> None:
        self.offers.append(acts.invitation(self.world, "bob@example.test"))

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(pick=st.integers(0, 5), holder=st.integers(0, 1), is_right=st.booleans())
    def authorize(self, pick: int, holder: int, *, is_right: bool) -> None:
        if not self.offers:
            return
        bundle, keys = self.offers[pick % len(self.offers)], self.spare[holder]
        secret = None if is_right else "inv_wrong"
        known = {key.signature_pubkey for key in self.registered.values()}
        if keys.signature_pubkey in known and bundle["invitation"] not in self.registered:
            return
        try:
            answer = acts.authorize(self.world, bundle, keys, at=self.now, invite_string=secret)
        except InvitationInvalid:
            return
        assert is_right
        assert isinstance(answer, Done)
        first = self.registered.setdefault(bundle["invitation"], keys)
        assert first is keys

    @rule(pick=st.integers(0, 5))
    def revoke(self, pick: int) -> None:
        if not self.offers:
            return
        bundle = self.offers[pick % len(self.offers)]
        with cast.in_scope(self.world):
            found = Invitation.objects.get(id=bundle["invitation"])
            if found.state == "open":
                invitations.revoke(invitation_id=found.id, by=self.world.system, now=self.now)

    @invariant()
    def every_used_invitation_has_one_device_and_every_device_one_invitation(self) -> None:
        with cast.in_scope(self.world):
            used = Invitation.objects.filter(state="used")
            assert used.count() == Device.objects.count() == len(self.registered)
            assert {str(item.id) for item in used} == set(self.registered)

    @invariant()
    def at_most_one_invitation_is_open(self) -> None:
        with cast.in_scope(self.world):
            assert Invitation.objects.filter(state="open").count() <= 1

    @invariant()
    def what_has_ended_stays_as_it_ended(self) -> None:
        with cast.in_scope(self.world):
            for item in Invitation.objects.all():
                before = self.ended.get(str(item.id))
                assert before in {None, item.state}
                if item.state in ENDED:
                    self.ended[str(item.id)] = item.state
                    assert item.ended_at is not None
                assert item.wrong_tries <= invitations.MOST_WRONG_TRIES

    @invariant()
    def the_user_is_active_exactly_when_a_device_was_registered(self) -> None:
        with cast.in_scope(self.world):
            user = User.objects.first()
            if user is not None:
                assert (user.status == "active") == bool(self.registered)

    def teardown(self) -> None:
        with cast.in_scope(self.world):
            count = AuditEvent.objects.count()
            assert audit_trail.verify().last_seq == count


@pytest.mark.django_db
def test_holds_its_invariants_in_every_order() -> None:
    run(Life, settings=settings(max_examples=12, stateful_step_count=14, deadline=None))
