"""Devices are registered, given new keys, suspended and revoked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts import errors
from accounts.models import Device, KnownKey
from accounts.services import device_keys, devices, users
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import cose, cose_sign1, rsa
from identity.models import AuditEvent, Scope, ServerKey
from identity.scoping import current
from identity.services import scopes
from tests.unit.accounts.people import Events, KeyPair, MakeDevice, MakeKeys, MakeUser, Sent


def signed(device_id: UUID, signer: Any, payload: bytes, typ: str = cose.REQUEST_TYPE) -> bytes:
    claims: cose_sign1.Claims = {
        cose_sign1.AUDIENCE: "ecs:00",
        cose_sign1.EXPIRES_AT: 60,
        cose_sign1.ISSUED_AT: 0,
        cose_sign1.CTI: bytes(16),
    }
    return cose_sign1.sign(
        payload, message_type=typ, key_id=device_id.bytes, claims=claims, signing_key=signer
    )


def proof_of(device_id: UUID, pair: KeyPair, signer: Any = None) -> Any:
    payload = device_keys.proof_payload(device_id, pair.signature_key, pair.encryption_key)
    return signed(device_id, signer or pair.signing, payload)


def rotate(device: Any, pair: KeyPair, by: Actor, now: datetime, **changes: Any) -> Device:
    given = {
        "signature_key": pair.signature_key,
        "encryption_key": pair.encryption_key,
        "proof": proof_of(device.id, pair),
        "registration": b"request by the old key",
    }
    return devices.rotate_keys(device_id=device.id, by=by, now=now, **(given | changes))


def test_registers_both_keys_for_ever(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    now: datetime,
    events: Events,
) -> None:
    pair = keys()
    device = register(person("alice"), pair)
    stored = Device.objects.get(id=device.id)
    assert (stored.status, stored.signature_key) == ("active", pair.signature_key)
    assert stored.encryption_key == pair.encryption_key
    assert stored.server_key == ServerKey.objects.get(purpose="signature", status="active")
    known = {row.purpose: row for row in KnownKey.objects.filter(device_id=device.id)}
    assert known["signature"].public == pair.signature_key
    assert known["signature"].digest == pair.signing.public.kid.hex()
    assert known["encryption"].digest == pair.opening.public.kid.hex()
    assert bytes(known["signature"].registration or b"") == b"signed request"
    facts = AuditEvent.objects.get(name="device.registered").facts
    assert facts["signature_kid"] == pair.signing.public.kid.hex()


def test_stores_an_uncompressed_point_compressed(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys
) -> None:
    pair = keys()
    numbers = pair.signing.public.key.public_numbers()
    long_form = f"04{numbers.x:064x}{numbers.y:064x}".upper()

    sent = Sent(long_form, pair.encryption_key)
    assert register(person("alice"), sent).signature_key == pair.signature_key


@pytest.mark.parametrize(
    ("signature_key", "encryption_key"),
    [
        ("02" + "ff" * 32, None),
        ("", None),
        ("\ud800" * 66, None),
        (None, "not a key"),
        (None, "-----BEGIN PUBLIC KEY-----\n\ud800\n-----END PUBLIC KEY-----"),
    ],
)
def test_refuses_keys_that_are_none(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    signature_key: Any,
    encryption_key: Any,
) -> None:
    pair = keys()

    wrong = Sent(
        pair.signature_key if signature_key is None else signature_key,
        pair.encryption_key if encryption_key is None else encryption_key,
    )
    with pytest.raises(errors.KeyInvalid):
        register(person("alice"), wrong)


def test_refuses_the_one_time_key_as_the_devices_own(
    system: Actor, person: MakeUser, keys: MakeKeys, now: datetime
) -> None:
    pair = keys()
    with pytest.raises(errors.KeyInvalid):
        devices.register(
            user=person("alice"),
            name="phone",
            signature_key=pair.signature_key,
            encryption_key=pair.encryption_key,
            push_token="",
            registration_kind=KnownKey.Registration.AUTHORIZE,
            registration=b"r",
            signer_key=pair.signature_key,
            by=system,
            now=now,
        )


@pytest.mark.parametrize("shared", ["signature", "encryption"])
@pytest.mark.parametrize("scope", ["same", "other"])
def test_refuses_a_key_that_any_device_has_had(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    other: Scope,
    now: datetime,
    shared: Any,
    scope: Any,
) -> None:
    first, second = keys(), keys()
    register(person("alice"), first)

    mixed = Sent(
        (first if shared == "signature" else second).signature_key,
        (first if shared == "encryption" else second).encryption_key,
    )
    by = actor.system(other.id) if scope == "other" else system
    with current.in_scope(by.scope_id):
        user = person("charlie", by=by)
        with pytest.raises(errors.KeyTaken):
            register(user, mixed, by=by)
        assert not Device.objects.filter(user=user).exists()


def test_refuses_the_key_of_a_revoked_device(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys, now: datetime
) -> None:
    pair, user = keys(), person("alice")
    device = register(user, pair)
    devices.revoke(device_id=device.id, reason="lost", by=system, now=now)
    with pytest.raises(errors.KeyTaken):
        register(user, pair)


def test_refuses_more_devices_than_the_scope_allows(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime
) -> None:
    scopes.change_settings(changes={"max_devices": 2}, by=system, now=now)
    user = person("alice")
    kept = [register(user), register(user)]
    with pytest.raises(errors.TooManyDevices):
        register(user)
    devices.revoke(device_id=kept[0].id, reason="", by=system, now=now)
    assert register(user).status == "active"


def test_refuses_devices_of_a_disabled_user(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime
) -> None:
    user = person("alice")
    users.disable(user_id=user.id, by=system, now=now)
    with pytest.raises(errors.UserInactive):
        register(user)


@pytest.mark.parametrize("change", [{"name": ""}, {"name": "x" * 129}, {"push_token": "x" * 4097}])
def test_refuses_names_and_tokens_out_of_bounds(
    system: Actor, person: MakeUser, keys: MakeKeys, now: datetime, change: Any
) -> None:
    pair = keys()
    given = {"name": "phone", "push_token": ""} | change
    with pytest.raises(refusals.Invalid):
        devices.register(
            user=person("alice"),
            signature_key=pair.signature_key,
            encryption_key=pair.encryption_key,
            registration_kind=KnownKey.Registration.AUTHORIZE,
            registration=b"r",
            by=system,
            now=now,
            **given,
        )


def test_gives_new_keys_and_keeps_the_old_on_record(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    now: datetime,
    events: Events,
) -> None:
    old, new = keys(), keys()
    device = register(person("alice"), old)
    later = now + timedelta(days=1)
    rotate(device, new, system, later)
    stored = Device.objects.get(id=device.id)
    assert (stored.signature_key, stored.keys_changed_at) == (new.signature_key, later)
    assert stored.encryption_key == new.encryption_key
    history = KnownKey.objects.filter(device_id=device.id, purpose="signature")
    rows = list(history.order_by("first_seen_at"))
    assert [row.public for row in rows] == [old.signature_key, new.signature_key]
    assert (rows[1].registration_kind, rows[1].signer_key) == ("rotation", old.signature_key)
    assert bytes(rows[1].registration or b"") == b"request by the old key"
    assert events()[-1] == "device.keys-rotated"


def test_changes_nothing_when_the_keys_are_the_same(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    now: datetime,
    events: Events,
) -> None:
    pair = keys()
    device = register(person("alice"), pair)
    before = events()
    rotate(device, pair, system, now)
    assert events() == before


def test_changes_one_key_alone(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys, now: datetime
) -> None:
    pair = keys()
    device = register(person("alice"), pair)
    half = type(pair)(pair.signing, rsa.generate())
    rotate(device, half, system, now)
    assert Device.objects.get(id=device.id).encryption_key == half.encryption_key
    assert KnownKey.objects.filter(device_id=device.id, purpose="signature").count() == 1


def test_never_takes_an_old_key_back(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys, now: datetime
) -> None:
    old, new = keys(), keys()
    device = register(person("alice"), old)
    rotate(device, new, system, now)
    with pytest.raises(errors.KeyTaken):
        rotate(device, old, system, now)


def test_refuses_new_keys_without_proof(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys, now: datetime
) -> None:
    device, pair, thief = register(person("alice")), keys(), keys()
    honest = device_keys.proof_payload(device.id, pair.signature_key, pair.encryption_key)
    proofs = {
        "nothing": b"",
        "no cose": b"\x00" * 40,
        "signed by another": proof_of(device.id, pair, signer=thief.signing),
        "about another device": proof_of(ids.new(), pair),
        "device of the header": signed(ids.new(), pair.signing, honest),
        "about other keys": signed(
            device.id,
            pair.signing,
            device_keys.proof_payload(device.id, pair.signature_key, thief.encryption_key),
        ),
        "another type": signed(device.id, pair.signing, honest, typ=cose.REPLY_TYPE),
        "a request": signed(device.id, pair.signing, honest.replace(b'"prove"', b'"edit"')),
        "more than a proof": signed(device.id, pair.signing, honest[:-1] + b',"more":1}'),
        "no json": signed(device.id, pair.signing, b"{"),
    }
    for name, proof in proofs.items():
        with pytest.raises(errors.ProofInvalid):
            rotate(device, pair, system, now, proof=proof)
        assert Device.objects.get(id=device.id).signature_key != pair.signature_key, name


def test_any_flipped_bit_breaks_the_proof(keys: MakeKeys) -> None:
    pair, device_id = keys(), ids.new()
    read = device_keys.read(pair.signature_key, pair.encryption_key)
    proof = proof_of(device_id, pair)
    device_keys.require_proof(proof, device_id=device_id, expected_keys=read)
    for position in range(0, len(proof) * 8, 7):
        changed = bytearray(proof)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(errors.ProofInvalid):
            device_keys.require_proof(bytes(changed), device_id=device_id, expected_keys=read)


@pytest.mark.parametrize("end", [devices.suspend, devices.revoke])
def test_rotates_no_key_of_a_device_that_is_not_active(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    now: datetime,
    end: Callable[..., object],
) -> None:
    device = register(person("alice"))
    end(device_id=device.id, reason="", by=system, now=now)
    with pytest.raises(refusals.Conflict):
        rotate(device, keys(), system, now)


def test_revokes_once(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime, events: Events
) -> None:
    device = register(person("alice"))
    devices.revoke(device_id=device.id, reason="lost", by=system, now=now)
    devices.revoke(device_id=device.id, reason="again", by=system, now=now)
    stored = Device.objects.get(id=device.id)
    assert (stored.status, stored.revoked_at, stored.revoke_reason) == ("revoked", now, "lost")
    assert events().count("device.revoked") == 1


def test_keeps_the_last_device_of_the_last_owner(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime
) -> None:
    alice = person("alice", "workspace-owner")
    first, second = register(alice), register(alice)
    person("bob", "super-admin")  # invited, has no device
    devices.revoke(device_id=first.id, reason="", by=system, now=now)
    for end in (devices.revoke, devices.suspend):
        with pytest.raises(errors.LastOwnerDevice):
            end(device_id=second.id, reason="", by=system, now=now)
    devices.revoke_reviewed(device_id=second.id, reason="", by=system, now=now)
    assert Device.objects.get(id=second.id).status == "revoked"


def test_revokes_an_owners_device_while_another_owner_has_one(
    system: Actor, member: MakeUser, now: datetime
) -> None:
    alice, _ = member("alice", "workspace-owner"), member("bob", "workspace-owner")
    devices.revoke(device_id=alice.devices.get().id, reason="", by=system, now=now)
    assert alice.devices.get().status == "revoked"


def test_keeps_somebody_in_each_of_the_owners_roles(
    system: Actor, member: MakeUser, now: datetime
) -> None:
    member("alice", "workspace-owner")
    bob = member("bob", "super-admin")
    with pytest.raises(errors.LastOwnerDevice):
        devices.revoke(device_id=bob.devices.get().id, reason="", by=system, now=now)


def test_suspends_and_resumes(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime, events: Events
) -> None:
    device = register(person("alice"))
    for _ in range(2):
        devices.suspend(device_id=device.id, reason="alarm", by=system, now=now)
    assert Device.objects.get(id=device.id).status == "suspended"
    for _ in range(2):
        devices.resume(device_id=device.id, by=system, now=now)
    assert Device.objects.get(id=device.id).status == "active"
    assert events()[-2:] == ["device.suspended", "device.resumed"]
    devices.revoke(device_id=device.id, reason="", by=system, now=now)
    for wake in (
        lambda: devices.resume(device_id=device.id, by=system, now=now),
        lambda: devices.suspend(device_id=device.id, reason="", by=system, now=now),
    ):
        with pytest.raises(refusals.Conflict):
            wake()


def test_tells_no_one_of_devices_of_another_scope(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    keys: MakeKeys,
    other: Scope,
    now: datetime,
) -> None:
    device = register(person("alice"))
    stranger = actor.system(other.id)
    with pytest.raises(refusals.Missing):
        rotate(device, keys(), stranger, now)
    for end in (devices.revoke, devices.revoke_reviewed, devices.suspend):
        with pytest.raises(refusals.Missing):
            end(device_id=device.id, reason="", by=stranger, now=now)
    with pytest.raises(refusals.Missing):
        devices.resume(device_id=device.id, by=stranger, now=now)


def test_notes_use_once_a_minute(
    system: Actor,
    person: MakeUser,
    register: MakeDevice,
    now: datetime,
    django_assert_num_queries: Any,
) -> None:
    device = register(person("alice"))
    with django_assert_num_queries(1):
        devices.mark_seen(device_id=device.id, now=now)
        devices.mark_seen(device_id=device.id, now=now + timedelta(seconds=59))
    assert Device.objects.get(id=device.id).last_seen_at == now
    later = now + timedelta(seconds=60)
    devices.mark_seen(device_id=device.id, now=later)
    assert Device.objects.get(id=device.id).last_seen_at == later


def test_notes_use_not_more_often_from_several_processes(
    system: Actor, person: MakeUser, register: MakeDevice, now: datetime
) -> None:
    device = register(person("alice"))
    devices.mark_seen(device_id=device.id, now=now)
    devices._noted.clear()  # another process
    devices.mark_seen(device_id=device.id, now=now + timedelta(seconds=30))
    assert Device.objects.get(id=device.id).last_seen_at == now
