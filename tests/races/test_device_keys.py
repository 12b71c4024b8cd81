"""Keys, devices and owners under parallel writes: one key, one device, always an owner left."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
from django.db import connections

from accounts.models import Device, KnownKey, User
from accounts.services import devices, role_assignments, users
from identity import actor, ids
from identity.actor import Actor
from identity.crypto import ecdsa_p256, rsa
from identity.errors import DomainError
from identity.models import AuditEvent, Scope
from identity.scoping import current
from identity.services import scopes

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
THREADS = 12

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Keys:
    signature_key: str
    encryption_key: str


def make_keys() -> Keys:
    return Keys(ecdsa_p256.generate().public.hex, rsa.generate().public.pem)


@pytest.fixture
def acme() -> Scope:
    return scopes.create(slug="acme", name="Acme", now=NOW)


@pytest.fixture
def other() -> Scope:
    return scopes.create(slug="other", name="Other", now=NOW)


def person(by: Actor, name: str, public_id: UUID | None = None) -> User:
    return users.create_invited(
        public_id=public_id or ids.new(),
        email=f"{name}@example.com",
        first_name=name,
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=NOW,
    )


def register(by: Actor, user: User, keys: Keys) -> Device:
    return devices.register(
        user=user,
        name="phone",
        signature_key=keys.signature_key,
        encryption_key=keys.encryption_key,
        push_token="",
        registration_kind=KnownKey.Registration.AUTHORIZE,
        registration=b"request",
        signer_key="",
        by=by,
        now=NOW,
    )


def owner(by: Actor, name: str) -> tuple[User, Device]:
    user = person(by, name)
    device = register(by, user, make_keys())
    users.activate(user=user, verifier="", by=by, now=NOW)
    role_assignments.grant(user_id=user.id, role="workspace-owner", by=by, now=NOW)
    return user, device


def together(*works: Callable[[], object]) -> list[str]:
    """What became of works that begin at the same moment: `done` or the refusal's code."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        barrier.wait(timeout=60)
        try:
            work()
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(run, works))


def count_devices(*places: Scope) -> int:
    total = 0
    for scope in places:
        with current.in_scope(scope.id):
            total += Device.objects.count()
    return total


def test_one_key_makes_one_device_in_all_scopes(acme: Scope, other: Scope) -> None:
    keys = make_keys()
    works = []
    for number in range(THREADS):
        by = actor.system((acme if number % 2 else other).id)
        user = person(by, f"user{number}")
        works.append(lambda by=by, user=user: register(by, user, keys))
    results = together(*works)
    assert results == ["device.key-taken"] * (THREADS - 1) + ["done"]
    assert count_devices(acme, other) == 1


def test_crossed_keys_wait_for_nobody_for_ever(acme: Scope) -> None:
    by = actor.system(acme.id)
    one, two = make_keys(), make_keys()
    crossed = [
        one,
        two,
        Keys(one.signature_key, two.encryption_key),
        Keys(two.signature_key, one.encryption_key),
    ]
    people = [person(by, f"user{number}") for number in range(len(crossed) * 3)]
    works = [
        lambda user=user, keys=crossed[number % 4]: register(by, user, keys)
        for number, user in enumerate(people)
    ]
    results = together(*works)
    assert set(results) == {"device.key-taken", "done"}
    with current.in_scope(acme.id):
        assert KnownKey.objects.count() == 2 * Device.objects.count()


def test_nobody_passes_the_limit_of_devices_together(acme: Scope) -> None:
    by = actor.system(acme.id)
    scopes.change_settings(changes={"max_devices": 3}, by=by, now=NOW)
    user = person(by, "alice")
    pairs = [make_keys() for _ in range(8)]
    works = [lambda keys=keys: register(by, user, keys) for keys in pairs]
    assert together(*works) == ["device.too-many"] * 5 + ["done"] * 3
    with current.in_scope(acme.id):
        # What was refused claimed no key.
        assert KnownKey.objects.count() == 6


def test_one_creation_repeated_makes_one_user(acme: Scope) -> None:
    by, public_id = actor.system(acme.id), ids.new()
    works = [lambda: person(by, "alice", public_id)] * THREADS
    assert together(*works) == ["done"] * THREADS
    with current.in_scope(acme.id):
        assert User.objects.count() == 1


@pytest.mark.parametrize("leave", [users.disable, users.delete])
def test_owners_who_leave_together_leave_one(acme: Scope, leave: Callable[..., object]) -> None:
    by = actor.system(acme.id)
    owners = [owner(by, f"owner{number}")[0] for number in range(4)]
    works = [lambda user=user: leave(user_id=user.id, by=by, now=NOW) for user in owners]
    assert together(*works) == ["done"] * 3 + ["user.last-owner"]


def test_owners_roles_withdrawn_together_leave_one(acme: Scope) -> None:
    by = actor.system(acme.id)
    owners = [owner(by, f"owner{number}")[0] for number in range(4)]
    works = [
        lambda user=user: role_assignments.withdraw(
            user_id=user.id, role="workspace-owner", by=by, now=NOW
        )
        for user in owners
    ]
    assert together(*works) == ["done"] * 3 + ["user.last-owner"]


def test_owners_devices_revoked_together_leave_one(acme: Scope) -> None:
    by = actor.system(acme.id)
    phones = [owner(by, f"owner{number}")[1] for number in range(4)]
    works = [
        lambda phone=phone: devices.revoke(device_id=phone.id, reason="", by=by, now=NOW)
        for phone in phones
    ]
    assert together(*works) == ["device.last-of-last-owner"] + ["done"] * 3


def test_leaving_and_revoking_wait_for_nobody_for_ever(acme: Scope) -> None:
    by = actor.system(acme.id)
    made = [owner(by, f"owner{number}") for number in range(4)]
    works: list[Callable[[], object]] = []
    for user, phone in made[:3]:
        works += [
            partial(users.delete, user_id=user.id, by=by, now=NOW),
            partial(devices.revoke, device_id=phone.id, reason="", by=by, now=NOW),
        ]
    assert together(*works) == ["done"] * 6


def test_a_device_proves_itself_once(acme: Scope) -> None:
    by = actor.system(acme.id)
    device = owner(by, "alice")[1]
    with current.in_scope(acme.id):
        Device.objects.filter(id=device.id).update(status=Device.Status.UNVERIFIED)
    works = [lambda: devices.verify_first_use(device_id=device.id, by=by, now=NOW)] * THREADS
    assert together(*works) == ["done"] * THREADS
    with current.in_scope(acme.id):
        assert AuditEvent.objects.filter(name="device.verified").count() == 1
