"""The face in front of Django, and behind it where there is no fast lane."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from identity.api.guardian import desk, sent
from identity.web import scope_resolution
from identity.web.lane import Answer


def takes(environ: dict[str, Any]) -> bool:
    """Whether a request is of this face."""
    _, path = scope_resolution.split_path(environ.get("PATH_INFO") or "/")
    return bool(sent.path_of(path))


def handle(environ: dict[str, Any]) -> Answer:
    """A request in the fast lane."""
    return desk.answer(sent.of_environ(environ, environ["wsgi.input"]), now=datetime.now(UTC))


@csrf_exempt  # nothing here is sent by a browser on its own: no cookie is read
def anything(http: HttpRequest, **_: Any) -> HttpResponse:
    """A request that Django carries."""
    answer = desk.answer(sent.of_environ(http.META, http), now=datetime.now(UTC))
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
