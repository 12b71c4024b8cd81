"""Who asks again for the very same signature gets what became of the first question."""

from datetime import timedelta

import pytest

from accounts.models import KeySignature
from identity.crypto.evm import PersonalMessage, Signed
from identity.models import AuditEvent
from invitations.errors import PolicyDenied
from invitations.models import Policy, Proposal
from tests import acts, cast
from tests.account_holders import account, actor_of
from tests.unit.invitations.test_signing import (
    HELLO,
    NOW,
    alice,
    bob,
    pay,
    pending,
    rule,
    sign,
    word_for,
    world,
)

pytestmark = pytest.mark.django_db
__all__ = ["alice", "bob", "world"]


def test_asking_again_makes_no_second_proposal(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    first = pending(by, pay())
    assert pending(by, pay()) == first
    assert pending(by, HELLO) != first
    with cast.in_scope(world):
        assert Proposal.objects.count() == 2
    assert alice.user.is_active


def test_asking_again_after_the_approval_gives_the_signature(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, pay())
    acts.approve(alice, proposal_id)
    first, second = sign(by, pay()), sign(by, pay())
    assert isinstance(first, Signed)
    assert first == second
    assert first.raw_transaction == pay().raw(first.signature)
    with cast.in_scope(world):
        assert Proposal.objects.count() == 1
        events = AuditEvent.objects.filter(name="managed-key.signature-read")
        assert events.count() == 2


def test_another_transaction_is_another_question(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    acts.approve(alice, pending(by, pay()))
    for other in (pay(nonce=1), pay(value=1), pay(chainId=5), PersonalMessage(pay().digest)):
        pending(by, other)


def test_another_users_approval_is_nothing_to_me(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    acts.approve(alice, pending(actor_of(world, bob), HELLO))
    carol = world.member("carol", "member")
    account(world, carol)
    pending(actor_of(world, carol), HELLO)


def test_a_rejected_question_can_be_asked_anew(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    first = pending(by, HELLO)
    acts.reject(alice, first)
    assert pending(by, HELLO) != first


def test_a_question_that_nobody_answered_can_be_asked_anew(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    first = pending(by, HELLO)
    assert pending(by, HELLO, now=NOW + timedelta(days=60)) != first
    assert alice.user.is_active


def test_a_policy_that_denies_now_denies_what_waits_too(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    pending(by, HELLO)
    rule(world, "", "DENY")
    with cast.in_scope(world):
        Policy.objects.filter(decision_on_true="DENY").update(priority=0)
    with pytest.raises(PolicyDenied):
        sign(by, HELLO)
    assert alice.user.is_active


def test_a_developers_word_is_noted_with_what_it_signed(
    world: cast.World, bob: cast.Member
) -> None:
    by = word_for(world, bob)
    assert isinstance(sign(by, HELLO), Signed)
    with cast.in_scope(world):
        row = KeySignature.objects.get()
        assert (row.actor_kind, row.vouched_by) == ("developer", by.developer_key_id)
        event = AuditEvent.objects.get(name="managed-key.signed")
        assert event.actor["developer_key"] == str(by.developer_key_id)


def test_what_a_developers_word_asked_for_is_signed_once_it_is_approved(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = word_for(world, bob)
    acts.approve(alice, pending(by, HELLO))
    assert isinstance(sign(by, HELLO), Signed)
    with cast.in_scope(world):
        assert KeySignature.objects.get().vouched_by == by.developer_key_id
