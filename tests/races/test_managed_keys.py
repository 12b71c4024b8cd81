"""A user has one account, and what others approved is signed once, however many act at once."""

from datetime import UTC, datetime

import pytest

from accounts.models import KeySignature, ManagedKey
from accounts.services import managed_keys
from identity import ids
from identity.crypto.evm import PersonalMessage
from identity.errors import DomainError
from identity.models import AuditEvent
from identity.sdk.keys import DeviceKeys
from invitations.models import Effect, Policy
from invitations.services import signing
from invitations.services.governance import Pending
from tests import acts, cast
from tests.account_holders import account, actor_of
from tests.races import key_pool, together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def test_fifty_calls_make_one_account() -> None:
    world = cast.world()
    bob = world.member("bob")

    def make(_: int) -> str:
        with cast.in_scope(world):
            return managed_keys.create(user=bob.user, now=datetime.now(UTC)).address

    ends = together.run(make, count=THREADS)
    with cast.in_scope(world):
        row = ManagedKey.objects.get()
        made = AuditEvent.objects.filter(name="managed-key.created").count()
    assert ends == [row.address] * THREADS
    assert made == 1


def test_of_many_deciding_votes_one_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    voters = 20
    monkeypatch.setattr(DeviceKeys, "generate", key_pool.dealer(voters + 1))
    world = cast.world()
    owners = [world.member(f"owner{number}", "workspace-owner") for number in range(voters)]
    bob = world.member("bob")
    account(world, bob)
    now = datetime.now(UTC)
    with cast.in_scope(world):
        Policy.objects.create(
            public_id=ids.new(),
            scope_id=world.scope.id,
            name="all",
            resource="/managed-keys/*/signatures",
            action="add",
            decision_on_true="REVIEW",
            review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
            created_at=now,
            updated_at=now,
        )
    asked = signing.sign(what=PersonalMessage(b"once"), by=actor_of(world, bob), now=now)
    assert isinstance(asked, Pending)

    def vote(number: int) -> str:
        try:
            return str(acts.approve(owners[number], asked.proposal_id).state)
        except DomainError as refusal:
            return refusal.code

    ends = together.run(vote, count=voters)
    assert sorted(ends) == ["executed"] + ["proposal.ended"] * (voters - 1)
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="managed-key.signed").count() == 1
        assert Effect.objects.count() == KeySignature.objects.filter(outcome="signed").count() == 1
