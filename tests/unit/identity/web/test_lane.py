"""The fast lane: which requests it takes, and what it gives each of them."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from identity.errors import Missing
from identity.web import lane
from identity.web.lane import Answer, Branch, Lane, Route

pytestmark = pytest.mark.django_db
SECRET = "a secret in an exception"


def echo(environ: lane.Environ) -> Answer:
    return Answer(201, environ["wsgi.input"].read(), {"Content-Type": "text/plain"})


def refuse(environ: lane.Environ) -> Answer:
    raise Missing(retry_after=3)


def break_down(environ: lane.Environ) -> Answer:
    raise ValueError(SECRET)


def break_connection(environ: lane.Environ) -> Answer:
    connection.ensure_connection()
    connection.errors_occurred = True
    return Answer(200, b"")


def otherwise(environ: lane.Environ, start_response: Any) -> Iterable[bytes]:
    start_response("404 Not Found", [("X-From", "django")])
    return [environ["countersign.request_id"].encode()]


def worded(status: int, headers: Mapping[str, str]) -> Answer:
    return Answer(status, b"in words of its own", headers)


BRANCHES = [
    Branch(lambda environ: environ["PATH_INFO"] == "/own/break", break_down, failed=worded),
    Branch(lambda environ: environ["PATH_INFO"].startswith("/own/"), break_down),
]
ROUTES = [
    Route("POST", "/request", echo, is_scoped=True),
    Route("GET", "/healthz", echo),
    Route("HEAD", "/healthz", echo),
    Route("GET", "/refuse", refuse),
    Route("GET", "/break", break_down),
    Route("GET", "/lose", break_connection),
]


class Spoken:
    """One exchange with the lane, without a server."""

    def __init__(self, method: str, path: str, body: bytes = b"", **environ: str) -> None:
        request: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        self.body = b"".join(Lane(ROUTES, otherwise, BRANCHES)(request, self._start))

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status = status
        self.headers = dict(headers)
        assert len(self.headers) == len(headers), "a header is given twice"


@pytest.mark.parametrize("path", ["/request", "/s/acme/request"])
def test_answers_its_paths_also_under_a_scope(path: str) -> None:
    spoken = Spoken("POST", path, b"hello")
    assert (spoken.status, spoken.body) == ("201 Created", b"hello")
    assert spoken.headers["Content-Length"] == "5"
    assert spoken.headers["Content-Type"] == "text/plain"
    assert spoken.headers["X-Content-Type-Options"] == "nosniff"
    assert UUID(spoken.headers["X-Request-Id"]).version == 7


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/request"),
        ("POST", "/request/"),
        ("POST", "/s/acme/b/request"),
        ("POST", "/s//request"),
        ("POST", "/s/request"),
        ("POST", "//request"),
        ("GET", "/s/acme/healthz"),
        ("OPTIONS", "/request"),
        ("POST", ""),
    ],
)
def test_leaves_everything_else_to_django(method: str, path: str) -> None:
    spoken = Spoken(method, path, HTTP_X_REQUEST_ID="from-the-proxy")
    assert spoken.headers == {"X-From": "django"}
    assert spoken.body == b"from-the-proxy"


@pytest.mark.parametrize("path", ["/own/zo\xeb", "/\xff", "/own/日本"])
def test_takes_no_path_whose_bytes_are_no_text(path: str) -> None:
    spoken = Spoken("GET", path)
    assert spoken.status == "400 Bad Request"
    assert spoken.headers["Content-Type"] == "application/problem+json"


def test_reads_paths_as_text_and_leaves_django_its_own() -> None:
    seen: list[str] = []

    def takes(environ: lane.Environ) -> bool:
        seen.append(environ["PATH_INFO"])
        return False

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/zo\xc3\xab"}
    given: list[str] = []

    def django(environ: lane.Environ, start_response: Any) -> Iterable[bytes]:
        given.append(environ["PATH_INFO"])
        return []

    Lane([], django, [Branch(takes, echo)])(environ, lambda *_: lambda _: None)
    assert (seen, given) == (["/zoë"], ["/zo\xc3\xab"])


def test_answers_head_without_a_body_but_with_its_length() -> None:
    spoken = Spoken("HEAD", "/healthz", b"four")
    assert spoken.body == b""
    assert spoken.headers["Content-Length"] == "4"


def test_answers_a_refusal_as_a_problem() -> None:
    spoken = Spoken("GET", "/refuse")
    assert spoken.status == "404 Not Found"
    assert spoken.headers["Content-Type"] == "application/problem+json"
    assert spoken.headers["Retry-After"] == "3"
    assert json.loads(spoken.body)["type"] == "/problems/missing"


def test_answers_an_error_without_saying_what_it_was(caplog) -> None:
    spoken = Spoken("GET", "/break")
    assert spoken.status == "500 Internal Server Error"
    assert SECRET not in spoken.body.decode()
    assert SECRET in caplog.text


@pytest.mark.django_db(transaction=True)
def test_keeps_no_broken_connection_for_the_next_request(monkeypatch) -> None:
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    assert Spoken("GET", "/lose").status == "200 OK"
    lost = connection.connection
    assert Spoken("GET", "/healthz").status == "201 Created"
    assert connection.connection is not lost
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_asks_browsers_to_come_back_over_tls_in_production(settings) -> None:
    assert "Strict-Transport-Security" not in Spoken("GET", "/healthz").headers
    settings.SECURE_HSTS_SECONDS = 600
    header = Spoken("GET", "/healthz").headers["Strict-Transport-Security"]
    assert header == "max-age=600; includeSubDomains; preload"


def test_a_branch_may_have_words_of_its_own_for_what_nobody_foresaw() -> None:
    own, usual = Spoken("GET", "/own/break"), Spoken("GET", "/own/other")
    assert own.status == usual.status == "500 Internal Server Error"
    assert own.body == b"in words of its own"
    assert usual.headers["Content-Type"] == "application/problem+json"
    assert SECRET.encode() not in own.body + usual.body
