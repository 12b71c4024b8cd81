"""A scope with its cast for the tests of this face."""

import pytest

from tests import cast
from tests.faces.v1.client import Signed


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> Signed:
    """The only owner: nobody else must agree."""
    return Signed.of(world.member("alice", "super-admin"), world.scope.slug)


@pytest.fixture
def bob(world: cast.World) -> Signed:
    return Signed.of(world.member("bob", "member"), world.scope.slug)
