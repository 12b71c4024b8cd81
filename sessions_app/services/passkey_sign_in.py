"""Signing in and joining by passkey, and adding one to one's own account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import Passkey, User
from accounts.services import passkeys, proving_keys
from identity.actor import Actor
from identity.crypto import passkey
from identity.crypto.errors import SignatureInvalid
from identity.errors import Missing
from identity.services import audit, neighbourhoods, rates
from sessions_app.errors import ChallengeRefused, SignInRefused
from sessions_app.models import Session
from sessions_app.services import first_factor, passkey_ceremonies, passkey_proofs, visits
from sessions_app.services.first_factor import Arrival, Passed
from sessions_app.services.passkey_options import Ceremony
from sessions_app.services.passkey_proofs import Proven
from sessions_app.services.sessions import Origin

MOST_NOTED: Final = (10, 60 * 60)
"""How many refusals in how many seconds the history keeps of one user from one neighbourhood."""
_ALONE: Final = "alone"
_WORDS: Final = ("", _ALONE)


def begin_own(*, by: Actor, now: datetime) -> Ceremony:
    """Options to add a passkey to the actor's own account. Raises as `begin_registration`."""
    return passkey_ceremonies.begin_registration(user=_own(by), by=by, now=now)


def complete_own(
    *, challenge_id: UUID, credential: Mapping[str, Any], name: str, by: Actor, now: datetime
) -> Passkey:
    """Add the passkey to the actor's own account. Raises as `complete_registration`."""
    return passkey_ceremonies.complete_registration(
        challenge_id=challenge_id,
        user=_own(by),
        credential=credential,
        name=name,
        by=by,
        now=now,
    )


def begin_alone(*, name: str, now: datetime) -> Ceremony:
    """As `passkey_ceremonies.begin_authentication`; the session that follows ends other ones.

    Those are the user's sessions of the same audience, and nothing happens to them before the
    passkey is proven.
    """
    return passkey_ceremonies.begin_authentication(name=name, now=now, word=_ALONE)


def sign_in(
    *,
    challenge_id: UUID,
    name: str | None,
    credential: Mapping[str, Any],
    arrival: Arrival,
    now: datetime,
    browser: str = "",
) -> Passed:
    """Sign a person of the scope in force in.

    An authenticator that knew the person is two factors in one; else the one-time password is
    asked for where one is set up. `browser` is the mark that the ceremony was begun with. Refusals
    go into the history of whose passkey it is. Not to be called in a transaction. Raises
    SignInRefused, ChallengeRefused.
    """
    try:
        proven = passkey_ceremonies.complete_authentication(
            challenge_id=challenge_id,
            name=name,
            credential=credential,
            browser=browser,
            words=_WORDS,
            now=now,
        )
        return _begun(proven, arrival, now=now)
    except (SignInRefused, ChallengeRefused) as refusal:
        _note_refused(credential, refusal.code, arrival.origin, now=now)
        raise


def prove(
    *,
    challenge_id: UUID,
    name: str | None,
    credential: Mapping[str, Any],
    browser: str,
    origin: Origin,
    now: datetime,
) -> Passkey:
    """The passkey of the scope in force that was proven just now; refusals go into the history."""
    try:
        proven = passkey_ceremonies.complete_authentication(
            challenge_id=challenge_id, name=name, credential=credential, browser=browser, now=now
        )
        return passkey_proofs.noted(proven, now=now)
    except (SignInRefused, ChallengeRefused) as refusal:
        _note_refused(credential, refusal.code, origin, now=now)
        raise


def join(
    *,
    challenge_id: UUID,
    name: str,
    display_name: str,
    credential: Mapping[str, Any],
    arrival: Arrival,
    now: datetime,
    browser: str = "",
) -> Passed:
    """Make a newcomer with a first passkey, and sign them in.

    Raises as `passkey_ceremonies.complete_newcomer`.
    """
    made = passkey_ceremonies.complete_newcomer(
        challenge_id=challenge_id,
        name=name,
        display_name=display_name,
        credential=credential,
        address=arrival.origin.address,
        browser=browser,
        now=now,
    )
    key = proving_keys.of_passkey(made.passkey.id)
    return first_factor.passed(made.user, Session.Method.PASSKEY, arrival, key=key, now=now)


def _begun(proven: Proven, arrival: Arrival, *, now: datetime) -> Passed:
    """The use of the passkey and the session in one transaction; an alarm stands apart from it."""
    try:
        with transaction.atomic(), audit.gathered():
            passkey_proofs.use(proven, now=now)
            return _passed(proven, arrival, now=now)
    except passkeys.CountRegressed:
        raise passkey_proofs.regressed(proven, now=now) from None


def _passed(proven: Proven, arrival: Arrival, *, now: datetime) -> Passed:
    row = proven.passkey
    begin = first_factor.admitted if row.was_verified else first_factor.passed
    key = proving_keys.of_passkey(row.id)
    passed = begin(row.user, Session.Method.PASSKEY, arrival, key=key, now=now)
    if proven.challenge.word == _ALONE and isinstance(passed, Session):
        by = first_factor.actor_of(row.user, address=arrival.origin.address)
        visits.end_others(passed.user_id, but=passed.id, audience=passed.audience, by=by, now=now)
    return passed


def _own(by: Actor) -> User:
    rows = User.objects.filter(deleted_at__isnull=True)
    user = rows.filter(id=by.user_id).first() if by.user_id else None
    if user is None:
        raise Missing("There is no such user.")
    return user


def _note_refused(
    credential: Mapping[str, Any], reason: str, origin: Origin, *, now: datetime
) -> None:
    """Anybody can name a credential, so what is kept is bounded."""
    try:
        row = passkeys.known(passkey.credential_id(credential))
    except SignatureInvalid:
        return
    if row is None:
        return
    limit, window = MOST_NOTED
    place = neighbourhoods.of(origin.address) if origin.address else ""
    try:
        key = f"refused passkey {row.user_id} {place}"
        rates.hit(key, limit=limit, window=window, now=int(now.timestamp()))
    except rates.RateLimited:
        return
    first_factor.refused(row.user_id, Session.Method.PASSKEY, reason, origin, now=now)
