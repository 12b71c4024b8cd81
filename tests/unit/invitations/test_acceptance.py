"""Accepting an invitation with JSON alone."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.errors import KeyInvalid, KeyTaken, PasswordRefused, ProofInvalid
from accounts.models import Device, KnownKey, User
from identity import errors, ids
from identity.crypto import ecdsa_p256, evidence
from identity.crypto.errors import EnvelopeUntimely
from identity.sdk.keys import DeviceKeys
from identity.services import server_keys
from invitations.errors import ChallengeFailed, InvitationInvalid, StatementDiffers
from invitations.models import Invitation
from invitations.services import acceptance, invitations
from invitations.services.governance import Done, Pending
from tests import acts, cast, holders, keyholders
from tests.unit.invitations.test_authorization import alarms, devices, with_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def bundle(world: cast.World) -> Mapping[str, Any]:
    return acts.invitation(world, "bob@example.test")


@pytest.fixture
def keys() -> DeviceKeys:
    return DeviceKeys.generate()


def test_registers_a_device(world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys) -> None:
    answer = holders.accept(world, holders.acceptance(world, bundle, keys))
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        device = Device.objects.get()
        assert (device.name, str(device.id)) == ("this browser", answer.result["device"]["id"])
        assert User.objects.get().status == "active"
        assert Invitation.objects.get().state == "used"


def test_gives_the_same_answer_to_the_same_keys(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    made = holders.acceptance(world, bundle, keys)
    first = holders.accept(world, made)
    assert holders.accept(world, made) == first
    assert holders.accept(world, holders.acceptance(world, bundle, keys)) == first
    assert (devices(world), alarms(world)) == (1, 0)


def test_raises_the_alarm_for_other_keys(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    holders.accept(world, holders.acceptance(world, bundle, keys))
    with pytest.raises(InvitationInvalid):
        holders.accept(world, holders.acceptance(world, bundle, DeviceKeys.generate()))
    assert (devices(world), alarms(world)) == (1, 1)


@pytest.mark.parametrize("fault", ["wrong", "foreign", "expired", "revoked", "locked", "disabled"])
def test_says_the_same_of_every_invitation_that_cant_be_used(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys, fault: str
) -> None:
    used = bundle
    now = datetime.now(UTC)
    with cast.in_scope(world):
        mine = Invitation.objects.filter(id=bundle["invitation"])
        if fault == "expired":
            mine.update(expires_at=now - timedelta(seconds=1))
        elif fault == "revoked":
            invitations.revoke(invitation_id=mine.get().id, by=world.system, now=now)
        elif fault == "locked":
            mine.update(state="locked", ended_at=now)
        elif fault == "disabled":
            User.objects.update(status="disabled")
    if fault == "wrong":
        used = {**bundle, "invite_string": "inv_" + "A" * 43}
    elif fault == "foreign":
        used = acts.invitation(cast.world(), "bob@example.test")
    with pytest.raises(InvitationInvalid) as caught:
        holders.accept(world, holders.acceptance(world, used, keys))
    assert str(caught.value) == InvitationInvalid.title
    with cast.in_scope(world), pytest.raises(InvitationInvalid) as seen:
        acceptance.look_up(invite_string=used["invite_string"], now=now)
    assert str(seen.value) == InvitationInvalid.title
    assert devices(world) == 0


def test_refuses_a_used_invitation_after_fifteen_minutes(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    holders.accept(world, holders.acceptance(world, bundle, keys))
    later = datetime.now(UTC) + timedelta(minutes=16)
    made = holders.acceptance(world, bundle, keys, at=later)
    with pytest.raises(InvitationInvalid):
        holders.accept(world, made, at=later)


@pytest.mark.parametrize("text", ["", "inv_", "inv_" + "A" * 42 + "B", "\ud800", "x" * 9000])
def test_refuses_what_is_no_invite_string(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys, text: str
) -> None:
    made = holders.acceptance(world, bundle, keys)
    with pytest.raises(InvitationInvalid):
        holders.accept(world, replace(made, invite_string=text))


def test_locks_after_five_wrong_one_time_keys(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    other = ecdsa_p256.private_hex(ecdsa_p256.generate())
    forged = holders.acceptance(world, {**bundle, "one_time_private_key": other}, keys)
    for _ in range(6):
        with pytest.raises(InvitationInvalid):
            holders.accept(world, forged)
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "locked"
    with pytest.raises(InvitationInvalid):
        holders.accept(world, holders.acceptance(world, bundle, keys))


def test_refuses_without_the_new_signature_key(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    made = holders.acceptance(world, bundle, keys)
    for signature in (b"", bytes(64), made.one_time_signature):
        with pytest.raises(ProofInvalid):
            holders.accept(world, replace(made, signature=signature))
    for signature in (b"", bytes(64), made.signature):
        with pytest.raises(InvitationInvalid):
            holders.accept(world, replace(made, one_time_signature=signature))
    assert devices(world) == 0


def test_refuses_without_the_new_encryption_key(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    other = DeviceKeys.generate()
    stranger = holders.challenge(world, bundle, DeviceKeys(keys.signature, other.encryption))
    for answer in ("", "AAAA", "!", keyholders.opened(other, stranger)):
        with pytest.raises(ChallengeFailed):
            holders.accept(world, holders.acceptance(world, bundle, keys, challenge=answer))
    assert devices(world) == 0


def test_refuses_the_challenge_of_another_invitation_scope_or_time(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    elsewhere, second = cast.world(), acts.invitation(world, "alice@example.test")
    old = datetime.now(UTC) - timedelta(minutes=6)
    challenges = [
        holders.challenge(elsewhere, bundle, keys),
        holders.challenge(world, second, keys),
        holders.challenge(world, bundle, keys, at=old),
    ]
    for challenge in challenges:
        answer = keyholders.opened(keys, challenge)
        with pytest.raises(ChallengeFailed):
            holders.accept(world, holders.acceptance(world, bundle, keys, challenge=answer))


def test_refuses_a_statement_for_another_scope(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    made = holders.acceptance(world, bundle, keys, audience=str(cast.world().scope.id))
    with pytest.raises(ProofInvalid):
        holders.accept(world, made)


@pytest.mark.parametrize("seconds", [-400, 400])
def test_refuses_a_statement_of_another_time(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys, seconds: int
) -> None:
    made = holders.acceptance(world, bundle, keys, issued_at=int(time.time()) + seconds)
    with pytest.raises(EnvelopeUntimely):
        holders.accept(world, made)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "ecs-device/1"},
        {"more": 1},
        {"audience": "x"},
        {"issued_at": "now"},
        {"device_name": None},
        {"signature_key": 7},
        {"device_name": "x" * 9000},
    ],
)
def test_refuses_another_form(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys, changes: dict[str, Any]
) -> None:
    with pytest.raises(errors.Invalid):
        holders.accept(world, holders.acceptance(world, bundle, keys, **changes))


def test_refuses_keys_that_are_none(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    wrong: list[dict[str, Any]] = [
        {"signature_key": "02" + "f" * 64},
        {"encryption_key": "x"},
    ]
    for changes in wrong:
        with pytest.raises(KeyInvalid):
            holders.accept(world, holders.acceptance(world, bundle, keys, **changes))
    with cast.in_scope(world), pytest.raises(KeyInvalid):
        acceptance.challenge(
            invite_string="inv_x", signature_key="", encryption_key="", now=acts.now()
        )


def test_refuses_the_one_time_key_as_a_device_key(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    one_time = ecdsa_p256.parse_private(bundle["one_time_private_key"])
    made = holders.acceptance(world, bundle, DeviceKeys(one_time, keys.encryption))
    with pytest.raises(KeyInvalid):
        holders.accept(world, made)


def test_takes_a_public_key_once(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    holders.accept(world, holders.acceptance(world, bundle, keys))
    second = acts.invitation(world, "alice@example.test")
    with pytest.raises(KeyTaken):
        holders.accept(world, holders.acceptance(world, second, keys))


def test_asks_later_devices_for_the_password(world: cast.World, keys: DeviceKeys) -> None:
    first = acts.invitation(world, "bob@example.test")
    made = holders.acceptance(world, first, keys, password="correct horse")
    assert b"correct horse" not in made.statement
    holders.accept(world, made)
    second = acts.invitation(world, "bob@example.test")
    with cast.in_scope(world):
        held = acceptance.look_up(invite_string=second["invite_string"], now=acts.now())
        assert held.is_password_needed
    other = DeviceKeys.generate()
    for wrong in ("", "wrong horse"):
        with pytest.raises(PasswordRefused):
            holders.accept(world, holders.acceptance(world, second, other, password=wrong))
    done = holders.acceptance(world, second, other, password="correct horse")
    assert isinstance(holders.accept(world, done), Done)
    with cast.in_scope(world):
        kept = [bytes(key.registration or b"") for key in KnownKey.objects.all()]
    assert not any(b"correct horse" in registration for registration in kept)


def test_refuses_a_password_that_the_statement_does_not_tell(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    made = holders.acceptance(world, bundle, keys)
    with pytest.raises(StatementDiffers):
        holders.accept(world, replace(made, password="put in by a thief"))


def test_waits_for_approval_where_policy_asks_for_it(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    alice = with_review(world)
    made = holders.acceptance(world, bundle, keys)
    answer = holders.accept(world, made)
    assert isinstance(answer, Pending)
    assert holders.accept(world, made) == answer
    assert acts.approve(alice, answer.proposal_id).state == "executed"
    assert isinstance(holders.accept(world, made), Done)


def test_keeps_both_signatures_as_evidence(
    world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys
) -> None:
    made = holders.acceptance(world, bundle, keys)
    holders.accept(world, made)
    with cast.in_scope(world):
        kept = KnownKey.objects.get(purpose="signature")
        known = server_keys.signature_keys()
    assert (kept.registration_kind, kept.signer_key) == ("authorize", "")
    payload = evidence.verify_attested(
        bytes(kept.registration or b""), evidence.STAFF_REQUEST_TYPE, server_keys=known
    )
    said = json.loads(payload)
    assert said["details"]["device_signature_pubkey"] == keys.signature_pubkey
    one_time = ecdsa_p256.parse_private(bundle["one_time_private_key"]).public
    assert said["holder"]["one_time_key"] == one_time.hex


def test_tells_the_holder_what_the_invitation_is_about(
    world: cast.World, bundle: Mapping[str, Any]
) -> None:
    with cast.in_scope(world):
        held = acceptance.look_up(invite_string=bundle["invite_string"], now=acts.now())
    assert (held.scope_id, held.scope_name) == (world.scope.id, world.scope.name)
    assert held.address == "b…@example.test"
    assert not held.is_password_needed
    known = world.server.signatures[0].hex
    (statement,) = held.key_statements
    said = evidence.verify_attested(statement, evidence.SERVER_KEYS_TYPE, server_keys=[known])
    assert json.loads(said)["encryption"] == held.server_keys.encryption_pem_base64


def test_tells_the_new_keys_under_the_old_one_after_a_rotation(
    world: cast.World, bundle: Mapping[str, Any]
) -> None:
    with cast.in_scope(world):
        server_keys.rotate(purpose=server_keys.SIGNATURE, by=world.system, now=acts.now())
        held = acceptance.look_up(invite_string=bundle["invite_string"], now=acts.now())
    old = world.server.signatures[0].hex
    newest, under_old = held.key_statements
    said = evidence.verify_attested(under_old, evidence.SERVER_KEYS_TYPE, server_keys=[old])
    assert json.loads(said)["signature"] == held.server_keys.signature_hex != old
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.verify_attested(newest, evidence.SERVER_KEYS_TYPE, server_keys=[old])


def test_gives_everybody_a_challenge(world: cast.World, keys: DeviceKeys) -> None:
    known = holders.challenge(world, acts.invitation(world, "bob@example.test"), keys)
    unknown = holders.challenge(world, {"invite_string": str(ids.new())}, keys)
    assert len(known) == len(unknown) == 256
