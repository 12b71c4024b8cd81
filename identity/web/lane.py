"""The fast lane: hot paths are answered in front of Django, in the same process.

Middleware and URL resolving cost more than the hottest requests themselves. A path in the lane
gets its WSGI environment and owes everything that middleware would have done; the lane gives
it a path that is text, a request id, database connections that are looked after, headers and a last
resort.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication

import structlog
from django import db
from django.conf import settings

from identity.errors import DomainError, Kind
from identity.services import turns
from identity.services.turns import TURNS
from identity.web import problems, request_id, security_headers

Environ = dict[str, Any]

_SCOPED: Final = re.compile(r"/s/[^/]+(/.*)")
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

RETRY_AFTER: Final = "5"
"""Seconds after which a database that was away may be asked again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, bytes and headers of an HTTP answer; `cookies` are values of Set-Cookie."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


Handler = Callable[[Environ], Answer]
Failed = Callable[[int, Mapping[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `is_scoped` paths answer under `/s/<slug>` too."""

    method: str
    path: str
    handler: Handler
    is_scoped: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """Requests that one handler answers whatever their path is; `takes` says which.

    `failed` words what nobody foresaw, from its status and headers, for clients that know no
    problem details.
    """

    takes: Callable[[Environ], bool]
    handler: Handler
    failed: Failed | None = None


class Lane:
    """A WSGI application: routes and branches first, everything else goes to Django."""

    def __init__(
        self,
        routes: Sequence[Route],
        otherwise: WSGIApplication,
        branches: Sequence[Branch] = (),
    ) -> None:
        self._exact = {(route.method, route.path): route.handler for route in routes}
        self._scoped = {
            (route.method, route.path): route.handler for route in routes if route.is_scoped
        }
        self._otherwise = otherwise
        self._branches = branches
        self._headers = dict(security_headers.FOR_PROGRAMS)
        if settings.SECURE_HSTS_SECONDS:
            self._headers["Strict-Transport-Security"] = (
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
            )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        environ["countersign.request_id"] = request_id.enter(environ)
        with TURNS.working():
            return self._answer(environ, start_response)

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        received = environ.get("PATH_INFO", "")
        try:
            environ["PATH_INFO"] = _decoded(received)
        except UnicodeError:
            # No address here, of Django neither, holds such bytes.
            return self._sent(_as_problem(400, {}), environ, start_response)
        handler, failed = self._handler(environ)
        if handler is None:
            environ["PATH_INFO"] = received
            return self._otherwise(environ, start_response)
        return self._sent(_answered(handler, failed, environ), environ, start_response)

    def _sent(
        self, answer: Answer, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = {**self._headers, **answer.headers}
        headers["Content-Length"] = str(len(answer.body))
        headers[request_id.HEADER] = environ["countersign.request_id"]
        cookies = [("Set-Cookie", cookie) for cookie in answer.cookies]
        start_response(_STATUS_LINES[answer.status], [*headers.items(), *cookies])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _handler(self, environ: Environ) -> tuple[Handler | None, Failed]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        handler = self._exact.get((method, path))
        if handler is None and path.startswith("/s/"):
            match = _SCOPED.fullmatch(path)
            handler = self._scoped.get((method, match[1])) if match else None
        if handler is not None:
            return handler, _as_problem
        taken = (branch for branch in self._branches if branch.takes(environ))
        branch = next(taken, None)
        if branch is None:
            return None, _as_problem
        return branch.handler, branch.failed or _as_problem


def _decoded(path: str) -> str:
    """A path as Django has it: WSGI hands over its bytes (PEP 3333), which are UTF-8.

    Raises UnicodeError.
    """
    return path if path.isascii() else path.encode("latin-1").decode()


def _answered(handler: Handler, failed: Failed, environ: Environ) -> Answer:
    tend_connections()
    try:
        return handler(environ)
    except DomainError as error:
        if error.kind is Kind.UNAVAILABLE:
            _log.warning("not available", code=error.code, reason=str(error))
        return Answer(
            problems.STATUS[error.kind],
            problems.encoded(problems.body(error)),
            problems.headers(error),
        )
    except (db.OperationalError, db.InterfaceError):
        # The database does not answer: not the caller's fault, and over soon.
        _note_failure(environ)
        return failed(503, {"Retry-After": RETRY_AFTER})
    except Exception:  # noqa: BLE001 the last resort; it is logged and answered
        _note_failure(environ)
        return failed(500, {})


def _note_failure(environ: Environ) -> None:
    _log.exception("request failed", path=environ.get("PATH_INFO"), exc_info=sys.exc_info())


def _as_problem(status: int, more: Mapping[str, str]) -> Answer:
    headers = {"Content-Type": problems.MEDIA_TYPE, "Cache-Control": "no-store", **more}
    return Answer(status, problems.plain(status, HTTPStatus(status).phrase), headers)


def tend_connections() -> None:
    """Close database connections that broke or grew old, before something new is begun."""
    # What Django does around each request: a connection that broke or grew old serves no second
    # one, which is early enough to look. Inside a transaction there is only a test that calls the
    # lane.
    connection = turns.own_connection()
    if connection is not None and not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
