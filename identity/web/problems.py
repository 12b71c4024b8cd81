"""Refusals as HTTP answers: problem details (RFC 9457) for every DomainError."""

from collections.abc import Callable
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import defaults

from identity.errors import DomainError, Kind

STATUS: Final[dict[Kind, int]] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.UNPROCESSABLE: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
MEDIA_TYPE: Final = "application/problem+json"


def body(error: DomainError) -> dict[str, Any]:
    """The members of a problem details object. Facts are members too and replace no fixed one."""
    problem = dict(error.facts)
    problem |= {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": STATUS[error.kind],
    }
    # What is broken inside, and where, is for the log and for nobody outside.
    if error.detail and error.kind is not Kind.UNAVAILABLE:
        problem["detail"] = error.detail
    return problem


def headers(error: DomainError) -> dict[str, str]:
    """What the status asks for: Retry-After (RFC 9110 §10.2.3), and never a stored copy."""
    answer = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    retry_after = error.facts.get("retry_after")
    if retry_after is not None:
        answer["Retry-After"] = str(retry_after)
    return answer


def response(error: DomainError) -> HttpResponse:
    """A refusal as an answer of Django."""
    return HttpResponse(encoded(body(error)), status=STATUS[error.kind], headers=headers(error))


def encoded(problem: dict[str, Any]) -> bytes:
    """JSON bytes; values that JSON does not know are shown as text."""
    return orjson.dumps(problem, default=str, option=orjson.OPT_NON_STR_KEYS)


def plain(status: int, title: str) -> bytes:
    """A problem that has no code of ours (RFC 9457 §4.2.1, about:blank)."""
    return encoded({"type": "about:blank", "title": title, "status": status})


class ProblemMiddleware:
    """Turns a DomainError that a view let through into problem details."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing to do on the way."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to a refusal; other errors take Django's way to a 500."""
        if not isinstance(error, DomainError):
            return None
        return response(error)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: a page for people, a problem for programs."""
    if is_person(request):
        return defaults.page_not_found(request, exception)
    return _plain(404, "Not Found")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    if is_person(request):
        return defaults.permission_denied(request, exception)
    return _plain(403, "Forbidden")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if is_person(request):
        return defaults.bad_request(request, exception)
    return _plain(400, "Bad Request")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; the error itself is in the log, never in the answer."""
    if is_person(request):
        return defaults.server_error(request)
    return _plain(500, "Internal Server Error")


def is_person(request: HttpRequest) -> bool:
    """Whether a page is wanted: browsers name HTML; programs say "anything" or nothing."""
    return "text/html" in request.headers.get("accept", "")


def _plain(status: int, title: str) -> HttpResponse:
    return HttpResponse(plain(status, title), status=status, content_type=MEDIA_TYPE)
