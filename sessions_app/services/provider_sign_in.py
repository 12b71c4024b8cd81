"""Signing in at a provider: one round from here to there and back, and who that is here.

State, verifier (RFC 7636) and nonce are made here, kept sealed in one challenge that is bound to
browser, provider and scope, and taken once.
"""

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from accounts import errors as accounts_errors
from accounts.models import ExternalIdentity, User
from accounts.services import external_identities
from accounts.services.external_identities import Proven
from identity import queries as ground
from identity.actor import Actor
from identity.services import scopes
from sessions_app.errors import ChallengeRefused, ProviderUnusable, SignInRefused, SignUpClosed
from sessions_app.models import Provider, Session
from sessions_app.queries import providers as queries
from sessions_app.services import (
    challenges,
    first_factor,
    history,
    provider_returns,
    providers,
    step_up,
)
from sessions_app.services.first_factor import Arrival, SecondFactorDue

LASTS: Final = timedelta(minutes=10)
PURPOSE: Final = "oauth"
_METHOD: Final = Session.Method.OAUTH


@dataclass(frozen=True, slots=True)
class Round:
    """One sign-in at a provider, with what is needed to ask it and to believe its answer."""

    provider_id: UUID
    slug: str
    kind: str
    issuer: str
    client_id: str
    options: Mapping[str, str]
    return_address: str
    secret: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the round is for: to sign in, or to link with the session that began it.

    `query` is what the page was asked with, so that it goes on where it was.
    """

    query: str = ""
    linking: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a provider says of who is there, its token or answer verified."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str


def begin(*, slug: str, wish: Wish, browser: str, now: datetime, return_address: str = "") -> Round:
    """Begin a round at an enabled provider of the scope in force, for this browser.

    `return_address` is where the provider sends people back to, the pages' own unless given.

    Raises ProviderUnusable.
    """
    provider = _enabled(slug)
    nonce, verifier = _random(), _random()
    issued = challenges.issue(
        purpose=PURPOSE,
        subject=str(provider.id),
        browser=browser,
        data={
            "query": wish.query,
            "linking": str(wish.linking) if wish.linking else "",
            "return_address": return_address,
        },
        sealed=orjson.dumps({"nonce": nonce, "verifier": verifier}),
        lasts=LASTS,
        now=now,
    )
    begun = _round(provider, state=issued.secret, nonce=nonce, verifier=verifier)
    return replace(begun, return_address=return_address or begun.return_address)


def resume(
    *, slug: str, state: str, browser: str, now: datetime, expected_return: str = ""
) -> tuple[Round, Wish]:
    """Take the round that came back: of two at once one does, and nobody after it.

    `expected_return` is the address that it must have been begun with, any for "".

    Raises ChallengeRefused for another browser, provider or scope, late or again; ProviderUnusable.
    """
    if not browser:
        raise ChallengeRefused
    provider = _enabled(slug)
    taken = challenges.take(
        state, purpose=PURPOSE, subject=str(provider.id), browser=browser, now=now
    )
    kept: dict[str, Any] = orjson.loads(taken.sealed)
    linking = taken.data["linking"]
    wish = Wish(query=taken.data["query"], linking=UUID(linking) if linking else None)
    begun = _round(provider, state=state, nonce=kept["nonce"], verifier=kept["verifier"])
    back = taken.data.get("return_address") or begun.return_address
    if expected_return and back != expected_return:
        raise ChallengeRefused
    return replace(begun, return_address=back), wish


def sign_in(
    asked: Round, asserted: Asserted, *, arrival: Arrival, now: datetime
) -> Session | SecondFactorDue:
    """Sign in whoever has this account at the provider; a newcomer joins where the scope allows.

    Raises SignUpClosed, SignInRefused.
    """
    proven = _proven(asked, asserted)
    user = external_identities.holder(proven.issuer, proven.subject)
    user = user or _joined(proven, arrival.origin.address, now=now)
    provider = queries.found(asked.provider_id)
    try:
        begun = first_factor.passed(user, _METHOD, arrival, provider=provider, now=now)
    except SignInRefused as refusal:
        _note(user, provider, refusal.code, arrival, now=now)
        raise
    external_identities.note_use(proven.issuer, proven.subject, now=now)
    return begun


def require_linkable(*, authenticated_at: datetime, now: datetime) -> None:
    """Linking needs a proof of the last five minutes. Raises StepUpNeeded."""
    step_up.require_fresh(authenticated_at, now=now)


def link(
    asked: Round, asserted: Asserted, *, by: Actor, authenticated_at: datetime, now: datetime
) -> ExternalIdentity:
    """Link the account to the user whose session began this round.

    That it is the same session is the caller's question. Raises StepUpNeeded,
    `accounts.errors.IdentityTaken`.
    """
    require_linkable(authenticated_at=authenticated_at, now=now)
    if by.user_id is None:
        raise SignInRefused
    proven = _proven(asked, asserted)
    return external_identities.link(user_id=by.user_id, proven=proven, by=by, now=now)


def _joined(proven: Proven, address: str, *, now: datetime) -> User:
    if not scopes.settings().sign_up:
        raise SignUpClosed
    try:
        return external_identities.join(proven, address=address, now=now)
    except accounts_errors.IdentityTaken:
        # The same person came by another browser at the same moment.
        found = external_identities.holder(proven.issuer, proven.subject)
        if found is None:
            raise SignInRefused from None
        return found


def _proven(asked: Round, asserted: Asserted) -> Proven:
    return Proven(
        provider=asked.slug,
        issuer=asserted.issuer,
        subject=asserted.subject,
        email=asserted.email,
        is_email_verified=asserted.is_email_verified,
        name=asserted.name,
    )


def _enabled(slug: str) -> Provider:
    provider = Provider.objects.filter(slug=slug, status=Provider.Status.ENABLED).first()
    if provider is None:
        raise ProviderUnusable
    return provider


def _round(provider: Provider, *, state: str, nonce: str, verifier: str) -> Round:
    return Round(
        provider_id=provider.id,
        slug=provider.slug,
        kind=provider.kind,
        issuer=provider.issuer,
        client_id=provider.client_id,
        options=provider.options,
        return_address=provider_returns.address(ground.scope().slug, provider.slug),
        secret=providers.secret_of(provider),
        state=state,
        nonce=nonce,
        verifier=verifier,
    )


def _note(user: User, provider: Provider, reason: str, arrival: Arrival, *, now: datetime) -> None:
    history.refused(
        user_id=user.id,
        method=_METHOD,
        provider_name=provider.slug,
        reason=reason,
        address=arrival.origin.address,
        user_agent=arrival.origin.user_agent,
        now=now,
    )


def _random() -> str:
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
