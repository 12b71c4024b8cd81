"""Statements of a person's device that come inside a session."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Device
from accounts.services import devices
from identity import ids
from identity.actor import Actor
from identity.crypto import cose_sign1, ecdsa_p256
from identity.crypto import evidence as verifier
from identity.crypto.errors import (
    EnvelopeMalformed,
    EnvelopeReplayed,
    EnvelopeUnauthentic,
    EnvelopeUnsupported,
    EnvelopeUntimely,
)
from identity.scoping import current
from invitations import errors as refusals
from invitations.models import Proposal, Vote
from invitations.services import bundles, signed_votes, statements
from invitations.services.signed_votes import Ballot
from tests import acts, cast, keyholders

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "super-admin", "workspace-owner")


def read(sign1: bytes, by: Actor, *, after: timedelta = timedelta()) -> statements.Statement:
    with current.in_scope(by.scope_id):
        return statements.read(sign1, by=by, now=datetime.now(UTC) + after)


def some(member: cast.Member, **changes: Any) -> bytes:
    return keyholders.statement(member, "approve", "/proposals/x", {"a": 1}, **changes)


def test_reads_what_the_persons_device_signed(alice: cast.Member) -> None:
    sign1 = some(alice)
    found = read(sign1, keyholders.in_session(alice))
    assert (found.action, found.resource, found.details) == ("approve", "/proposals/x", {"a": 1})
    assert found.device_id == found.by.device_id == alice.device.id
    assert found.sign1 == sign1


def test_takes_a_statement_once(alice: cast.Member) -> None:
    sign1 = some(alice)
    read(sign1, keyholders.in_session(alice))
    with pytest.raises(EnvelopeReplayed):
        read(sign1, keyholders.in_session(alice))


def test_refuses_another_users_device(alice: cast.Member, bob: cast.Member) -> None:
    with pytest.raises(EnvelopeUnauthentic):
        read(some(bob), keyholders.in_session(alice))


def test_refuses_another_device_than_the_one_that_came(alice: cast.Member) -> None:
    with pytest.raises(EnvelopeUnauthentic):
        read(some(alice), replace(keyholders.in_session(alice), device_id=ids.new()))


@pytest.mark.parametrize("fault", ["unknown", "foreign", "revoked", "suspended", "key", "audience"])
def test_says_the_same_of_every_wrong_device(
    world: cast.World, alice: cast.Member, fault: str
) -> None:
    other = cast.world().member("charlie", "super-admin")
    by = keyholders.in_session(alice)
    now = datetime.now(UTC)
    with cast.in_scope(world):
        if fault == "revoked":
            devices.revoke_reviewed(device_id=alice.device.id, reason="", by=world.system, now=now)
        if fault == "suspended":
            Device.objects.filter(id=alice.device.id).update(status="suspended")
    made = {
        "unknown": lambda: some(alice, device=ids.new()),
        "foreign": lambda: some(other),
        "key": lambda: some(alice, key=ecdsa_p256.generate()),
        "audience": lambda: keyholders.statement(other, "a", "b", {}, device=alice.device.id),
    }
    sign1 = made.get(fault, lambda: some(alice))()
    with pytest.raises(EnvelopeUnauthentic) as caught:
        read(sign1, by)
    assert str(caught.value) == EnvelopeUnauthentic.title


def test_refuses_the_key_of_another_scope_as_audience(alice: cast.Member) -> None:
    other = cast.world().member("charlie")
    session = replace(alice.session, server=other.session.server)
    with pytest.raises(EnvelopeUnauthentic):
        read(some(replace(alice, session=session)), keyholders.in_session(alice))


@pytest.mark.parametrize("seconds", [-400, 400])
def test_refuses_a_statement_of_another_time(alice: cast.Member, seconds: int) -> None:
    with pytest.raises(EnvelopeUntimely):
        read(some(alice, at=int(time.time()) + seconds), keyholders.in_session(alice))


def signed_as(member: cast.Member, payload: bytes, typ: str = verifier.REQUEST_TYPE) -> bytes:
    now = int(time.time())
    claims: cose_sign1.Claims = {
        3: "ecs:" + member.session.server.encryption.kid.hex(),
        4: now + 60,
        6: now,
        7: ids.new().bytes,
    }
    return cose_sign1.sign(
        payload,
        message_type=typ,
        key_id=member.device.id.bytes,
        claims=claims,
        signing_key=member.session.keys.signature,
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"not JSON",
        b'{"action":"approve","resource":"/x"}',
        b'{"action":1,"resource":"/x","details":{}}',
        b'{"action":"approve","resource":"/x","details":[]}',
        b'{"action":"approve","resource":"/x","details":{},"more":1}',
        b'{"batch":[]}',
    ],
)
def test_refuses_another_form(alice: cast.Member, payload: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        read(signed_as(alice, payload), keyholders.in_session(alice))


def test_refuses_another_type_of_message(alice: cast.Member) -> None:
    with pytest.raises(EnvelopeUnsupported):
        read(signed_as(alice, b"{}", verifier.STAFF_VOTE_TYPE), keyholders.in_session(alice))


@pytest.mark.parametrize("data", [b"", b"\xd2", b"x" * 100])
def test_refuses_what_is_no_message(alice: cast.Member, data: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        read(data, keyholders.in_session(alice))


def waiting(world: cast.World, alice: cast.Member) -> Proposal:
    details: dict[str, Any] = {"user": str(ids.new()), "email": "new@example.test"}
    return acts.proposal(world, acts.submit(alice, "user.invite", **details))


def ballot(member: cast.Member, found: Proposal, **changes: Any) -> bytes:
    said = {
        "action": "approve",
        "resource": f"/proposals/{found.id}",
        "details": {"proposal_hash": found.hash, "reason": "checked"},
        **changes,
    }
    return keyholders.statement(member, said["action"], said["resource"], said["details"])


def cast_vote(found: Proposal, statement: bytes, by: Actor, **more: Any) -> Any:
    with current.in_scope(by.scope_id):
        return signed_votes.cast(
            proposal_id=found.id, statement=statement, by=by, now=datetime.now(UTC), **more
        )


def test_counts_a_vote_and_keeps_the_statement(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    found, statement = waiting(world, alice), b""
    statement = ballot(bob, found)
    expected = Ballot("approve", found.hash, "checked")
    counted = cast_vote(found, statement, keyholders.in_session(bob), expected=expected)
    assert counted.proposal.state == "executed"
    with cast.in_scope(world):
        vote = Vote.objects.get()
        assert (bytes(vote.evidence), vote.is_attested) == (statement, False)
        assert (vote.device_id, vote.reason) == (bob.device.id, "checked")
        exported = bundles.export(found.id, now=datetime.now(UTC))
    with pytest.raises(verifier.EvidenceInvalid) as caught:
        verifier.verify_bundle(exported)
    # The proposer's request of these tests is no message; the vote has no fault.
    assert not any("vote" in failure for failure in caught.value.failures)


def test_counts_a_rejection_with_its_reason(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    found = waiting(world, alice)
    counted = cast_vote(found, ballot(bob, found, action="reject"), keyholders.in_session(bob))
    assert counted.proposal.state == "rejected"
    with pytest.raises(refusals.ReasonNeeded):
        bare = ballot(bob, found, action="reject", details={"proposal_hash": found.hash})
        cast_vote(found, bare, keyholders.in_session(bob))


WRONG: list[Callable[[Proposal], dict[str, Any]]] = [
    lambda _: {"action": "retract"},
    lambda _: {"action": "add"},
    lambda _: {"resource": f"/proposals/{ids.new()}"},
    lambda _: {"details": {}},
    lambda _: {"details": {"proposal_hash": 1}},
    lambda found: {"details": {"proposal_hash": found.hash, "more": "x"}},
    lambda found: {"details": {"proposal_hash": found.hash, "reason": "x" * 513}},
    lambda found: {"details": {"proposal_hash": found.hash, "reason": None}},
]


@pytest.mark.parametrize("change", WRONG)
def test_refuses_a_statement_that_is_no_vote_on_it(
    world: cast.World,
    alice: cast.Member,
    bob: cast.Member,
    change: Callable[[Proposal], dict[str, Any]],
) -> None:
    found = waiting(world, alice)
    with pytest.raises(refusals.StatementDiffers):
        cast_vote(found, ballot(bob, found, **change(found)), keyholders.in_session(bob))
    with cast.in_scope(world):
        assert not Vote.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"decision": "reject"}, {"proposal_hash": "0" * 64}, {"reason": "other"}]
)
def test_refuses_other_words_beside_the_statement(
    world: cast.World, alice: cast.Member, bob: cast.Member, changes: dict[str, str]
) -> None:
    found = waiting(world, alice)
    said = {"decision": "approve", "proposal_hash": found.hash, "reason": "checked"}
    with pytest.raises(refusals.StatementDiffers):
        cast_vote(
            found,
            ballot(bob, found),
            keyholders.in_session(bob),
            expected=Ballot(**{**said, **changes}),
        )


def test_refuses_the_hash_of_another_content(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    found = waiting(world, alice)
    forged = ballot(bob, found, details={"proposal_hash": "0" * 64})
    with pytest.raises(refusals.ProposalHashDiffers):
        cast_vote(found, forged, keyholders.in_session(bob))


def test_refuses_the_proposers_own_vote(world: cast.World, alice: cast.Member) -> None:
    world.member("bob", "super-admin", "workspace-owner")
    found = waiting(world, alice)
    with pytest.raises(refusals.NotEligible):
        cast_vote(found, ballot(alice, found), keyholders.in_session(alice))


def test_a_statement_is_plain_json(alice: cast.Member) -> None:
    assert json.loads(signed_payload(some(alice)))["resource"] == "/proposals/x"


def signed_payload(sign1: bytes) -> bytes:
    return cose_sign1.read(sign1, expected_type=verifier.REQUEST_TYPE, key_id_size=16).payload
