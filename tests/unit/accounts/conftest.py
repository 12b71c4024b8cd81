"""Two scopes, their actors, and key pairs for devices."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from accounts.models import Device, KnownKey, User
from accounts.queries import actor_of_user
from accounts.services import devices, role_assignments, users
from identity import actor, ids
from identity.actor import Actor, ActorKind
from identity.crypto import ecdsa_p256, rsa
from identity.models import AuditEvent, Scope
from identity.scoping import current
from identity.services import scopes
from tests.unit.accounts.people import (
    Events,
    KeyPair,
    MakeActor,
    MakeDevice,
    MakeKeys,
    MakeUser,
    Sent,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def made_keys() -> list[KeyPair]:
    """Key pairs of this run: making one takes longer than most tests."""
    return []


@pytest.fixture
def keys(made_keys: list[KeyPair]) -> MakeKeys:
    """Key pairs that differ within a test; the next test's database has not seen them."""
    counter = itertools.count()

    def make() -> KeyPair:
        number = next(counter)
        if number == len(made_keys):
            made_keys.append(KeyPair(ecdsa_p256.generate(), rsa.generate()))
        return made_keys[number]

    return make


@pytest.fixture
def acme(db: None) -> Scope:
    return scopes.create(slug="acme", name="Acme", now=NOW)


@pytest.fixture
def other(db: None) -> Scope:
    """charlie's scope."""
    return scopes.create(slug="other", name="Other", now=NOW)


@pytest.fixture
def inside(acme: Scope) -> Iterator[Scope]:
    """The scope acme, in force."""
    with current.in_scope(acme.id):
        yield acme


@pytest.fixture
def system(inside: Scope) -> Actor:
    return actor.system(inside.id)


@pytest.fixture
def person(system: Actor) -> MakeUser:
    """Invited people: `person("alice", "super-admin")`."""

    def make(name: str, *roles: str, by: Actor = system) -> User:
        user = users.create_invited(
            public_id=ids.new(),
            email=f"{name}@example.com",
            first_name=name.title(),
            last_name="",
            mobile="",
            customer_id="",
            by=by,
            now=NOW,
        )
        for role in roles:
            role_assignments.grant(user_id=user.id, role=role, by=by, now=NOW)
        return user

    return make


@pytest.fixture
def register(system: Actor, keys: MakeKeys) -> MakeDevice:
    """Active devices of users, who become active by it."""
    counter = itertools.count(1)

    def make(user: User, pair: KeyPair | Sent | None = None, by: Actor = system) -> Device:
        pair = pair or keys()
        device = devices.register(
            user=user,
            name=f"device {next(counter)}",
            signature_key=pair.signature_key,
            encryption_key=pair.encryption_key,
            push_token="",
            registration_kind=KnownKey.Registration.AUTHORIZE,
            registration=b"signed request",
            signer_key=ecdsa_p256.generate().public.hex,
            by=by,
            now=NOW,
        )
        users.activate(user=user, verifier="", by=by, now=NOW)
        return device

    return make


@pytest.fixture
def member(person: MakeUser, register: MakeDevice) -> MakeUser:
    """Active people with one device."""

    def make(name: str, *roles: str) -> User:
        user = person(name, *roles)
        register(user)
        user.refresh_from_db()
        return user

    return make


@pytest.fixture
def acting() -> MakeActor:
    """The user as an actor, with the rights it has now, on its first device."""

    def make(user: User) -> Actor:
        device: UUID = user.devices.order_by("registered_at", "id")[0].id
        return actor_of_user(user_id=user.id, kind=ActorKind.DEVICE, device_id=device)

    return make


@pytest.fixture
def events() -> Events:
    """Names of the audit events of the scope in force, in order."""
    return lambda: list(AuditEvent.objects.order_by("sequence").values_list("name", flat=True))
