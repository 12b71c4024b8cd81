"""A further device of one's own, registered in a session."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.errors import KeyTaken, ProofInvalid, TooManyDevices
from accounts.models import Device, KnownKey
from accounts.services import devices
from identity import errors, ids
from identity.actor import Actor, ActorKind
from identity.crypto import evidence
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from invitations.commands.command import registry
from invitations.errors import ChallengeFailed, NotEligible
from invitations.models import Proposal
from invitations.services import bundles, governance, own_devices, signed_votes
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending
from tests import acts, cast, keyholders

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def keys() -> DeviceKeys:
    return DeviceKeys.generate()


def without_device(member: cast.Member) -> Actor:
    """The member in a session, as one who never had a device."""
    by = keyholders.in_session(member)
    with current.in_scope(by.scope_id):
        Device.objects.filter(id=member.device.id).delete()
    return by


def challenge(by: Actor, keys: DeviceKeys, *, at: datetime | None = None) -> bytes:
    with current.in_scope(by.scope_id):
        return own_devices.challenge(
            signature_key=keys.signature_pubkey,
            encryption_key=keys.encryption_pubkey,
            by=by,
            now=at or acts.now(),
        )


def registration(
    world: cast.World, by: Actor, keys: DeviceKeys, **changes: Any
) -> own_devices.Registration:
    text = keyholders.key_statement(
        world,
        keys,
        challenge(by, keys),
        kind=own_devices.STATEMENT_TYPE,
        **{"subject": str(by.public_id), **changes},
    )
    return own_devices.Registration(text, keyholders.signed(keys, text))


def register(made: own_devices.Registration, by: Actor) -> Done | Pending:
    with current.in_scope(by.scope_id):
        return own_devices.register(made, by=by, now=datetime.now(UTC))


def test_the_device_after_a_revoked_one_is_no_first_one(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    world.member("bob", "super-admin", "workspace-owner")
    by = keyholders.in_session(alice)
    with current.in_scope(by.scope_id):
        devices.revoke(device_id=alice.device.id, reason="", by=by, now=acts.now())
    assert isinstance(register(registration(world, by, keys), by), Pending)


def test_registers_the_first_device_at_once_and_tells_the_owner(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    world.member("bob", "super-admin", "workspace-owner")
    by = without_device(alice)
    answer = register(registration(world, by, keys), by)
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        device = Device.objects.get(id=answer.result["device"]["id"])
        kept = KnownKey.objects.get(device_id=device.id, purpose="signature")
    assert (device.status, device.user_id, device.name) == ("active", by.user_id, "this browser")
    assert (kept.registration_kind, kept.signer_key) == ("session", "")
    said = evidence.verify_attested(
        bytes(kept.registration or b""),
        evidence.STAFF_REQUEST_TYPE,
        server_keys=[world.server.signatures[0].hex],
    )
    assert json.loads(said)["user"] == str(by.public_id)
    assert any("this browser" in str(sent.body) for sent in mail.outbox)


def test_waits_for_a_second_person_where_there_is_a_device_already(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    bob = world.member("bob", "super-admin", "workspace-owner")
    by = keyholders.in_session(alice)
    answer = register(registration(world, by, keys), by)
    assert isinstance(answer, Pending)
    assert acts.approve(bob, answer.proposal_id).state == "executed"
    with cast.in_scope(world):
        assert Device.objects.filter(user=alice.user, status="active").count() == 2


def test_asks_nobody_where_nobody_could_agree(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    by = keyholders.in_session(alice)
    assert isinstance(register(registration(world, by, keys), by), Done)


def test_a_policy_may_ask_for_review_of_the_first_device_too(keys: DeviceKeys) -> None:
    world = cast.world(governance=False)
    alice = world.member("alice", "super-admin", "workspace-owner")
    acts.submit(
        alice,
        "policy.create",
        policy=str(ids.new()),
        name="devices",
        resource="/users/*/devices",
        action="add",
        decision_on_true="REVIEW",
        review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
    )
    by = without_device(world.member("bob", "super-admin"))
    assert isinstance(register(registration(world, by, keys), by), Pending)


def test_takes_keys_once(world: cast.World, alice: cast.Member, keys: DeviceKeys) -> None:
    by = keyholders.in_session(alice)
    made = registration(world, by, keys)
    register(made, by)
    with pytest.raises(KeyTaken):
        register(made, by)


def test_refuses_without_proof_of_both_keys(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    by = keyholders.in_session(alice)
    made, other = registration(world, by, keys), DeviceKeys.generate()
    for signature in (b"", bytes(64), keyholders.signed(other, made.statement)):
        with pytest.raises(ProofInvalid):
            register(replace(made, signature=signature), by)
    elsewhere = keyholders.opened(other, challenge(by, other))
    for answer in ("", "AAAA", elsewhere):
        with pytest.raises(ChallengeFailed):
            register(registration(world, by, keys, challenge=answer), by)


def test_refuses_a_statement_about_another_account(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    by, bob = keyholders.in_session(alice), world.member("bob")
    theirs = registration(world, keyholders.in_session(bob), keys)
    with pytest.raises(ProofInvalid):
        register(theirs, by)


def submit(by: Actor, **details: Any) -> Done | Pending:
    with current.in_scope(by.scope_id):
        return governance.submit(
            action="device.register",
            details=details,
            by=by,
            now=acts.now(),
            evidence=Evidence(b"x", is_attested=True),
        )


def details(keys: DeviceKeys, user: str, registration: bytes) -> Mapping[str, Any]:
    return {
        "user": user,
        "name": "this browser",
        "signature_key": keys.signature_pubkey,
        "encryption_key": keys.encryption_pubkey,
        "registration": base64.b64encode(registration).decode(),
    }


def test_the_door_itself_refuses_keys_without_proof(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    by = keyholders.in_session(alice)
    forged = evidence.attest(b"{}", evidence.STAFF_REQUEST_TYPE, lambda _: bytes(64), bytes(32))
    for sign1 in (b"", b"x", forged):
        with pytest.raises(ProofInvalid):
            submit(by, **details(keys, alice.uid, sign1))
    answer = register(registration(world, by, keys), by)
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        kept = KnownKey.objects.get(device_id=answer.result["device"]["id"], purpose="signature")
    other = DeviceKeys.generate()
    with pytest.raises(ProofInvalid):
        submit(by, **details(other, alice.uid, bytes(kept.registration or b"")))


def test_nobody_registers_a_device_of_somebody_else(
    world: cast.World, alice: cast.Member, keys: DeviceKeys
) -> None:
    bob = world.member("bob", "super-admin")
    by = keyholders.in_session(bob)
    answer = register(registration(world, by, keys), by)
    with cast.in_scope(world):
        assert isinstance(answer, Pending)
        waiting = Proposal.objects.get()
        stolen = waiting.commands[0]["details"]
    command = registry.get("device.register")
    with cast.in_scope(world), pytest.raises(errors.Forbidden):
        command.execute(command.read(stolen), by=keyholders.in_session(alice), now=acts.now())


def test_a_device_needs_the_right_to_invite_devices(world: cast.World, keys: DeviceKeys) -> None:
    bob = world.member("bob", "member")
    by = acts.as_actor(bob)
    assert by.kind is ActorKind.DEVICE
    with pytest.raises(errors.Forbidden):
        register(registration(world, by, keys), by)


def test_refuses_operators_and_programs(alice: cast.Member, keys: DeviceKeys) -> None:
    by = keyholders.in_session(alice)
    for other in (replace(by, is_operator=True), replace(by, is_program=True)):
        with pytest.raises(errors.Forbidden):
            challenge(other, keys)


def test_keeps_to_the_number_of_devices(keys: DeviceKeys) -> None:
    world = cast.world(max_devices=1)
    by = keyholders.in_session(world.member("alice", "super-admin"))
    with pytest.raises(TooManyDevices):
        register(registration(world, by, keys), by)


def voted(world: cast.World, member: cast.Member, found: Proposal, keys: DeviceKeys) -> Any:
    by = keyholders.in_session(member)
    with cast.in_scope(world):
        device = Device.objects.filter(user=member.user, status="active").get()
    statement = keyholders.statement(
        member,
        "approve",
        f"/proposals/{found.id}",
        {"proposal_hash": found.hash},
        device=device.id,
        key=keys.signature,
    )
    with cast.in_scope(world):
        return signed_votes.cast(
            proposal_id=found.id, statement=statement, by=by, now=datetime.now(UTC)
        )


@pytest.mark.parametrize("is_asked", [True, False])
def test_gains_no_vote_for_an_open_proposal_where_the_age_of_devices_counts(
    keys: DeviceKeys, is_asked: bool
) -> None:
    world = cast.world(device_age_rule=is_asked)
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "super-admin", "workspace-owner")
    user: dict[str, Any] = {"user": str(ids.new()), "email": "new@example.test"}
    found = acts.proposal(world, acts.submit(alice, "user.invite", **user))
    by = without_device(bob)
    assert isinstance(register(registration(world, by, keys), by), Done)
    if is_asked:
        with pytest.raises(NotEligible):
            voted(world, bob, found, keys)
    else:
        assert voted(world, bob, found, keys).proposal.state == "executed"


def test_its_votes_verify_offline(world: cast.World, keys: DeviceKeys) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "super-admin", "workspace-owner")
    by = without_device(bob)
    register(registration(world, by, keys), by)
    asked = {"uid": str(ids.new()), "email": "new@example.test", "user_category": "regular"}
    pending = alice.client.request("add", "/users/invite", asked)
    with cast.in_scope(world):
        found = Proposal.objects.get()
    assert voted(world, bob, found, keys).proposal.state == "executed"
    with cast.in_scope(world):
        exported = bundles.export(found.id, now=datetime.now(UTC) + timedelta(seconds=1))
    report = evidence.verify_bundle(exported, expected_server_key=world.server.signatures[0].hex)
    assert str(pending)
    assert [(vote.user, vote.signed_by) for vote in report.votes] == [(bob.uid, "device")]
    assert any("signed by its own new key" in note for note in report.notes)
