"""Scenes that whole walks share: made once for a module, in a transaction that is undone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.matrix.scene import Scene, one_connection


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    del django_db_setup
    with django_db_blocker.unblock(), one_connection():
        yield Scene.made()


@pytest.fixture(scope="module")
def scenes(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Scene, Scene]]:
    """One's own scope with alice, and another one."""
    del django_db_setup
    with django_db_blocker.unblock(), one_connection():
        yield Scene.made(), Scene.made()
