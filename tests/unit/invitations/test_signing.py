"""Signing with the own account: at once, or as policies say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.errors import SignatureEnded, SignatureWaits, UserInactive
from accounts.models import KeySignature, User
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import evm
from identity.crypto.evm import PersonalMessage, Signed, Transaction, TypedData
from identity.errors import Forbidden, Invalid, Missing
from identity.models import AuditEvent
from identity.paging import After
from identity.services import audit_trail, sealing
from invitations import queries
from invitations.errors import PolicyDenied, QuorumUnreachable
from invitations.models import Effect, Policy, Proposal
from invitations.services import dry_run, proposals, signing
from invitations.services.governance import Pending
from tests import acts, cast
from tests.account_holders import FRIEND, TYPED_DATA, account, actor_of, signer_of

pytestmark = pytest.mark.django_db

ONE_OWNER = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'
NOW = datetime.now(UTC)
STRANGER = "0x" + "36" * 20
ETHER = 10**18
HELLO = PersonalMessage(b"hello")
PERMIT = TYPED_DATA


def pay(value: Any = ETHER, to: str | None = FRIEND, **more: Any) -> Transaction:
    fields = {"to": to, "value": value, "chainId": 1, "nonce": 0, "gas": 21000, "gasPrice": 10**9}
    return Transaction.read(fields | more)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    member = world.member("bob", "member")
    account(world, member)
    return member


def rule(world: cast.World, expression: str, decision: str = "REVIEW") -> None:
    with cast.in_scope(world):
        Policy.objects.create(
            public_id=ids.new(),
            scope_id=world.scope.id,
            name="payments",
            resource="/managed-keys/**",
            action="add",
            expression=expression,
            decision_on_true=decision,
            review_expression=ONE_OWNER if decision == "REVIEW" else "",
            created_at=NOW,
            updated_at=NOW,
        )


def sign(by: Actor, what: evm.Signable, **more: Any) -> Signed | Pending:
    return signing.sign(what=what, by=by, now=more.pop("now", NOW), **more)


def asked(world: cast.World, member: cast.Member, what: evm.Signable) -> dict[str, Any]:
    key = str(account(world, member).id)
    return {"signature": str(ids.new()), "key": key, "kind": what.kind, "what": what.wire()}


def word_for(world: cast.World, member: cast.Member) -> Actor:
    """A developer's word for a user."""
    by = actor_of(world, member)
    return replace(by, kind=ActorKind.DEVELOPER, developer_key_id=ids.new())


def pending(by: Actor, what: evm.Signable, **more: Any) -> UUID:
    answer = sign(by, what, **more)
    assert isinstance(answer, Pending)
    return answer.proposal_id


@pytest.mark.parametrize(
    "what", [HELLO, pay(), TypedData.read(PERMIT)], ids=["message", "transaction", "typed data"]
)
def test_signs_at_once_where_no_policy_is_about_it(
    world: cast.World, bob: cast.Member, what: evm.Signable
) -> None:
    signed = sign(actor_of(world, bob), what)
    assert isinstance(signed, Signed)
    assert signed.digest == what.digest
    assert signer_of(signed) == bytes(account(world, bob).public_key)
    assert (signed.raw_transaction is not None) == isinstance(what, Transaction)
    with cast.in_scope(world):
        row = KeySignature.objects.get()
        assert (row.kind, row.digest, row.outcome) == (what.kind, what.digest.hex(), "signed")
        assert AuditEvent.objects.get(name="managed-key.signed").facts["digest"] == row.digest
        assert not Proposal.objects.exists()


def test_a_policy_that_is_false_lets_it_pass(world: cast.World, bob: cast.Member) -> None:
    rule(world, f"details.value_wei > {ETHER}")
    signed = sign(word_for(world, bob), pay())
    assert isinstance(signed, Signed)
    assert signed == evm.Signed(signed.digest, signed.signature, signed.raw_transaction)
    assert signer_of(signed) == bytes(account(world, bob).public_key)
    with cast.in_scope(world):
        assert KeySignature.objects.get().vouched_by is not None


