"""The face in front of Django, and behind it where there is no fast lane."""

from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from identity.api.passport import desk, sent
from identity.web.lane import Answer

PATHS: Final = ("/", "/passport")
METHODS: Final = ("POST", "OPTIONS")


def handle(environ: dict[str, Any]) -> Answer:
    """A request in the fast lane."""
    return desk.answer(sent.of_environ(environ, environ["wsgi.input"]), now=datetime.now(UTC))


@csrf_exempt  # nothing here is sent by a browser on its own: no cookie is read
def call(http: HttpRequest, **_: Any) -> HttpResponse:
    """A request that Django carries."""
    if http.method not in METHODS:
        return HttpResponse(status=405, headers={"Allow": ", ".join(METHODS)})
    answer = desk.answer(sent.of_environ(http.META, http), now=datetime.now(UTC))
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
