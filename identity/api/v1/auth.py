"""Who sent a request: from a signature or a session to a caller in its scope."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware

from accounts import queries as accounts
from accounts.services import devices
from identity.api.v1 import bearers
from identity.api.v1.caller import Caller, Device, Staff
from identity.api.v1.sent import Sent
from identity.crypto import ecdsa_p256, http_signatures
from identity.crypto.errors import EnvelopeReplayed, SignatureInvalid
from identity.crypto.http_signatures import Verified
from identity.errors import DomainError, Unauthenticated
from identity.pages import staff_session
from identity.scoping import current, doors
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import nonces
from identity.web import scope_resolution
from identity.web.errors import CsrfRefused
from identity.web.throttle import Throttle

SAFE: Final = frozenset({"GET", "HEAD"})
_NOBODY: Final = UUID(int=0)

per_device = Throttle(count=settings.REQUESTS_PER_DEVICE, seconds=60)


class _Door:
    """The look-up of one signature's device or API key, with all that may stand against it."""

    def __init__(self, sent: Sent, now: datetime) -> None:
        self._sent = sent
        self._now = now
        self.found: doors.RequestDoor | None = None
        self.program: ApiKeyDoor | None = None

    def key(self, key_id: str) -> ecdsa_p256.PublicKey:
        """The key of the signer; nobody's for whoever is refused, so that all cost the same."""
        device_id = _uuid(key_id)
        self.found = doors.request_door(device_id, "")
        if self.found.invitation_id is not None:
            return ecdsa_p256.DUMMY
        if self.found.device_id is None:
            self.program = bearers.signing_key(self._sent, str(device_id), now=self._now)
            public = self.program.public_key if self.program else ""
            return ecdsa_p256.stored_public(public) if public else ecdsa_p256.DUMMY
        if not self._is_at_its_scope(self.found):
            return ecdsa_p256.DUMMY
        key = accounts.verifying_key(self.found, address=self._sent.address, now=self._now)
        return key or ecdsa_p256.DUMMY

    def _is_at_its_scope(self, door: doors.RequestDoor) -> bool:
        if door.scope is None:
            return False
        try:
            scope_resolution.resolve(self._sent.named, now=self._now, credential=door.scope)
        except DomainError:
            return False
        return True


def signer(sent: Sent, *, now: datetime) -> Caller:
    """The device that signed this request, or the program whose API key did.

    Raises Unauthenticated, the same for every cause, and TooManyRequests. The nonce is taken at
    once, outside any transaction: a refused request can't be sent twice either.
    """
    door, seconds = _Door(sent, now), int(now.timestamp())
    try:
        verified = http_signatures.verify(_request(sent), door.key, now=seconds)
    except SignatureInvalid:
        raise Unauthenticated from None
    # Only who has the key uses up what its holder may ask.
    if door.program is not None:
        per_device.hit(door.program.id, now=seconds)
        with current.in_scope(door.program.scope_id):
            _take_nonce(door.program.id, verified)
            return bearers.program(sent, door.program, now=now)
    sender = accounts.sender_of(door.found) if door.found else None
    if door.found is None or sender is None:
        raise Unauthenticated
    per_device.hit(sender.device_id, now=seconds)
    with current.in_scope(sender.scope_id):
        _take_nonce(sender.device_id, verified)
        actor = accounts.device_actor(door.found, sender, address=sent.address)
        if door.found.is_unverified:
            devices.verify_first_use(device_id=sender.device_id, by=actor, now=now)
        devices.mark_seen(device_id=sender.device_id, now=now)
    return Device(actor=actor, now=now, sent=sent, verified=verified)


def staff(sent: Sent, http: HttpRequest, *, now: datetime) -> Caller:
    """The member of staff whose session this is. Raises Unauthenticated, CsrfRefused."""
    actor = staff_session.actor_of(http)
    if actor is None:
        raise Unauthenticated
    if sent.method not in SAFE:
        _require_csrf(http)
    try:
        scope_resolution.resolve(sent.named, now=now, credential=doors.scope_by_id(actor.scope_id))
    except DomainError:
        raise Unauthenticated from None
    return Staff(actor=actor, now=now, http=http)


def _request(sent: Sent) -> http_signatures.Request:
    return http_signatures.Request(
        method=sent.method, url=sent.target_uri, headers=sent.headers, body=sent.body or b""
    )


def _take_nonce(signer_id: UUID, verified: Verified) -> None:
    last = verified.created + http_signatures.WINDOW
    expires_at = datetime.fromtimestamp(last + 60, tz=UTC)
    try:
        nonces.remember(device_id=signer_id, nonce=verified.nonce.encode(), expires_at=expires_at)
    except EnvelopeReplayed:
        raise Unauthenticated from None


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        return _NOBODY
    # One way of writing it, so that counts per device can't be passed by another one.
    return found if str(found) == text else _NOBODY


class _Csrf(CsrfViewMiddleware):
    """Django's own check, which only says that it refuses."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        del request
        return HttpResponseForbidden(reason)


def _require_csrf(http: HttpRequest) -> None:
    check = _Csrf(_nothing)
    check.process_request(http)
    if check.process_view(http, _nothing, (), {}):
        raise CsrfRefused


def _nothing(_: HttpRequest) -> HttpResponse:
    """In place of a view that may not be exempt."""
    return HttpResponse()