MATTERS = {
    "a value above": (f"details.value_wei > {ETHER}", pay(ETHER + 1), pay(ETHER)),
    "another receiver": (f'!(details.to in ["{FRIEND}"])', pay(to=STRANGER), pay()),
    "a new contract": (f'!(details.to in ["{FRIEND}"])', pay(to=None, data="0x00"), pay()),
    "a chain": ("details.chain_id != 1", pay(chainId=5), pay()),
    "a call": ('details.selector == "0xa9059cbb"', pay(data="0xA9059CBB00"), pay()),
    "the most fee": (f"details.fee_wei >= {ETHER}", pay(gasPrice=ETHER), pay()),
    "a kind": ('details.kind == "personal_message"', HELLO, pay()),
    "a text": (
        'details.kind == "personal_message" && "hello" in details.message_text',
        HELLO,
        PersonalMessage(b"bye"),
    ),
    "a text that nobody can read": (
        '"secret" in details.message_text',
        PersonalMessage(b"a secret\xff"),
        PersonalMessage(b"bye"),
    ),
    "a text that is too long to be shown": (
        '"secret" in details.message_text',
        PersonalMessage(b"a secret" + b" " * 5000),
        PersonalMessage(b"bye"),
    ),
    "a domain": (
        f'details.kind == "typed_data" && details.domain_contract == "{FRIEND}"',
        TypedData.read(PERMIT),
        HELLO,
    ),
    # What is asked of every kind fails where it has no such fact, on the closed side.
    "a fact that is absent": (f"details.value_wei > {ETHER}", HELLO, pay(ETHER)),
}


@pytest.mark.parametrize(("expression", "caught", "passed"), MATTERS.values(), ids=MATTERS)
def test_a_policy_asks_about(
    world: cast.World,
    alice: cast.Member,
    bob: cast.Member,
    expression: str,
    caught: evm.Signable,
    passed: evm.Signable,
) -> None:
    rule(world, expression)
    by = actor_of(world, bob)
    assert isinstance(sign(by, passed), Signed)
    pending(by, caught)
    assert alice.user.is_active


def test_a_policy_can_deny(world: cast.World, bob: cast.Member) -> None:
    rule(world, f"details.value_wei > {ETHER}", "DENY")
    by = actor_of(world, bob)
    with pytest.raises(PolicyDenied):
        sign(by, pay(ETHER + 1))
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


def test_what_nobody_could_approve_is_refused(world: cast.World, bob: cast.Member) -> None:
    rule(world, "")
    with pytest.raises(QuorumUnreachable):
        sign(actor_of(world, bob), HELLO)


def test_is_fetched_once_it_is_approved(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, pay())
    with cast.in_scope(world):
        row = KeySignature.objects.get()
        assert (row.outcome, row.proposal_id, row.digest) == (
            "pending",
            proposal_id,
            pay().digest.hex(),
        )
        assert not AuditEvent.objects.filter(name="managed-key.signed").exists()
    for named in (proposal_id, row.id):
        with pytest.raises(SignatureWaits):
            signing.fetch(named=named, by=by, now=NOW)
    assert acts.approve(alice, proposal_id).state == Proposal.State.EXECUTED
    for named in (proposal_id, row.id):
        fetched = signing.fetch(named=named, by=by, now=NOW)
        assert fetched.digest == pay().digest
        assert signer_of(fetched) == bytes(account(world, bob).public_key)
        assert fetched.raw_transaction == pay().raw(fetched.signature)
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="managed-key.signed").count() == 1
        assert Effect.objects.count() == 1
        audit_trail.verify()


