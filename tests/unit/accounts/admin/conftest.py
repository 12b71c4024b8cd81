"""carol at her desk: a super-admin of a governed scope."""

import pytest

from tests import cast
from tests.unit.accounts.admin.desk import Desk


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")
