"""One request in, one answer out: manners, caller, rank, input, handler, answer.

Who asks is settled before a body is judged, so that who is not let in learns nothing from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from identity.api.guardian import auth, errors, inputs, route
from identity.api.guardian.caller import Caller
from identity.api.guardian.errors import Told
from identity.api.guardian.route import Asked, Route
from identity.api.guardian.sent import Sent
from identity.api.guardian.table import TABLE
from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import DomainError, Forbidden, Missing, Unauthenticated
from identity.scoping import current
from identity.services import scopes
from identity.web import client_ip, scope_resolution, storable
from identity.web import errors as refusals
from identity.web.lane import Answer
from identity.web.throttle import Throttle

per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")
_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request is at home, and who sent it."""

    scope_id: UUID
    slug: str
    caller: Caller | None


def answer(sent: Sent, *, now: datetime) -> Answer:
    """Answer one request; refusals too. Other errors are the caller's to catch."""
    found: Route | None = None
    try:
        per_address.hit(client_ip.neighbourhood(sent.address), now=int(now.timestamp()))
        found, ids = TABLE.find(sent.method, sent.path)
        place = _place(sent, found, now)
        with current.in_scope(place.scope_id):
            _require_rank(found, place.caller)
            return found.run(_asked(sent, found, place, ids, now))
    except DomainError as refusal:
        return errors.refused(refusal, as_status=found.refusal if found else None)
    except Told as told:
        return told.answer()


def _place(sent: Sent, found: Route, now: datetime) -> _Place:
    """The caller's scope; that of the address where nobody needs to be signed in."""
    if _needs_caller(sent, found):
        caller = auth.caller(sent, now=now)
        return _Place(caller.door.scope_id, caller.door.scope_slug, caller)
    resolved = scope_resolution.resolve(sent.named, now=now)
    return _Place(resolved.scope_id, resolved.slug, None)


def _needs_caller(sent: Sent, found: Route) -> bool:
    """Whether a session is needed: a token that is sent always counts."""
    if found.permission in {route.DEMO, route.REGISTRY_OR_DEMO}:
        return bool(sent.authorization)
    return found.permission != route.OPEN


def _require_rank(found: Route, caller: Caller | None) -> None:
    """Refuse who may not use this route, whatever is sent. In the scope.

    Raises Unauthenticated, Forbidden, and Missing for what there is in demo mode alone.
    """
    if found.permission in {route.OPEN, route.SELF}:
        return
    if found.permission == route.REGISTRY:
        _require_registry(caller)
    elif not scopes.settings().demo_mode:
        if found.permission == route.DEMO:
            raise Missing
        _require_registry(caller)


def _require_registry(caller: Caller | None) -> None:
    if caller is None:
        raise Unauthenticated
    if not caller.member.is_registry:
        raise Forbidden


def _asked(sent: Sent, found: Route, place: _Place, ids: Mapping[str, str], now: datetime) -> Asked:
    query, given = sent.query(), _given(sent, found)
    storable.require(given, query)
    if storable.holds_nul(ids):
        # As every other name that nothing has.
        raise Missing
    body = None
    if found.body is not None:
        body = inputs.read(given, found.body, status=found.malformed)
    return Asked(
        sent=sent,
        now=now,
        scope_id=place.scope_id,
        slug=place.slug,
        body=body,
        given=given,
        query=query,
        ids=ids,
        known=place.caller,
    )


def _given(sent: Sent, found: Route) -> Any:
    """The JSON object of the body; None for none."""
    if sent.body is None:
        raise refusals.BodyTooLarge
    if not sent.body.strip() or sent.method in _SAFE:
        return None
    if found.body is None and not found.takes_json:
        # Client libraries send an empty object where there is nothing to say.
        return None
    if not _JSON.fullmatch(sent.media_type):
        raise refusals.MediaTypeWrong
    try:
        return strict_json.decode(sent.body)
    except EnvelopeMalformed as malformed:
        raise refusals.BodyMalformed(malformed.detail) from None
