"""Addresses beside the calls: health, where clients find the server, CORS, and other methods."""

import io
import json
from typing import Any

import pytest
from django.test import Client as Browser

from identity import wsgi
from identity.web import health
from identity.web.lane import Answer
from tests import cast
from tests.faces.bridge import client as clients

ORIGIN = "https://panel.example"


def served(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """A request through the whole application: the fast lane, and Django behind it."""
    told: dict[str, Any] = {}
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name.upper()}": text for name, text in headers.items()},
    }

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told["status"], told["headers"] = int(status.split(maxsplit=1)[0]), dict(headers)

    content = b"".join(wsgi.application(environ, start))
    return Answer(told["status"], content, told["headers"])


@pytest.mark.parametrize("path", ["/api", "/api/", "/API", "/Api", "/aPI/", "/s/{slug}/api"])
def test_calls_are_answered_in_any_case(world: cast.World, path: str) -> None:
    body = clients.envelope("versions", {})
    answer = served("POST", path.format(slug=world.scope.slug), body)
    assert (answer.status, json.loads(answer.body)["result"]) == (200, ["v2.0"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/API"])
def test_other_methods_find_nothing(world: cast.World, method: str, path: str) -> None:
    answer = served(method, path)
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/apix", "/api/x", "/x/api"])
def test_there_are_no_other_addresses_for_calls(world: cast.World, path: str) -> None:
    body = clients.envelope("versions", {})
    answer = served("POST", path, body)
    assert b'["v2.0"]' not in answer.body


@pytest.mark.parametrize("path", ["/health", "/ready", "/healthcheck"])
@pytest.mark.parametrize("prefix", ["", "/s/{slug}"])
def test_says_that_it_is_well(world: cast.World, path: str, prefix: str) -> None:
    answer = served("GET", prefix.format(slug=world.scope.slug) + path)
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
    assert served("POST", path).status in {403, 405}


def test_is_not_ready_while_a_part_is_not(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise health.NotReady("over")

    monkeypatch.setattr(health, "CHECKS", {"database": fail})
    answer = served("GET", "/ready")
    assert (answer.status, json.loads(answer.body)) == (503, {"status": "not ready"})
    assert served("GET", "/health").status == 200


def test_says_where_clients_of_users_find_it(world: cast.World, settings: Any) -> None:
    settings.BASE_URL = "https://id.example.org"
    answer = served("GET", "/privmx-configuration.json", host="evil.example")
    assert json.loads(answer.body) == {"defaultEndpoint": "//id.example.org"}
    slug = world.scope.slug
    scoped = served("GET", f"/s/{slug}/privmx-configuration.json")
    assert json.loads(scoped.body) == {"defaultEndpoint": f"//id.example.org/s/{slug}"}


def test_the_same_is_told_where_there_is_no_fast_lane(world: cast.World, client: Any) -> None:
    browser = Browser()
    for path in ("/health", "/ready", "/healthcheck"):
        assert browser.get(path).json() == {"status": "ok"}
    assert "defaultEndpoint" in browser.get("/privmx-configuration.json").json()
    body = clients.envelope("versions", {})
    told = browser.post("/api", body, content_type="application/json")
    assert told.json()["result"] == ["v2.0"]
    assert browser.options("/api").status_code == 200
    assert browser.get("/api").status_code == 404


def test_pages_of_other_origins_hear_nothing_unless_the_deployment_lets_them(
    world: cast.World, settings: Any
) -> None:
    settings.BRIDGE_CORS = False
    for answer in (
        served("OPTIONS", "/api", origin=ORIGIN),
        served("POST", "/api", clients.envelope("versions", {}), origin=ORIGIN),
    ):
        assert answer.status == 200
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_pages_may_call_where_the_deployment_lets_them(world: cast.World, settings: Any) -> None:
    settings.BRIDGE_CORS = True
    told = served("OPTIONS", "/api", origin=ORIGIN, access_control_request_method="POST")
    assert told.status == 200
    assert told.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert told.headers["Access-Control-Allow-Credentials"] == "true"
    assert told.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
    assert told.headers["Access-Control-Max-Age"] == "600"
    answer = served("POST", "/api", clients.envelope("nothing", {}), origin=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Vary"] == "Origin"
    program = served("POST", "/api", clients.envelope("nothing", {}))
    assert "Access-Control-Allow-Origin" not in program.headers


def test_answers_are_kept_by_nobody(world: cast.World) -> None:
    answer = served("POST", "/api", clients.envelope("versions", {}))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
