"""The face in front of Django, and behind it where there is no fast lane."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from identity.api.bridge import desk, sent
from identity.web import health, scope_resolution
from identity.web.lane import Answer

PATHS: Final = ("/api", "/api/", "/API", "/API/")
"""The addresses as clients write them; in any other case Django carries the call."""
METHODS: Final = ("POST", "OPTIONS")
_JSON: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def handle(environ: dict[str, Any]) -> Answer:
    """A call in the fast lane."""
    return desk.answer(sent.of_environ(environ, environ["wsgi.input"]), now=datetime.now(UTC))


@csrf_exempt  # nothing here is sent by a browser on its own: no cookie is read
def call(http: HttpRequest, **_: Any) -> HttpResponse:
    """A call that Django carries; other methods find nothing here."""
    if http.method not in METHODS:
        return HttpResponse(f"Cannot {http.method} /api", status=404, content_type="text/html")
    return _carried(desk.answer(sent.of_environ(http.META, http), now=datetime.now(UTC)))


def live(_: dict[str, Any]) -> Answer:
    """The process answers."""
    return Answer(200, orjson.dumps({"status": "ok"}), _JSON)


def ready(_: dict[str, Any]) -> Answer:
    """200 where every part can do its work, as `/readyz` says in more words."""
    status = health.report(now=datetime.now(UTC)).status
    told = {"status": "ok" if status == HTTPStatus.OK else "not ready"}
    return Answer(status, orjson.dumps(told), _JSON)


def configuration(environ: dict[str, Any]) -> Answer:
    """Where clients of users find this server: their libraries ask before anything else."""
    slug, _ = scope_resolution.split_path(environ.get("PATH_INFO") or "/")
    prefix = f"{scope_resolution.PREFIX}{slug}" if slug else ""
    told = {"defaultEndpoint": f"//{urlsplit(settings.BASE_URL).netloc}{prefix}"}
    # Pages ask from anywhere, and it holds nothing of anybody.
    return Answer(200, orjson.dumps(told), {**_JSON, "Access-Control-Allow-Origin": "*"})


PLAIN: Final = {
    "/health": live,
    "/healthcheck": live,
    "/ready": ready,
    "/privmx-configuration.json": configuration,
}
"""What is asked with GET."""


def carried_live(http: HttpRequest, **_: Any) -> HttpResponse:
    """`live` behind Django."""
    return _carried(live(http.META))


def carried_ready(http: HttpRequest, **_: Any) -> HttpResponse:
    """`ready` behind Django."""
    return _carried(ready(http.META))


def carried_configuration(http: HttpRequest, **_: Any) -> HttpResponse:
    """`configuration` behind Django."""
    return _carried(configuration(http.META))


def _carried(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
