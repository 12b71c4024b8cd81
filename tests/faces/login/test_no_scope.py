"""Addresses of sign-in pages that lead to no scope: a page for people, a problem for programs."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from identity.services import scopes
from tests import cast
from tests.visitors import HOST

pytestmark = pytest.mark.django_db

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/login", "/s/nowhere/login", "/s/nowhere/login/out"])
def test_tells_people_what_to_do(path: str) -> None:
    answer = Client(HTTP_HOST=HOST).get(path, headers=PERSON)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Look for a typing error" in answer.content.decode()


def test_tells_people_that_a_scope_is_closed() -> None:
    world = cast.world(governance=False)
    scopes.suspend(by=world.system, now=datetime.now(UTC))
    answer = Client(HTTP_HOST=HOST).get(f"/s/{world.scope.slug}/login", headers=PERSON)
    assert answer.status_code == 403
    assert "closed here for the time being" in answer.content.decode()


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_tells_programs_in_json(accept: str) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = Client(HTTP_HOST=HOST).get("/s/nowhere/login", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/scope.unknown")
