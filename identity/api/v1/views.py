"""The views of this face: each path of the table as a view of the REST framework."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from identity.api.v1 import description, desk, replies, sent
from identity.api.v1.replies import Streamed
from identity.api.v1.route import Route
from identity.errors import DomainError, Forbidden, Invalid
from identity.web import scope_resolution
from identity.web.lane import Answer


def is_of_program(environ: dict[str, Any]) -> bool:
    """Whether the fast lane takes this request: of a program, answered in one piece.

    Programs sign, or send a token; there is nothing of a browser's session to look at.
    """
    if "HTTP_SIGNATURE" not in environ:
        authorization = environ.get("HTTP_AUTHORIZATION")
        if authorization is None or not sent.is_token(authorization):
            return False
    _, path = scope_resolution.split_path(environ.get("PATH_INFO") or "/")
    return path.startswith(f"{sent.ROOT}/") and not path.endswith("/export")


def handle(environ: dict[str, Any]) -> Answer:
    """A program's request in the fast lane."""
    answer = desk.answer(sent.of_environ(environ), now=datetime.now(UTC))
    if isinstance(answer, Streamed):
        raise TypeError("what is streamed is not for the fast lane")
    return answer


@csrf_exempt
def anything(http: HttpRequest, **_: Any) -> HttpResponseBase:
    """Whatever the table knows or refuses, for paths that have no view."""
    return _response(desk.answer(sent.of_http(http), now=datetime.now(UTC)))


class TableView(APIView):
    """One path; the desk does all the work, so that the fast lane does the same."""

    routes: ClassVar[Mapping[str, Route]] = {}
    permission_classes = ()  # the desk asks for the one that the table declares
    schema = description.TableSchema()

    def perform_authentication(self, request: Request) -> None:
        """Nothing: the desk asks, and the session's user stays as Django found it."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """The first renderer; what may be asked for is the desk's question."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def http_method_not_allowed(self, request: Any, *_: Any, **__: Any) -> Any:
        """The desk's refusal."""
        return self.serve(request)

    def serve(self, request: Request, *_: Any, **__: Any) -> HttpResponseBase:
        """Answer a request."""
        return anything(request._request)  # noqa: SLF001 the desk reads what Django received


def of_path(path: str, routes: Mapping[str, Route]) -> Any:
    """The view of one path of the table."""
    name = "".join(word.title() for word in path.replace("{", "").replace("}", "").split("/"))
    handlers = {method.lower(): TableView.serve for method in routes}
    kind = type(f"{name}View", (TableView,), {**handlers, "routes": dict(routes)})
    kind.http_method_names = [method.lower() for method in routes]  # type: ignore[attr-defined]
    return kind.as_view()  # type: ignore[attr-defined]


def refuse(error: Exception, context: Any) -> HttpResponseBase | None:
    """The REST framework's own errors as problem details; others take Django's way to a 500."""
    del context
    if isinstance(error, DomainError):
        return _response(replies.refused(error))
    if isinstance(error, APIException):
        refusal = Forbidden() if error.status_code in {401, 403} else Invalid(str(error.detail))
        return _response(replies.refused(refusal))
    return None


def _response(answer: Answer | Streamed) -> HttpResponseBase:
    if isinstance(answer, Streamed):
        return StreamingHttpResponse(answer.parts, headers=dict(answer.headers))
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
