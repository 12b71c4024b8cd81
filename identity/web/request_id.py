"""One id for each request: on every log line, in the answer, and taken over from a proxy."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from identity import ids

HEADER: Final = "X-Request-Id"
_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def of(environ: Mapping[str, Any]) -> str:
    """The id that came with the request if it is sane, else a new one.

    Sane is what can't break a log line or a header: 8 to 64 letters, digits, `.`, `_` and `-`.
    """
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if isinstance(given, str) and _SANE.fullmatch(given):
        return given
    return str(ids.new())


def enter(environ: Mapping[str, Any]) -> str:
    """Put the request's id on every log line of this thread from now on, and return it."""
    request_id = of(environ)
    # Threads serve one request after another: what the last one bound goes.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """For requests that did not come through the lane, and the header on all answers of Django."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request_id = request.META.get("countersign.request_id") or enter(request.META)
        response = get_response(request)
        response.headers[HEADER] = request_id
        return response

    return answer
