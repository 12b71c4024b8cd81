"""OAuth's endpoints for tokens refuse in the words of RFC 6749 §5.2, whatever refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from identity import ids
from identity.api.v1 import description, desk, oauth_refusals
from identity.api.v1.nouns import token_grants
from identity.crypto.errors import SealUnavailable
from identity.services import scopes
from identity.web.throttle import Throttle
from sessions_app.services import applications
from tests import cast, signed_in
from tests.faces.v1.client import BASE, InProcess, problem

WEB = httpx.Client(base_url=BASE, transport=InProcess())
GRANT = {"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"}
ENDPOINTS = ("token", "token/revoke")


def sent(slug: str, endpoint: str = "token", **more: Any) -> httpx.Response:
    more = {"data": {**GRANT, "token": "y"}, **more}
    return WEB.post(f"/s/{slug}/v1/{endpoint}", **more)


def refused(answer: httpx.Response, error: str, about: str, status: int = 400) -> None:
    told = {"error": error, "error_description": about}
    assert (answer.status_code, answer.json()) == (status, told)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_suspended_scope_lets_no_client_in(world: cast.World, endpoint: str) -> None:
    scopes.suspend(by=world.system, now=datetime.now(UTC))
    answer = sent(world.scope.slug, endpoint)
    refused(answer, "unauthorized_client", "This scope is not active.")


def test_a_grant_is_of_use_again_when_its_scope_is(world: cast.World) -> None:
    client_id = ids.new()
    applications.create(
        application_id=client_id,
        name="Shop",
        addresses=["https://shop.example.org/back"],
        by=world.system,
        now=datetime.now(UTC),
    )
    held = signed_in.start(world, world.member("bob"), audience=str(client_id))
    grant = {**GRANT, "client_id": str(client_id), "refresh_token": held.refresh}
    scopes.suspend(by=world.system, now=datetime.now(UTC))
    # On `invalid_grant` a client would throw it away.
    assert sent(world.scope.slug, data=grant).json()["error"] == "unauthorized_client"
    scopes.activate(by=world.system, now=datetime.now(UTC))
    assert sent(world.scope.slug, data=grant).status_code == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_there_is_no_such_scope(world: cast.World, endpoint: str) -> None:
    refused(sent("nowhere", endpoint), "invalid_request", "There is no such scope.")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_client_that_asks_too_often_is_told_when_to_ask_again(
    world: cast.World, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "per_address", Throttle(count=1, seconds=60))
    sent(world.scope.slug, endpoint)
    answer = sent(world.scope.slug, endpoint)
    about = "Too many requests. Wait a moment."
    refused(answer, "temporarily_unavailable", about, status=429)
    assert int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("more", "about"),
    [
        ({"content": b"x" * (512 * 1024 + 1)}, "A body has at most 512 KiB here."),
        ({"headers": {"Accept": "text/html"}}, "Answers are JSON here."),
        (
            {"headers": {"Content-Encoding": "gzip"}},
            "Send the body as it is, without a Content-Encoding.",
        ),
        (
            {"headers": {"Content-Type": "text/plain"}},
            "Send Content-Type: application/x-www-form-urlencoded.",
        ),
    ],
)
def test_bad_manners_are_a_faulty_request(
    world: cast.World, endpoint: str, more: dict[str, Any], about: str
) -> None:
    refused(sent(world.scope.slug, endpoint, **more), "invalid_request", about)


def test_what_the_server_lacks_is_no_fault_of_the_client(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise SealUnavailable("The token with the keys is not there.")

    monkeypatch.setattr(token_grants, "_by_refresh", failing)
    refused(sent(world.scope.slug), "temporarily_unavailable", SealUnavailable.title, status=503)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_is_no_token_request_is_refused_as_everywhere(
    world: cast.World, endpoint: str
) -> None:
    answer = WEB.get(f"/s/{world.scope.slug}/v1/{endpoint}")
    problem(answer, 405, "http.method")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_description_knows_no_other_refusals(endpoint: str) -> None:
    told = json.loads(description.document())["paths"][f"/v1/{endpoint}"]["post"]["responses"]
    assert set(told) == {"200", *map(str, oauth_refusals.TokenRefusal.STATUSES)}
    for status in oauth_refusals.TokenRefusal.STATUSES:
        (content,) = told[str(status)]["content"].items()
        assert content == (
            "application/json",
            {"schema": {"$ref": "#/components/schemas/TokenRefusal"}},
        )
