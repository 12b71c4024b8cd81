"""One request in, one answer out: manners, caller, permission, input, handler, answer."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from django.conf import settings

from identity.api.v1 import auth, bearers, cross_origin, repeats, replies, route, shapes
from identity.api.v1.caller import Caller
from identity.api.v1.replies import Streamed
from identity.api.v1.route import Asked, Reply, Route
from identity.api.v1.sent import Sent
from identity.api.v1.table import TABLE
from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import DomainError, Forbidden, Invalid, Kind, Unauthenticated
from identity.scoping import current, foresight
from identity.services import scopes
from identity.web import bodies, client_ip, scope_resolution
from identity.web import errors as refusals
from identity.web.lane import Answer
from identity.web.throttle import Throttle

MOST_PARAMETERS = 32

per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)


def answer(sent: Sent, *, now: datetime) -> Answer | Streamed:
    """Answer one request; refusals are answers. Other errors are the caller's to catch."""
    given = _answer(sent, now=now)
    if sent.path in cross_origin.PATHS and isinstance(given, Answer):
        return cross_origin.marked(given, sent, now=now)
    return given


def _answer(sent: Sent, *, now: datetime) -> Answer | Streamed:
    try:
        per_address.hit(client_ip.neighbourhood(sent.address), now=int(now.timestamp()))
        if sent.path in cross_origin.PATHS and cross_origin.is_preflight(sent):
            return Answer(204, b"")
        found, ids = _found(sent)
        _require_manners(sent, found)
        if found.permission == route.OPEN:
            return _open(sent, found, ids, now)
        foreseen = None if found.foresees is None else found.foresees(sent)
    except DomainError as refusal:
        return _refused(sent, refusal, now)
    with foresight.of(foreseen):
        return _let_in(sent, found, ids, now)


def _let_in(sent: Sent, found: Route, ids: Mapping[str, Any], now: datetime) -> Answer | Streamed:
    try:
        caller = _caller(sent, now)
    except DomainError as refusal:
        return _refused(sent, refusal, now)
    with current.in_scope(caller.actor.scope_id):
        try:
            done = _done(sent, found, ids, caller)
            if found.is_streamed:
                return replies.streamed(done)
            reply = replies.encoded(done)
        except DomainError as refusal:
            reply = replies.refused(refusal)
        return replies.signed(reply, sent, now=now) if replies.is_wanted(sent) else reply


def _refused(sent: Sent, refusal: DomainError, now: datetime) -> Answer:
    """A refusal before anybody is known, signed by the scope that the address names.

    So a client whose clock is wrong learns the time from a proven answer to its own request.
    """
    reply = _in_its_words(sent, refusal)
    if not replies.is_wanted(sent) or refusal.kind is Kind.LIMITED:
        return reply
    try:
        scope = scope_resolution.resolve(sent.named, now=now)
        with current.in_scope(scope.scope_id):
            return replies.signed(reply, sent, now=now)
    except DomainError:
        return reply


def _in_its_words(sent: Sent, refusal: DomainError) -> Answer:
    """Problem details, but for routes whose RFC has words of its own."""
    try:
        refuses = _found(sent)[0].refuses
    except DomainError:
        refuses = None
    return replies.encoded(refuses.told(refusal)) if refuses else replies.refused(refusal)


def _found(sent: Sent) -> tuple[Route, Mapping[str, Any]]:
    methods, ids = TABLE.find(sent.path)
    found = methods.get(sent.method)
    if found is None:
        raise refusals.MethodNotOffered(allow=", ".join(sorted(methods)))
    return found, ids


def _require_manners(sent: Sent, found: Route) -> None:
    if sent.body is None or len(sent.body) > found.longest:
        raise refusals.BodyTooLarge(f"A body has at most {found.longest // 1024} KiB here.")
    accepted = sent.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("*/*", "application/*", "json", found.media_type)):
        raise refusals.NotAcceptable
    if sent.body and found.body is None:
        raise refusals.BodyMalformed("This takes no body.")
    if found.body is None:
        return
    if sent.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise refusals.MediaTypeWrong("Send the body as it is, without a Content-Encoding.")
    if sent.body and _media_type(sent) not in {found.takes, route.JSON}:
        raise refusals.MediaTypeWrong(f"Send Content-Type: {found.takes}.")


def _media_type(sent: Sent) -> str:
    return sent.headers.get("content-type", "").partition(";")[0].strip().lower()


