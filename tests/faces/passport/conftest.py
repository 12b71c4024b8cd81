"""A scope and a client with a channel to it."""

import pytest

from tests import cast
from tests.faces.passport.client import Client


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def client(world: cast.World) -> Client:
    return Client(world)
