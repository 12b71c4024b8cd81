"""A scope with a registry and a user in it, both signed in."""

import pytest

from tests import cast
from tests.faces.guardian import client
from tests.faces.guardian.client import Client


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    """The registry."""
    return client.registry(world, "acme")


@pytest.fixture
def alice(world: cast.World) -> Client:
    return client.member(world, "alice")


@pytest.fixture
def nobody(world: cast.World) -> Client:
    return Client(world)
