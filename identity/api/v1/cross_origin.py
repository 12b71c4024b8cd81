"""Scripts of pages of other origins (CORS, Fetch §3.2): which may read an answer, and whose pages.

Only what an application's page needs that has no server of its own. Nobody's cookies play a part,
so there is no leave for credentials.
"""

from datetime import datetime
from typing import Final

from identity.api.v1.sent import Sent
from identity.api.v1.table import TABLE
from identity.errors import DomainError
from identity.scoping import current
from identity.web import scope_resolution
from identity.web.lane import Answer
from sessions_app.queries import applications

PATHS: Final = frozenset(each.path for each in TABLE.routes if each.is_for_pages)
REMEMBERED: Final = "600"
"""Seconds that a browser may keep the answer to a preflight; a request is judged anew."""


def is_preflight(sent: Sent) -> bool:
    """Whether a browser asks beforehand if a script of another origin may send a request."""
    asks = "origin" in sent.headers and "access-control-request-method" in sent.headers
    return sent.method == "OPTIONS" and asks


def marked(answer: Answer, sent: Sent, *, now: datetime) -> Answer:
    """The answer with leave to read it, if an application of the scope has pages of this origin."""
    headers = {**answer.headers, "Vary": f"{answer.headers.get('Vary', 'Cookie')}, Origin"}
    origin = sent.headers.get("origin", "")
    if origin and _is_of_application(sent, origin, now=now):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "Retry-After"
        if is_preflight(sent):
            headers["Access-Control-Allow-Methods"] = "POST"
            headers["Access-Control-Allow-Headers"] = "Content-Type"
            headers["Access-Control-Max-Age"] = REMEMBERED
    return Answer(answer.status, answer.body, headers, answer.cookies)


def _is_of_application(sent: Sent, origin: str, *, now: datetime) -> bool:
    try:
        scope = scope_resolution.resolve(sent.named, now=now)
    except DomainError:
        return False
    with current.in_scope(scope.scope_id):
        return origin in applications.origins()
