"""Two scopes, and the time at which they are looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from identity import actor
from identity.actor import Actor
from identity.models import Scope
from identity.scoping import current
from identity.services import opened_keys, scopes


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def forgotten_keys() -> Iterator[None]:
    """Keys stay in memory for the life of a process; a test starts as a new process would."""
    opened_keys.forget_all()
    yield
    opened_keys.forget_all()


@pytest.fixture
def acme(db: None, now: datetime) -> Scope:
    return scopes.create(slug="acme", name="Acme", now=now)


@pytest.fixture
def charlies(db: None, now: datetime) -> Scope:
    return scopes.create(slug="charlies", name="Charlie's", now=now)


@pytest.fixture
def by(acme: Scope) -> Actor:
    return actor.system(acme.id)


@pytest.fixture
def inside(acme: Scope) -> Iterator[Scope]:
    """The scope acme, in force for the whole test."""
    with current.in_scope(acme.id):
        yield acme
