"""A scope that people may join unasked."""

import pytest

from tests import cast
from tests.faces.blocklet import browser


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> browser.Signed:
    return browser.sign_in(world)


@pytest.fixture
def bob(world: cast.World) -> browser.Signed:
    return browser.sign_in(world)
