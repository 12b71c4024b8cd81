"""A scope, and a program of it that may do everything."""

import json
from pathlib import Path
from typing import Any

import pytest

from identity.api.bridge import auth, desk, guesses
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client


@pytest.fixture(autouse=True)
def _no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests meet no brake that they did not ask for."""
    monkeypatch.setattr(guesses, "per_address", Throttle(count=guesses.MOST, seconds=60))
    monkeypatch.setattr(desk, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(auth, "per_key", Throttle(count=0, seconds=60))


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def client(world: cast.World) -> Client:
    return clients.client(world)


@pytest.fixture
def vectors() -> Any:
    """What a published implementation computed."""
    return json.loads((Path(__file__).parents[2] / "vectors" / "bridge.json").read_text())
