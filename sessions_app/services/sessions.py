"""Sessions: begun by a proof, checked on every request, ended at once; see `rotation`, too."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts import queries as accounts
from accounts.models import User
from accounts.services import proving_keys, standing
from identity.actor import Actor, ActorKind
from identity.scoping import current, inserts, prepared
from identity.scoping.session_doors import SessionDoor
from identity.services import audit, neighbourhoods, scopes
from sessions_app import jwt
from sessions_app.errors import SignInRefused, TokenRefused
from sessions_app.models import Session
from sessions_app.models.session import NEVER
from sessions_app.services import ending, history, tokens
from sessions_app.services.tokens import Live

_USER: Final = prepared.prepare(lambda user: User.objects.filter(id=user), "user")
SECOND_HAND: Final = frozenset({Session.Method.BACKEND, Session.Method.SESSION})
"""Ways to begin that are no proof by the user: another server's word, an earlier session."""
BEGUN_BY: Final = "begun_by"
"""In a session's data: the word of the key (`accounts.services.proving_keys`) that began it."""
PROVEN_BY: Final = "proven_by"
"""In a session's data: the word of the key that gave the latest fresh proof, if one did."""
MOST_LIFE: Final = timedelta(days=90)
"""No session is renewed beyond this; then a proof is needed again."""
SEEN_EVERY: Final = timedelta(minutes=1)
_ACTIVE_DEVICE: Final = frozenset({"active", "unverified"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from, as the face read it. A visitor's mark is a label, no secret."""

    address: str = ""
    user_agent: str = ""
    visitor: str = ""

    @property
    def holder(self) -> str:
        """Who holds a refresh token: the same browser in the same neighbourhood of the network."""
        parts = (neighbourhoods.of(self.address), self.user_agent[:512], self.visitor)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Proof:
    """How a user proved who it is. `provider_name` is the word that clients show for it.

    `key` is the word of the wallet or passkey (`accounts.services.proving_keys`); whoever removes
    that ends the session.
    """

    method: Session.Method
    provider_name: str = ""
    provider_id: UUID | None = None
    device_id: UUID | None = None
    wallet_os: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A session that may act now, and what its token said."""

    door: SessionDoor
    claims: dict[str, Any]

    def actor(self, address: str) -> Actor:
        """The bearer: it acts for its own account, carries no permissions and approves nothing."""
        door = self.door
        return Actor(
            kind=ActorKind.SESSION,
            scope_id=door.scope_id,
            user_id=door.user_id,
            public_id=door.user_public_id,
            device_id=door.device_id,
            session_id=door.session_id,
            is_program=door.user_kind == "program",
            address=address,
        )


def start(
    *,
    user_id: UUID,
    proof: Proof,
    origin: Origin,
    audience: str,
    lasts: timedelta,
    now: datetime,
    role: str = "",
    data: dict[str, Any] | None = None,
) -> Session:
    """Begin a session of an active user of the scope in force who has proven who it is.

    `lasts` is how long it lives without being renewed. Raises SignInRefused for a user who is
    missing, disabled, deleted or whose time is over, and for a key that is the user's no more.
    """
    user = _USER.instance(User, user=user_id)
    if user is None:
        raise SignInRefused
    return begin(
        user=user,
        proof=proof,
        origin=origin,
        audience=audience,
        lasts=lasts,
        now=now,
        role=role,
        data=data,
    )


def begin(
    *,
    user: User,
    proof: Proof,
    origin: Origin,
    audience: str,
    lasts: timedelta,
    now: datetime,
    role: str = "",
    data: dict[str, Any] | None = None,
) -> Session:
    """As `start`, for a user who was read just now; whoever was shut out since is refused, too."""
    # Whoever is refused has nothing to keep of what the caller did for it.
    with transaction.atomic(savepoint=False), audit.gathered():
        standing.hold_active(user.id, refusal=SignInRefused, now=now)
        if proof.key:
            proving_keys.hold(proof.key, user.id, refusal=SignInRefused)
        session = _new(user, proof, origin, now=now)
        session.audience, session.role, session.data = audience, role, {**(data or {})}
        if proof.key:
            session.data[BEGUN_BY] = proof.key
        session.expires_at = now + min(lasts, MOST_LIFE)
        inserts.insert_later(session)
        history.succeeded(session, now=now)
        facts = {"method": str(proof.method), "provider": session.provider_name}
        ending.record("session.started", session.id, by=bearer(session, user), now=now, facts=facts)
    return session


def usual_life() -> timedelta:
    """How long a session of the scope in force lives without being renewed."""
    return timedelta(days=scopes.settings().session_days)


def live(session: Session, *, scope_slug: str) -> Live:
    """What the tokens of a session that was just begun are made of."""
    return Live(
        session_id=session.id,
        scope_slug=scope_slug,
        user_id=session.user_id,
        public_id=session.user.public_id,
        audience=session.audience,
        serial=session.refresh_serial,
        refreshed_at=session.refreshed_at,
        expires_at=session.expires_at,
    )


def check(token: str, *, audience: str, address: str, now: datetime) -> Checked:
    """The session behind an access token, if it may act now. One statement.

    A scope, user, device, provider or session that was shut out in the meantime is refused here, on
    the next request. Raises TokenRefused, the same for every cause.
    """
    found = tokens.read(token, expected_use=jwt.ACCESS, expected_audience=audience, now=now)
    require_usable(found.door, address=address, now=now)
    return Checked(found.door, found.claims)


def require_usable(door: SessionDoor, *, address: str, now: datetime) -> None:
    """Raises TokenRefused unless nothing stands against this session."""
    is_usable = (
        door.status == Session.Status.ACTIVE
        and door.expires_at > now
        and door.scope_status == "active"
        and door.user_status == User.Status.ACTIVE
        and (door.user_expires_at is None or door.user_expires_at > now)
        and (door.device_id is None or door.device_status in _ACTIVE_DEVICE)
        and door.provider_status != "disabled"
        and accounts.is_allowed_from(door.networks, address)
    )
    if not is_usable:
        raise TokenRefused


def mark_seen(door: SessionDoor, *, now: datetime) -> None:
    """Note that the session was used, at most once a minute; not an event of the record."""
    if now - door.last_seen_at >= SEEN_EVERY:
        Session.objects.filter(id=door.session_id).update(last_seen_at=now)


def end(*, session_id: UUID, reason: str, by: Actor, now: datetime) -> bool:
    """End one session of the actor's scope; whether it was still going on.

    What applications got from it ends too: whoever signs out at the sign-in page is out.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        return ending.one(session_id, reason, by=by, now=now)


def replace(*, session_id: UUID, by_session: Session, by: Actor, now: datetime) -> None:
    """End a browser's session whose place another one takes.

    What applications got from it goes on under the other one if that is the same user's.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        ending.hand_over(session_id, by_session)
        ending.one(session_id, "replaced", by=by, now=now)


def end_all_of(
    user_id: UUID,
    *,
    by: Actor,
    now: datetime,
    reason: str = "user-disabled",
    but: UUID | None = None,
) -> int:
    """End every session of a user, except perhaps one; how many were going on."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        going_on = Session.objects.filter(user_id=user_id, status=Session.Status.ACTIVE)
        chosen = going_on.exclude(id=but) if but else going_on
        ended = ending.all_of(chosen, reason, now=now)
        if ended:
            facts = {"count": ended, "reason": reason}
            subject = ("user", str(user_id))
            audit.record("user.signed-out", by=by, subject=subject, now=now, facts=facts)
    return ended


def _new(user: User, proof: Proof, origin: Origin, *, now: datetime) -> Session:
    return Session(
        scope_id=user.scope_id,
        user=user,
        device_id=proof.device_id,
        provider_id=proof.provider_id,
        method=proof.method,
        provider_name=proof.provider_name or str(proof.method),
        visitor=origin.visitor[:80],
        wallet_os=proof.wallet_os[:32],
        user_agent=origin.user_agent[:512],
        address=origin.address,
        created_at=now,
        last_seen_at=now,
        # Another's word is no proof by the user, and an earlier session is no fresh one.
        authenticated_at=NEVER if proof.method in SECOND_HAND else now,
        refreshed_at=now,
        holder=origin.holder,
    )


def bearer(session: Session, user: User) -> Actor:
    """Whoever holds a session's tokens."""
    return Actor(
        kind=ActorKind.SESSION,
        scope_id=session.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        device_id=session.device_id,
        session_id=session.id,
        address=session.address,
    )
