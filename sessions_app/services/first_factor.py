"""After a first proof: a session, or the question for a one-time password where one is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts import queries as accounts
from accounts.errors import OneTimePasswordRefused
from accounts.models import User
from accounts.services import one_time_passwords, profiles
from identity.actor import Actor, ActorKind
from identity.services import audit
from sessions_app.errors import ChallengeRefused, SignInRefused
from sessions_app.models import Provider, Session
from sessions_app.services import challenges, history, sessions
from sessions_app.services.sessions import Origin, Proof

LASTS: Final = timedelta(minutes=5)
TRIES: Final = 5
PURPOSE: Final = "second-factor"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a proof came from and for whom the tokens will be."""

    origin: Origin
    audience: str
    browser: str
    """The mark of the browser; "" for a program that has none."""
    lasts: timedelta | None = None
    """How long the session lives without being renewed; None for what the scope says."""


@dataclass(frozen=True, slots=True)
class SecondFactorDue:
    """The first proof was right, and a one-time password is asked for before there is a session.

    `ticket` is a secret, good for five minutes in the browser that made the first step.
    """

    ticket: str = field(repr=False)
    expires_at: datetime


Passed = Session | SecondFactorDue
"""What follows a right first proof."""


def require_usable(user: User, *, address: str, now: datetime) -> None:
    """Raises SignInRefused for a user who may not sign in, or not from this address."""
    is_in_time = user.expires_at is None or user.expires_at > now
    is_usable = user.status == User.Status.ACTIVE and user.kind == User.Kind.PERSON and is_in_time
    if not is_usable or not accounts.is_allowed_from(user.networks, address):
        raise SignInRefused


def admit(user: User, method: Session.Method, *, origin: Origin, now: datetime) -> None:
    """Let a user in whose key was proven, if nothing stands against signing in from there.

    A refusal is put into the user's history. Not to be called in a transaction. Raises
    SignInRefused.
    """
    try:
        require_usable(user, address=origin.address, now=now)
    except SignInRefused as refusal:
        refused(user.id, method, refusal.code, origin, now=now)
        raise


def passed(
    user: User,
    method: Session.Method,
    arrival: Arrival,
    *,
    now: datetime,
    provider: Provider | None = None,
    key: str = "",
) -> Passed:
    """What follows a right first proof of a user of the scope in force. Raises SignInRefused.

    `provider` is the one that vouched, where one did; `key` as in `Proof`.
    """
    require_usable(user, address=arrival.origin.address, now=now)
    if user.one_time_password_id is None:
        return _begun(user, method, arrival, provider=provider, key=key, now=now)
    issued = challenges.issue(
        purpose=PURPOSE,
        subject=arrival.audience,
        browser=arrival.browser,
        data={
            "user": str(user.id),
            "method": str(method),
            "generator": str(user.one_time_password_id),
            "provider": str(provider.id) if provider else "",
            "key": key,
        },
        tries=TRIES,
        lasts=LASTS,
        now=now,
    )
    return SecondFactorDue(issued.secret, now + LASTS)


def admitted(
    user: User, method: Session.Method, arrival: Arrival, *, now: datetime, key: str = ""
) -> Session:
    """The session after a proof that is two factors in one. Raises SignInRefused."""
    require_usable(user, address=arrival.origin.address, now=now)
    return _begun(user, method, arrival, provider=None, key=key, now=now)


def complete(*, ticket: str, code: str, arrival: Arrival, now: datetime) -> Session:
    """Give the one-time password, or a recovery code, that a first proof asked for.

    A try is counted before the code is looked at, and the generator counts its own. Not to be
    called in a transaction. Raises ChallengeRefused for a ticket of another browser or application,
    used, late or given up; OneTimePasswordRefused; SignInRefused.
    """
    step = challenges.attempt(ticket, purpose=PURPOSE, browser=arrival.browser, now=now)
    user = User.objects.filter(id=UUID(step.data["user"])).first()
    if user is None or step.subject != arrival.audience:
        raise ChallengeRefused
    method = Session.Method(step.data["method"])
    require_usable(user, address=arrival.origin.address, now=now)
    if str(user.one_time_password_id) != step.data["generator"]:
        # Another generator, or none, since the first step: that step is worth nothing any more.
        raise ChallengeRefused
    by = actor_of(user, address=arrival.origin.address)
    try:
        one_time_passwords.check(user_id=user.id, code=code, by=by, now=now)
    except OneTimePasswordRefused:
        refused(user.id, method, OneTimePasswordRefused.code, arrival.origin, now=now)
        raise
    with transaction.atomic(), audit.gathered():
        challenges.finish(step.id, now=now)
        provider, key = _vouching(step.data), str(step.data.get("key", ""))
        return _begun(user, method, arrival, provider=provider, key=key, now=now)


def refused(
    user_id: UUID, method: Session.Method, reason: str, origin: Origin, *, now: datetime
) -> None:
    """Put into the history of a user that somebody failed to sign in as this user."""
    history.refused(
        user_id=user_id,
        method=method,
        provider_name=str(method),
        reason=reason,
        address=origin.address,
        user_agent=origin.user_agent,
        now=now,
    )


def actor_of(user: User, *, address: str) -> Actor:
    """The user who is about to sign in: acts for its own account alone."""
    return Actor(
        kind=ActorKind.SESSION,
        scope_id=user.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        address=address,
    )


def _vouching(data: Mapping[str, Any]) -> Provider | None:
    """The provider of the first step, which must still be enabled. Raises ChallengeRefused."""
    if not data.get("provider"):
        return None
    provider = Provider.objects.filter(id=data["provider"], status="enabled").first()
    if provider is None:
        raise ChallengeRefused
    return provider


def _begun(
    user: User,
    method: Session.Method,
    arrival: Arrival,
    *,
    provider: Provider | None,
    key: str,
    now: datetime,
) -> Session:
    origin = arrival.origin
    # Whoever is refused has nothing to keep of what a caller did for it.
    with transaction.atomic(savepoint=False), audit.gathered():
        by = actor_of(user, address=origin.address)
        profiles.arrived(user_id=user.id, by=by, now=now)
        return sessions.begin(
            user=user,
            proof=Proof(
                method,
                provider_name=provider.slug if provider else "",
                provider_id=provider.id if provider else None,
                key=key,
            ),
            origin=origin,
            audience=arrival.audience,
            lasts=arrival.lasts or sessions.usual_life(),
            now=now,
        )
