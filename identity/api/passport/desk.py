"""One request in, one reply out: manners, scope, origin, channel, caller, method."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson
from django.conf import settings

from identity.api.passport import auth, cross_origin, errors
from identity.api.passport.errors import Told, Waits
from identity.api.passport.methods import METHODS
from identity.api.passport.route import Asked, Method, Who
from identity.api.passport.sent import Sent
from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import DomainError
from identity.rpc import frame
from identity.scoping import current
from identity.web import client_ip, scope_resolution, storable
from identity.web import errors as refusals
from identity.web.lane import Answer
from identity.web.throttle import Throttle

per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "Vary": "Origin",
}


@dataclass(slots=True)
class _Reply:
    """What is known while a request is answered. `origin` is one that may read the answer.

    Every page may read what is said before there is a scope: it holds nothing of any.
    """

    call_id: frame.CallId = None
    origin: str = ""


def answer(sent: Sent, *, now: datetime) -> Answer:
    """Answer one request; refusals too. Other errors are the caller's to catch."""
    if sent.method == "OPTIONS":
        return cross_origin.preflight(sent, now=now)
    reply = _Reply(origin=cross_origin.ANY if sent.origin else "")
    body = _body(sent, reply, now=now)
    headers = dict(_HEADERS)
    if reply.origin:
        headers["Access-Control-Allow-Origin"] = reply.origin
    return Answer(200, orjson.dumps(body), headers)


def _body(sent: Sent, reply: _Reply, *, now: datetime) -> dict[str, Any]:
    try:
        per_address.hit(client_ip.neighbourhood(sent.address), now=int(now.timestamp()))
        call = _read(sent, reply)
        return frame.result(call.id, _let_in(sent, call, reply, now=now))
    except frame.Malformed as malformed:
        told = str(malformed)
        return frame.error(malformed.call_id, code=frame.INVALID_REQUEST, message=told)
    except DomainError as refusal:
        return errors.refused(reply.call_id, refusal)
    except Told as told:
        return errors.told(reply.call_id, told)
    except Waits as waiting:
        return errors.waits(reply.call_id, waiting)


def _read(sent: Sent, reply: _Reply) -> frame.Call:
    if sent.body is None:
        raise refusals.BodyTooLarge
    try:
        given = strict_json.decode(sent.body)
    except EnvelopeMalformed:
        frame.refuse_batch(sent.body)
        raise
    call = frame.read(given)
    reply.call_id = call.id
    storable.require(call.params)
    return call


def _let_in(sent: Sent, call: frame.Call, reply: _Reply, *, now: datetime) -> Any:
    method = METHODS.get(call.method)
    if method is None:
        raise errors.method_unknown()
    if method.who is Who.NOBODY_YET:
        return method.run(Asked(sent=sent, now=now, params=call.params, named_scope=None, slug=""))
    credential = auth.scope_of_token(sent) if method.who is Who.ACCOUNT else None
    resolved = scope_resolution.resolve(sent.named, now=now, credential=credential)
    with current.in_scope(resolved.scope_id):
        reply.origin = ""
        cross_origin.require_own(sent)
        reply.origin = sent.origin
        return _run(method, sent, call, resolved, now=now)


def _run(
    method: Method,
    sent: Sent,
    call: frame.Call,
    resolved: scope_resolution.Resolved,
    *,
    now: datetime,
) -> Any:
    asked = Asked(
        sent=sent,
        now=now,
        params=call.params,
        named_scope=resolved.scope_id,
        slug=resolved.slug,
        known_channel=auth.channel(sent, now=now) if method.has_channel else None,
    )
    if method.who is Who.ACCOUNT:
        asked = replace(asked, known=auth.caller(asked))
    return method.run(asked)
