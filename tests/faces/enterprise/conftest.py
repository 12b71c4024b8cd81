"""A scope with its cast for the tests of this face, whose requests skip the envelope."""

from collections.abc import Iterator

import pytest

from identity.scoping import current
from tests.faces.enterprise.desk import Desk


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    """A scope whose only user so far is alice, super-admin."""
    made = Desk.new()
    with current.in_scope(made.scope_id):
        yield made


@pytest.fixture
def other(desk: Desk) -> Desk:
    """charlie's scope, in which he is super-admin."""
    return Desk.new("charlie")


@pytest.fixture
def owners(desk: Desk) -> Desk:
    """alice proposes; carol and dave may decide; bob may not."""
    desk.person("carol", "workspace-owner")
    desk.person("dave", "workspace-owner")
    desk.person("bob", "member")
    return desk