def _caller(sent: Sent, now: datetime) -> Caller:
    if sent.bearer is not None:
        return bearers.of(sent, sent.bearer, now=now)
    if sent.basic is not None:
        return bearers.basic(sent, sent.basic, now=now)
    if sent.is_signed:
        return auth.signer(sent, now=now)
    if sent.http is None:
        raise Unauthenticated
    return auth.staff(sent, sent.http, now=now)


def _open(sent: Sent, found: Route, ids: Mapping[str, Any], now: datetime) -> Answer:
    def answered(scope_id: UUID, slug: str) -> Answer:
        reading = scopes.read_ahead if found.is_of_scope else scopes.read_once
        with current.in_scope(scope_id), reading():
            asked = _asked(sent, found, ids, None, now, slug)
            reply = replies.encoded(found.run(asked))
            return replies.signed(reply, sent, now=now) if replies.is_wanted(sent) else reply

    if found.is_of_token or found.is_of_scope:
        return scope_resolution.at_once(sent.named, answered, now=now)
    scope = scope_resolution.resolve(sent.named, now=now)
    return answered(scope.scope_id, scope.slug)


def _done(sent: Sent, found: Route, ids: Mapping[str, Any], caller: Caller) -> Reply:
    if found.own is None or not caller.has_own(by_token=found.is_own_by_token):
        # Nothing of the input can make a difference, so nothing of it is read before.
        _require_right(found, caller)
    asked = _asked(sent, found, ids, caller, caller.now)
    if found.own is not None and not _has_right(found, caller) and not found.own(asked):
        _require_right(found, caller)
    if found.is_dangerous:
        caller.require_recent()
    key = sent.headers.get("idempotency-key")
    if key is None or sent.method in auth.SAFE:
        return found.run(asked)
    return repeats.once(key, found, asked)


def _require_right(found: Route, caller: Caller) -> None:
    # Whoever may not, learns not even what is there. The one door asks once more for commands; here
    # an answer that was stored needs the right that the caller has now.
    if not _has_right(found, caller):
        raise Forbidden(f"This needs the permission {found.permission}.")


def _has_right(found: Route, caller: Caller) -> bool:
    if not caller.may_use(found.kind):
        return False
    return found.permission == route.SELF or caller.actor.may(found.permission)


def _asked(
    sent: Sent,
    found: Route,
    ids: Mapping[str, Any],
    caller: Caller | None,
    now: datetime,
    slug: str = "",
) -> Asked:
    query = _query(sent.query, found.query)
    body = None
    if found.body is not None:
        read = _form if _media_type(sent) == route.FORM == found.takes else _body
        body = read(sent.body, found.body)
    for given in (query, body):
        if given is not None:
            shapes.require_times(given)
    return Asked(ids=ids, sent=sent, now=now, body=body, query=query, known=caller, slug=slug)


def _body(data: bytes | None, kind: type[Any]) -> Any:
    try:
        given = strict_json.decode(data or b"{}", most=bodies.MOST_BYTES)
    except EnvelopeMalformed as malformed:
        raise refusals.BodyMalformed(malformed.detail) from None
    with _told():
        return msgspec.convert(given, kind)


def _form(data: bytes | None, kind: type[Any]) -> Any:
    try:
        given = _pairs((data or b"").decode())
    except ValueError:
        raise refusals.BodyMalformed("The form can't be read.") from None
    with _told():
        return msgspec.convert(given, kind, strict=False)


def _pairs(text: str) -> dict[str, str]:
    """Raises ValueError, and Invalid for a parameter that is there twice (RFC 6749 §3.1)."""
    pairs = parse_qsl(
        text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=MOST_PARAMETERS
    )
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Invalid("A parameter is there twice.")
    return given


def _query(text: str, kind: type[Any] | None) -> Any:
    if not text and kind is None:
        return None
    try:
        given = _pairs(text)
    except ValueError:
        raise Invalid("The part behind the question mark can't be read.") from None
    if kind is None:
        raise Invalid("This takes no parameters.", unknown=sorted(given))
    _require_known(given, kind)
    with _told():
        found = msgspec.convert(given, kind, strict=False)
    if any(getattr(found, name) is None for name in given):
        raise Invalid("A parameter is absent or has a value; there is no null.")
    return found


def _require_known(given: Mapping[str, str], kind: type[Any]) -> None:
    """Whoever mistook a parameter's name is told the names that there are."""
    known = sorted(each.encode_name for each in msgspec.structs.fields(kind))
    if unknown := sorted(given.keys() - known):
        raise Invalid(f"This takes {', '.join(known)}.", unknown=unknown, known=known)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from None