def test_only_the_owner_fetches_it(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    rule(world, "")
    proposal_id = pending(actor_of(world, bob), HELLO)
    acts.approve(alice, proposal_id)
    account(world, alice)
    with pytest.raises(Missing):
        signing.fetch(named=proposal_id, by=actor_of(world, alice), now=NOW)
    other = cast.world()
    charlie = other.member("charlie")
    account(other, charlie)
    with pytest.raises(Missing):
        signing.fetch(named=proposal_id, by=actor_of(other, charlie), now=NOW)


def test_an_outcome_of_the_proposal_tells_no_signature(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, HELLO)
    acts.approve(alice, proposal_id)
    fetched = signing.fetch(named=proposal_id, by=by, now=NOW)
    with cast.in_scope(world):
        stored = Proposal.objects.get(id=proposal_id)
        assert stored.sealed_outcome is not None
        outcome = sealing.unseal(
            bytes(stored.sealed_outcome), purpose="proposal.outcome", subject=str(stored.id)
        )
    assert fetched.signature.hex() not in outcome.decode()


def test_a_rejected_one_is_never_signed(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, HELLO)
    acts.reject(alice, proposal_id)
    with pytest.raises(SignatureEnded):
        signing.fetch(named=proposal_id, by=by, now=NOW)
    with cast.in_scope(world):
        assert KeySignature.objects.get().outcome == "ended"


def test_an_expired_one_is_never_signed(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, HELLO)
    later = NOW + timedelta(days=365)
    with pytest.raises(SignatureEnded):
        signing.fetch(named=proposal_id, by=by, now=later)
    with cast.in_scope(world):
        assert proposals.expire_due(by=world.system, now=later) == 1
    with pytest.raises(SignatureEnded):
        signing.fetch(named=proposal_id, by=by, now=later)
    assert alice.user.is_active


def test_a_user_who_was_disabled_meanwhile_gets_nothing(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    by = actor_of(world, bob)
    proposal_id = pending(by, HELLO)
    with cast.in_scope(world):
        User.objects.filter(id=bob.user.id).update(status="disabled")
    assert acts.approve(alice, proposal_id).state == Proposal.State.STALE
    with pytest.raises(UserInactive):
        signing.fetch(named=proposal_id, by=by, now=NOW)
    with cast.in_scope(world):
        assert KeySignature.objects.get().outcome == "ended"


def test_refuses_a_transaction_from_another_address(world: cast.World, bob: cast.Member) -> None:
    by = actor_of(world, bob)
    own = account(world, bob).address
    for written in (own, own.lower(), None):
        assert isinstance(sign(by, pay(**{"from": written})), Signed)
    with pytest.raises(Invalid):
        sign(by, pay(**{"from": STRANGER}))


def test_a_device_signs_for_its_user(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    signed = sign(acts.as_actor(bob), HELLO)
    assert isinstance(signed, Signed)
    with cast.in_scope(world):
        assert KeySignature.objects.get().device_id == bob.device.id
    rule(world, "")
    proposal_id = pending(acts.as_actor(bob), HELLO)
    acts.approve(alice, proposal_id)
    assert signing.fetch(named=proposal_id, by=actor_of(world, bob), now=NOW) == signed


def test_the_command_is_for_the_own_account_alone(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    account(world, alice)
    details = asked(world, bob, HELLO)
    with pytest.raises(Forbidden):
        acts.submit(alice, "key.sign", **details)
    rule(world, "")
    with pytest.raises(Forbidden):
        acts.submit(alice, "key.sign", **details)


@pytest.mark.parametrize(
    "change",
    [{"kind": "eth_sign"}, {"what": {}}, {"what": {"message": "hello"}}, {"key": str(UUID(int=0))}],
    ids=str,
)
def test_the_command_refuses_what_can_not_be_signed(
    world: cast.World, bob: cast.Member, change: dict[str, Any]
) -> None:
    details = asked(world, bob, HELLO)
    with pytest.raises((Invalid, Forbidden)):
        acts.submit(bob, "key.sign", **(details | change))


def test_a_proposal_that_was_made_past_the_service_fails(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    answer = acts.submit(bob, "key.sign", **asked(world, bob, HELLO))
    assert isinstance(answer, Pending)
    assert acts.approve(alice, answer.proposal_id).state == Proposal.State.FAILED
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


SHOWN: dict[str, tuple[evm.Signable, str, dict[str, str]]] = {
    "a payment": (
        pay(15 * 10**17, data="0xA9059CBB00"),
        "Sign a transaction of 1.5 ether to 0x3535353535353535353535353535353535353535 on chain 1",
        {
            "to": "0x3535353535353535353535353535353535353535",
            "value": "1.5 ether (1500000000000000000 wei)",
            "fee": "at most 0.000021 ether",
            "chain": "1",
            "data": "0xa9059cbb00 (5 bytes)",
        },
    ),
    "a contract": (
        pay(0, to=None, data="0x00"),
        "Sign a transaction of 0 ether to a new contract on chain 1",
        {"to": "nobody: it makes a new contract", "value": "0 ether (0 wei)"},
    ),
    "a token": (
        pay(0, data="0xa9059cbb" + "00" * 12 + "36" * 20 + "00" * 31 + "07"),
        "Sign a transaction of 0 ether",
        {"which a token reads as": "transfer(0x3636363636363636363636363636363636363636, 7)"},
    ),
    "signs that turn others around": (
        TypedData.read(PERMIT | {"domain": {"name": "Coin\u202e5"}}),
        "Sign “Permit” for “Coin\\u202e5”",
        {"domain: name": "Coin\\u202e5"},
    ),
    "a list": (
        pay(type=1, accessList=[{"address": FRIEND, "storageKeys": []}]),
        "Sign a transaction of 1 ether",
        {"access list": "0x3535353535353535353535353535353535353535"},
    ),
    "a message": (HELLO, "Sign the message “hello”", {"message": "hello"}),
    "bytes": (
        PersonalMessage(b"\xff"),
        "Sign a message of 1 bytes that is no text",
        {"message": "0xff (1 bytes), which can't be shown as text"},
    ),
    "nothing": (PersonalMessage(b""), "Sign the message “”", {"message": "(empty)"}),
    "typed data": (
        TypedData.read(PERMIT),
        "Sign “Permit” for “Coin”",
        {"domain: name": "Coin", "type": "Permit", "spender": STRANGER, "ok": "yes"},
    ),
}


@pytest.mark.parametrize(("what", "words", "expected"), SHOWN.values(), ids=SHOWN)
def test_shows_a_person_what_is_approved(
    world: cast.World,
    alice: cast.Member,
    bob: cast.Member,
    what: evm.Signable,
    words: str,
    expected: dict[str, str],
) -> None:
    rule(world, "")
    proposal_id = pending(actor_of(world, bob), what)
    with cast.in_scope(world):
        [change] = queries.changes_of(proposal_id)
        listed = queries.proposals_window(After(), by=acts.as_actor(alice), now=NOW)
    assert [row.id for row in listed.rows] == [proposal_id]
    assert change.words.startswith(words)
    whose = f"{account(world, bob).address} of {bob.user.username}"
    assert change.words.endswith(f" for {bob.user.username}")
    shown = {row.field: row.after for row in change.rows}
    assert shown.items() >= expected.items()
    assert (shown["account"], shown["digest"]) == (whose, f"0x{what.digest.hex()}")


def test_shows_all_of_a_list_and_cuts_what_is_long(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    rule(world, "")
    many = {
        "types": {
            "Many": [{"name": "items", "type": "uint8[]"}, {"name": "none", "type": "bool[]"}]
        },
        "primaryType": "Many",
        "domain": {},
        "message": {"items": [1] * 300, "none": []},
    }
    with cast.in_scope(world):
        [long] = queries.changes_of(pending(actor_of(world, bob), PersonalMessage(b"x" * 5000)))
        [rows] = queries.changes_of(pending(actor_of(world, bob), TypedData.read(many)))
    assert long.rows[1].after == "x" * 4096 + "…"
    assert rows.words.startswith("Sign “Many” for")
    shown = {row.field: row.after for row in rows.rows}
    assert (shown["items[0]"], shown["items[299]"], shown["none"]) == ("1", "1", "(empty)")
    assert alice.user.is_active


@pytest.mark.parametrize(
    "data", ["0xa9059cbb", "0xa9059cbb" + "ff" * 64, "0xa9059cbb" + "00" * 65, "0x00000000", "0x"]
)
def test_reads_no_call_into_what_is_none(
    world: cast.World, alice: cast.Member, bob: cast.Member, data: str
) -> None:
    rule(world, "")
    with cast.in_scope(world):
        [change] = queries.changes_of(pending(actor_of(world, bob), pay(data=data)))
    assert "which a token reads as" not in {row.field for row in change.rows}
    assert alice.user.is_active


def test_a_dry_run_tells_amounts_that_every_reader_can_hold(
    world: cast.World, bob: cast.Member
) -> None:
    rule(world, f"details.value_wei > {2**60}", "DENY")
    what = pay(2**70)
    details = asked(world, bob, what)
    with cast.in_scope(world):
        verdict = dry_run.decide(action="key.sign", details=details, by=acts.as_actor(bob), now=NOW)
    assert verdict.outcome == dry_run.Outcome.DENIED
    assert verdict.facts["details"]["value_wei"] == str(2**70)
    assert verdict.facts["details"]["chain_id"] == 1
