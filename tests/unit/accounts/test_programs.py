"""Programs are made together with their device's keys."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import errors, queries
from accounts.models import Device, KnownKey, User
from accounts.services import devices, programs, users
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.models import Scope
from tests.unit.accounts.people import Events, KeyPair, MakeDevice, MakeKeys, MakeUser


def make(pair: KeyPair, by: Actor, now: datetime, **changes: Any) -> tuple[User, Device]:
    given: dict[str, Any] = {
        "public_id": ids.new(),
        "email": "robot@example.com",
        "first_name": "Robot",
        "last_name": "",
        "signature_key": pair.signature_key,
        "encryption_key": pair.encryption_key,
        "roles": ["support"],
        "networks": ["192.0.2.0/24", "2001:DB8::/32"],
        "expires_at": now + timedelta(days=30),
        "registration": b"request",
        "signer_key": "",
    }
    return programs.create(by=by, now=now, **(given | changes))


def test_makes_an_active_program_whose_device_is_unverified(
    system: Actor, keys: MakeKeys, now: datetime, events: Events
) -> None:
    pair = keys()
    user, device = make(pair, system, now)
    stored = User.objects.get(id=user.id)
    assert (stored.kind, stored.status, stored.password) == ("program", "active", "")
    assert stored.networks == ["192.0.2.0/24", "2001:db8::/32"]
    assert Device.objects.get(id=device.id).status == "unverified"
    known = KnownKey.objects.get(device_id=device.id, purpose="signature")
    assert (known.registration_kind, bytes(known.registration or b"")) == (
        "keys-at-creation",
        b"request",
    )
    assert queries.user(user.public_id).roles == ["support"]
    assert events()[-1] == "user.created"


def test_verifies_the_device_at_its_first_use_once(
    system: Actor, keys: MakeKeys, now: datetime, events: Events
) -> None:
    _, device = make(keys(), system, now)
    for _ in range(2):
        devices.verify_first_use(device_id=device.id, by=system, now=now)
    assert Device.objects.get(id=device.id).status == "active"
    assert events().count("device.verified") == 1


def test_repeats_a_creation_with_the_same_fields(
    system: Actor, keys: MakeKeys, now: datetime, events: Events
) -> None:
    pair, public_id = keys(), ids.new()
    made = make(pair, system, now, public_id=public_id)
    count = len(events())
    assert make(pair, system, now, public_id=public_id) == made
    assert len(events()) == count
    changes: list[dict[str, Any]] = [
        {"roles": []},
        {"networks": []},
        {"expires_at": None},
        {"first_name": "Other"},
        {"signature_key": keys().signature_key},
        {"encryption_key": keys().encryption_key},
    ]
    for change in changes:
        with pytest.raises(errors.NameTaken):
            make(pair, system, now, public_id=public_id, **change)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"roles": ["wizard"]}, errors.RoleUnknown),
        ({"roles": ["member"] * 21}, refusals.Invalid),
        ({"networks": ["192.0.2.1/24"]}, refusals.Invalid),
        ({"networks": ["everywhere"]}, refusals.Invalid),
        ({"networks": [f"192.0.2.{n}" for n in range(65)]}, refusals.Invalid),
        ({"expires_at": timedelta(0)}, refusals.Invalid),
        ({"signature_key": "02"}, errors.KeyInvalid),
        ({"email": "robot"}, refusals.Invalid),
    ],
)
def test_refuses_what_does_not_fit_and_keeps_nothing(
    system: Actor, keys: MakeKeys, now: datetime, change: Any, refusal: Any, events: Events
) -> None:
    before = events()
    if "expires_at" in change:
        change = {"expires_at": now}
    with pytest.raises(refusal):
        make(keys(), system, now, **change)
    assert not User.objects.exists()
    assert not KnownKey.objects.exists()
    assert events() == before


def test_refuses_a_key_that_a_device_has(
    system: Actor, keys: MakeKeys, person: MakeUser, register: MakeDevice, now: datetime
) -> None:
    pair = keys()
    register(person("alice"), pair)
    with pytest.raises(errors.KeyTaken):
        make(pair, system, now)
    assert not User.objects.filter(kind="program").exists()


def test_acts_until_it_expires(system: Actor, keys: MakeKeys, now: datetime) -> None:
    user, device = make(keys(), system, now)
    asked: dict[str, Any] = {"user_id": user.id, "kind": ActorKind.DEVICE, "device_id": device.id}
    by = queries.actor_of_user(**asked, now=now)
    assert by.is_program
    with pytest.raises(errors.UserInactive):
        queries.actor_of_user(**asked, now=now + timedelta(days=30))


def test_a_program_is_no_owner(
    system: Actor, keys: MakeKeys, now: datetime, member: MakeUser
) -> None:
    alice = member("alice", "workspace-owner")
    make(keys(), system, now, roles=["super-admin"])
    with pytest.raises(errors.LastOwner):
        users.disable(user_id=alice.id, by=system, now=now)


def test_leaves_other_scopes_alone(
    system: Actor, keys: MakeKeys, now: datetime, other: Scope
) -> None:
    public_id, pair = ids.new(), keys()
    make(pair, system, now, public_id=public_id)
    stranger = actor.system(other.id)
    with pytest.raises(errors.KeyTaken):
        make(pair, stranger, now, public_id=public_id)
    made, _ = make(keys(), stranger, now, public_id=public_id)
    assert made.scope_id == other.id
