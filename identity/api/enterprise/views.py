"""`POST /request`: one envelope in, one envelope out (specification §3.2 and §3.4)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from identity.api.enterprise import auth, errors, methods, replies
from identity.crypto import cose, strict_json
from identity.crypto.errors import EnvelopeMalformed, EnvelopeUnauthentic
from identity.errors import DomainError, Invalid
from identity.scoping import current, doors
from identity.web import bodies, client_ip, scope_resolution
from identity.web.lane import Answer
from identity.web.throttle import Throttle, TooManyRequests

MEDIA_TYPES = frozenset({"application/octet-stream", "application/cose"})

per_address = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
per_device = Throttle(count=settings.REQUESTS_PER_DEVICE, seconds=60)


@dataclass(frozen=True, slots=True)
class Sent:
    """What matters of an HTTP request here.

    `expected_resource` binds the bytes to a path that names a resource; empty at `/request`.
    `body` is None when it was larger than allowed.
    """

    body: bytes | None
    media_type: str
    address: str
    named: scope_resolution.Named
    expected_resource: str = ""


class UnsupportedMediaType(EnvelopeMalformed):
    """The body is not announced as an envelope."""

    code = "envelope.media-type"
    title = "malformed envelope or JSON"


class TooLarge(EnvelopeMalformed):
    """The body is larger than 1 MiB."""

    code = "envelope.too-large"
    title = "malformed envelope or JSON"


def handle(environ: dict[str, Any]) -> Answer:
    """`POST /request` in the fast lane."""
    return respond(
        Sent(
            body=bodies.read(environ, environ["wsgi.input"]),
            media_type=environ.get("CONTENT_TYPE", ""),
            address=client_ip.of(environ),
            named=scope_resolution.of_environ(environ),
        ),
        now=datetime.now(UTC),
    )


@csrf_exempt
def request(http: HttpRequest, resource: str = "", slug: str = "") -> HttpResponse:
    """The Django view; `resource` is set where the address names one (`/users`)."""
    del slug  # The scope is read from the address as a whole.
    if http.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    answer = respond(
        Sent(
            body=bodies.read(http.META, http),
            media_type=http.META.get("CONTENT_TYPE", ""),
            address=client_ip.of(http.META),
            named=scope_resolution.of_environ(http.META),
            expected_resource=resource,
        ),
        now=datetime.now(UTC),
    )
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def respond(sent: Sent, *, now: datetime) -> Answer:
    """Answer one request: sealed for a verified sender, else signed in the clear."""
    digest = hashlib.sha256(sent.body or b"").digest()
    door: doors.RequestDoor | None = None
    try:
        outer = _outer(sent, now)
        door = doors.request_door(outer.device, outer.recipient_kid.hex())
        _require_same_scope(sent, door, now)
    except DomainError as refusal:
        return _refused_at_address(refusal, sent, digest, now)
    if door.scope_id is None:
        # Neither the device nor the key is known: the address says who refuses.
        return _refused_at_address(_why_unknown(outer), sent, digest, now)
    with current.in_scope(door.scope_id):
        try:
            return _opened(sent, outer, door, now)
        except DomainError as refusal:
            key = replies.signing_key(door, now)
            return _clear(refusal, replies.refused(refusal, key=key, digest=digest, now=now))


def _outer(sent: Sent, now: datetime) -> cose.Outer:
    per_address.hit(sent.address, now=int(now.timestamp()))
    if sent.body is None:
        raise TooLarge
    if sent.media_type.partition(";")[0].strip().lower() not in MEDIA_TYPES:
        raise UnsupportedMediaType
    return cose.read_outer(sent.body)


def _require_same_scope(sent: Sent, door: doors.RequestDoor, now: datetime) -> None:
    if door.scope is not None and door.scope.status == "active":
        scope_resolution.resolve(sent.named, now=now, credential=door.scope)


def _why_unknown(outer: cose.Outer) -> DomainError:
    # The same work and the same refusal as for a known device under an unknown key.
    try:
        cose.open_inner(outer, None)
    except DomainError as refusal:
        return refusal
    return EnvelopeUnauthentic()


def _opened(sent: Sent, outer: cose.Outer, door: doors.RequestDoor, now: datetime) -> Answer:
    opened = auth.open_envelope(
        sent.body or b"", outer=outer, door=door, address=sent.address, now=now
    )
    # Only who has the key uses up what its holder may ask.
    per_device.hit(outer.device, now=int(now.timestamp()))
    payload = strict_json.decode(opened.payload)
    recipient = replies.recipient(opened, payload)
    if sent.expected_resource and not _is_about(payload, sent.expected_resource):
        refusal = Invalid("The resource inside is not the one of this address.")
        result = errors.body(refusal)
    else:
        result = methods.answer(payload, opened.call)
    body = replies.sealed(result, opened=opened, recipient=recipient, now=now)
    return Answer(200, body, _HEADERS)


def _is_about(payload: Mapping[str, Any], resource: str) -> bool:
    named = payload.get("resource")
    return isinstance(named, str) and (named == resource or named.startswith(f"{resource}/"))


def _refused_at_address(refusal: DomainError, sent: Sent, digest: bytes, now: datetime) -> Answer:
    try:
        scope = scope_resolution.resolve(sent.named, now=now)
    except DomainError as unresolved:
        body = orjson.dumps({"type": f"/problems/{unresolved.code}", "title": unresolved.title})
        return Answer(404, body, {"Content-Type": "application/problem+json"})
    if isinstance(refusal, scope_resolution.ScopeMismatch):
        refusal = EnvelopeUnauthentic()
    with current.in_scope(scope.scope_id):
        from_scope = replies.refused(refusal, key=replies.active_key(), digest=digest, now=now)
    return _clear(refusal, from_scope)


def _clear(refusal: DomainError, body: bytes) -> Answer:
    headers = dict(_HEADERS)
    if isinstance(refusal, TooManyRequests):
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    return Answer(errors.http_status(refusal), body, headers)


_HEADERS = {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
