"""One call in, one answer out: envelope, method, caller, parameters, scope, and what is asked for.

The order of the checks is that of the protocol (specification §3). Whoever carries the call, HTTP
or a web socket, gets an answer and never an exception.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from django import db
from django.conf import settings

from identity.api.bridge import auth, cross_origin, errors, frame, inputs
from identity.api.bridge.connection import Connection
from identity.api.bridge.errors import Told, Wire
from identity.api.bridge.methods import METHODS
from identity.api.bridge.route import Asked
from identity.api.bridge.sent import Sent
from identity.errors import DomainError
from identity.scoping import current
from identity.web import client_ip
from identity.web.lane import RETRY_AFTER, Answer
from identity.web.throttle import Throttle

per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Reply:
    """What is answered: a body, and what HTTP says beside it."""

    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def answer(sent: Sent, *, now: datetime) -> Answer:
    """Answer one request of HTTP."""
    if sent.method == "OPTIONS":
        return cross_origin.preflight(sent)
    reply = _replied(sent.body, sent, None, now=now)
    headers = {**_HEADERS, **cross_origin.headers(sent), **reply.headers}
    return Answer(reply.status, orjson.dumps(reply.body), headers)


def call(
    text: str | bytes, *, connection: Connection | None, sent: Sent, now: datetime
) -> dict[str, Any]:
    """Answer one message of a web socket, whose opening `sent` tells; `connection` is changed."""
    return _replied(text, sent, connection, now=now).body


def _replied(
    text: str | bytes | None, sent: Sent, connection: Connection | None, *, now: datetime
) -> Reply:
    reply, call_id = Reply(), None
    try:
        per_address.hit(client_ip.neighbourhood(sent.address), now=int(now.timestamp()))
        called = frame.read(text)
        call_id = called.id
        reply.body = frame.result(call_id, _done(called, sent, connection, now=now))
    except frame.Malformed:
        reply.body = frame.refusal(None, errors.error(Wire.PARSE_ERROR))
    except Told as told:
        reply.body = frame.refusal(call_id, told.body)
    except DomainError as refusal:
        reply.status, reply.headers = errors.status(refusal), errors.headers(refusal)
        reply.body = frame.refusal(call_id, errors.body(refusal))
    except (db.OperationalError, db.InterfaceError):
        # The database does not answer: not the caller's fault, and over soon.
        _log.exception("the database does not answer")
        reply.status, reply.headers = 503, {"Retry-After": RETRY_AFTER}
        reply.body = frame.refusal(call_id, errors.error(Wire.INTERNAL_ERROR))
    except Exception:  # noqa: BLE001 the last resort; it is logged and answered
        _log.exception("call failed")
        reply.body = frame.refusal(call_id, errors.error(Wire.INTERNAL_ERROR))
    return reply


def _done(called: frame.Call, sent: Sent, connection: Connection | None, *, now: datetime) -> Any:
    method = METHODS.get(called.method)
    if method is None:
        raise Told(Wire.METHOD_NOT_FOUND)
    known = None
    if method.is_of_programs:
        known = auth.caller(sent, called, connection, now=now)
        if known is None:
            raise Told(Wire.UNAUTHORIZED)
    given = inputs.params(method.takes, called.params, holds_nul=called.holds_nul)
    asked = Asked(sent=sent, now=now, params=given, known=known, connection=connection)
    if known is None:
        return method.run(asked)
    with current.in_scope(known.door.scope_id):
        if method.permission and not known.actor.may(method.permission):
            raise Told(Wire.INSUFFICIENT_SCOPE, method.word)
        return method.run(asked)
