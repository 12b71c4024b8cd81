"""One request in, one answer out: manners, caller, input, handler, answer."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings

from identity.api.blocklet import access_keys, app_signature, auth, errors, inputs, route, wording
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.errors import Told
from identity.api.blocklet.route import Asked, Route
from identity.api.blocklet.sent import Sent
from identity.api.blocklet.table import TABLE
from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import DomainError, Forbidden, Invalid
from identity.scoping import current, foresight
from identity.web import client_ip, scope_resolution, storable
from identity.web import errors as refusals
from identity.web.lane import Answer
from identity.web.throttle import Throttle
from sessions_app.services import sessions

FORM: Final = "application/x-www-form-urlencoded"
_NUL: Final = (b"\\u0000", b"%00", b"\0")
"""How a body writes it, in JSON and in a form."""
per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")


def answer(sent: Sent, *, now: datetime) -> Answer:
    """Answer one request; refusals too. Other errors are the caller's to catch."""
    found: Route | None = None
    try:
        per_address.hit(client_ip.neighbourhood(sent.address), now=int(now.timestamp()))
        found, ids = TABLE.find(sent.method, sent.path)
        return _let_in(sent, found, ids, now)
    except DomainError as refusal:
        as_status = found.refusal if found else None
        return errors.refused(refusal, as_status=as_status, language=_language(sent, found))
    except Told as told:
        return told.answer(_language(sent, found))


def _let_in(sent: Sent, found: Route, ids: Mapping[str, str], now: datetime) -> Answer:
    given, query = _given(sent, found), sent.query()
    is_odd = any(sign in (sent.body or b"") for sign in _NUL)
    storable.require(given if is_odd else {}, query, ids)
    foreseen = auth.foreseen(sent, given, query, now) if found.is_of_profile else None
    with foresight.of(foreseen):
        return _by_caller(sent, found, ids, (given, query), now)


def _by_caller(
    sent: Sent,
    found: Route,
    ids: Mapping[str, str],
    told: tuple[Mapping[str, Any], Mapping[str, str]],
    now: datetime,
) -> Answer:
    given, query = told
    caller = _caller(sent, found, given, query, now) if found.permission == route.SELF else None

    def answered(scope_id: UUID, slug: str) -> Answer:
        with current.in_scope(scope_id):
            if found.permission == route.BACKEND:
                app_signature.require_signature(sent, given, query, now=now)
            if caller is not None and not caller.is_key:
                sessions.mark_seen(caller.door, now=now)
            return found.run(
                _asked(sent, found, (scope_id, slug), (given, query, ids), caller, now)
            )

    if caller is not None:
        return answered(caller.door.scope_id, caller.door.scope_slug)
    if found.is_of_token:
        return scope_resolution.at_once(sent.named, answered, now=now, refusals=(DomainError, Told))
    resolved = scope_resolution.resolve(sent.named, now=now)
    return answered(resolved.scope_id, resolved.slug)


def _language(sent: Sent, found: Route | None) -> str:
    """The language of a refusal, of a body that may be what was refused."""
    given: Mapping[str, Any] = {}
    if found is not None:
        with suppress(DomainError):
            given = _given(sent, found)
    return wording.locale_of(sent, given)


def _caller(
    sent: Sent, found: Route, given: Mapping[str, Any], query: Mapping[str, str], now: datetime
) -> Caller:
    if not access_keys.is_sent(sent):
        return auth.caller(sent, given, query, now)
    caller = access_keys.caller(sent, now=now)
    if not found.for_keys:
        raise Forbidden("An access key can't do this: it takes somebody who is signed in.")
    return caller


def _asked(
    sent: Sent,
    found: Route,
    scope: tuple[UUID, str],
    told: tuple[Mapping[str, Any], Mapping[str, str], Mapping[str, str]],
    caller: Caller | None,
    now: datetime,
) -> Asked:
    given, query, ids = told
    body = None
    if found.body is not None:
        try:
            body = msgspec.convert(given, found.body)
        except msgspec.ValidationError as error:
            raise Invalid(inputs.in_their_words(str(error))) from None
    return Asked(
        sent=sent,
        now=now,
        scope_id=scope[0],
        slug=scope[1],
        body=body,
        given=given,
        query=query,
        ids=ids,
        known=caller,
    )


def _given(sent: Sent, found: Route) -> Mapping[str, Any]:
    """The JSON object of the body; {} for none. Forms are read where the route takes them."""
    if sent.body is None:
        raise refusals.BodyTooLarge
    if not sent.body or sent.method in auth.SAFE:
        return {}
    if found.takes_form and sent.media_type == FORM:
        return sent.form()
    if not _JSON.fullmatch(sent.media_type):
        # axios announces a form where it has nothing to send.
        if not sent.body.strip() or sent.body == b"{}":
            return {}
        raise refusals.MediaTypeWrong
    try:
        return strict_json.decode(sent.body)
    except EnvelopeMalformed as malformed:
        raise refusals.BodyMalformed(malformed.detail) from None
