"""Class 34 of the known attacks: something else is signed than what people approved.

The cases are those that custody platforms write rules against: approving one's own payment, a
payload swapped behind the approvers' backs, a signature taken before the vote or after a rejection,
a policy that is passed by asking in another spelling, and an approval used for a second signature.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from accounts.errors import SignatureEnded, SignatureWaits
from accounts.models import KeySignature
from identity import ids
from identity.crypto.evm import Signed, Transaction
from identity.errors import DomainError
from identity.models import AuditEvent
from invitations.errors import NotEligible
from invitations.models import Policy, Proposal
from invitations.services import signing
from invitations.services.governance import Pending
from tests import acts, cast
from tests.account_holders import FRIEND, PAYMENT, account

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
STRANGER = "0x" + "66" * 20


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    with cast.in_scope(world):
        Policy.objects.create(
            public_id=ids.new(),
            scope_id=world.scope.id,
            name="payments",
            resource="/managed-keys/**",
            action="add",
            expression=f'details.value_wei > 1000 || !(details.to in ["{FRIEND}"])',
            decision_on_true="REVIEW",
            review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
            created_at=NOW,
            updated_at=NOW,
        )
    return world


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "workspace-owner")


@pytest.fixture
def mallory(world: cast.World, alice: cast.Member) -> cast.Member:
    """Approves others' payments, and wants to make some."""
    member = world.member("mallory", "workspace-owner")
    account(world, member)
    return member


def ask(member: cast.Member, **changes: Any) -> Signed | Pending:
    what = Transaction.read(PAYMENT | changes)
    return signing.sign(what=what, by=acts.as_actor(member), now=NOW)


def pending(member: cast.Member, **changes: Any) -> UUID:
    answer = ask(member, **changes)
    assert isinstance(answer, Pending)
    return answer.proposal_id


def take(member: cast.Member, named: UUID) -> Signed:
    return signing.fetch(named=named, by=acts.as_actor(member), now=NOW)


def test_nobody_approves_their_own_payment(mallory: cast.Member) -> None:
    proposal_id = pending(mallory)
    with pytest.raises(NotEligible):
        acts.approve(mallory, proposal_id)
    with pytest.raises(SignatureWaits):
        take(mallory, proposal_id)


def test_a_payload_that_was_swapped_is_not_signed(
    world: cast.World, alice: cast.Member, mallory: cast.Member
) -> None:
    proposal_id = pending(mallory)
    with cast.in_scope(world):
        stored = Proposal.objects.get(id=proposal_id)
        stored.commands[0]["details"]["what"]["to"] = STRANGER
        Proposal.objects.filter(id=proposal_id).update(commands=stored.commands)
    assert acts.approve(alice, proposal_id).state == Proposal.State.FAILED
    with pytest.raises(SignatureEnded):
        take(mallory, proposal_id)
    with cast.in_scope(world):
        assert not AuditEvent.objects.filter(name="managed-key.signed").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "0x3e9"},
        {"value": "0X3E9"},
        {"value": "1001"},
        {"value": 1001},
        {"value": "0x00000003e9"},
        {"value": "1", "to": STRANGER},
        {"value": "1", "to": STRANGER.upper().replace("0X", "0x")},
        {"value": "0x0", "to": None, "data": "0x00"},
        {"value": "0x0", "to": "", "input": "0x00"},
    ],
    ids=str,
)
def test_another_spelling_passes_no_policy(mallory: cast.Member, changes: dict[str, Any]) -> None:
    pending(mallory, **changes)


@pytest.mark.parametrize("to", [FRIEND, FRIEND.upper().replace("0X", "0x")])
def test_what_the_policy_lets_pass_is_signed_at_once(mallory: cast.Member, to: str) -> None:
    assert isinstance(ask(mallory, value="1000", to=to), Signed)


def test_an_approval_is_for_one_transaction(alice: cast.Member, mallory: cast.Member) -> None:
    proposal_id = pending(mallory)
    acts.approve(alice, proposal_id)
    signed = take(mallory, proposal_id)
    # The very same bytes are no second payment; the next nonce, or another amount, is one.
    assert ask(mallory) == signed
    assert pending(mallory, nonce="0x1") != proposal_id
    assert pending(mallory, value="2000") != proposal_id


def test_nothing_comes_of_a_rejection(
    world: cast.World, alice: cast.Member, mallory: cast.Member
) -> None:
    proposal_id = pending(mallory)
    acts.reject(alice, proposal_id)
    with pytest.raises(SignatureEnded):
        take(mallory, proposal_id)
    with pytest.raises(DomainError):
        acts.approve(alice, proposal_id)
    with cast.in_scope(world):
        row = KeySignature.objects.get()
        assert (row.outcome, row.sealed_result) == ("ended", None)
