"""Passkeys of staff: to sign in to the admin, as its second step, as a fresh proof, and one's own.

Each ceremony is bound to the browser that began it by the secret of its tokens against forged
forms. An authenticator that knew the person is two factors in one (NIST SP 800-63B §5.1.9, a
multi-factor cryptographic device); one that did not is something that was held, and no more.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from accounts.queries import passkeys as stored
from accounts.queries.passkeys import PasskeyRow
from accounts.services import operators, passkeys
from identity.errors import Forbidden
from identity.pages import signing_in, staff_session
from identity.pages.signing_in import Half
from identity.scoping import current, doors
from identity.services import passkey_policy
from identity.web import client_ip
from identity.web.throttle import Throttle
from sessions_app.errors import SignInRefused
from sessions_app.services import passkey_ceremonies, passkey_sign_in
from sessions_app.services.passkey_options import Ceremony
from sessions_app.services.sessions import Origin

_SLUG: Final = re.compile(r"[a-z0-9-]{1,63}")
_CHALLENGES: Final = Throttle(120, 60)
_UNVERIFIED: Final = (
    "This passkey did not ask for your finger, face or PIN, which is not enough by itself. Sign in "
    "with your password, and use it then."
)
_WITH_GENERATOR: Final = (
    "This passkey did not ask for your finger, face or PIN. Type your password and a code instead."
)


def begin_sign_in(request: HttpRequest, slug: str, name: str) -> Ceremony:
    """Options to sign in in the scope of this slug, "" for operators, with a name or without.

    Raises SignInRefused, `identity.errors.Invalid`, TooManyRequests.
    """
    now = datetime.now(UTC)
    place = client_ip.neighbourhood(client_ip.of(request.META))
    _CHALLENGES.hit(place, now=int(now.timestamp()))
    with current.in_scope(_scope(slug)):
        return passkey_ceremonies.begin_authentication(
            name=name or None, browser=_mark(request), now=now
        )


def signed_in(
    request: HttpRequest, slug: str, name: str, answer: dict[str, Any], *, wanted: str
) -> bool:
    """Begin a session, or note that a one-time password is due (False).

    Raises SignInRefused, ChallengeRefused, Forbidden.
    """
    now = datetime.now(UTC)
    with current.in_scope(_scope(slug)):
        row = passkey_sign_in.prove(
            **answer,
            name=name or None,
            browser=_mark(request),
            origin=Origin(client_ip.of(request.META), request.META.get("HTTP_USER_AGENT", "")),
            now=now,
        )
        user = signing_in.staff_of(row.user_id)
        if user is None:
            raise SignInRefused
        if row.was_verified:
            auth.logout(request)
            signing_in.begin(request, user, passkey=row.id, now=now)
            return True
        if user.one_time_password_id is None and settings.STAFF_ONE_TIME_PASSWORDS:
            raise Forbidden(_UNVERIFIED)
        auth.logout(request)
        if user.one_time_password_id is not None:
            signing_in.note_half(request, user, Half(wanted, passkey=row.id))
            return False
        signing_in.begin(request, user, passkey=row.id, now=now)
        return True


def may_finish(request: HttpRequest) -> bool:
    """Whether a passkey may be the second step: after a password, of who has one."""
    user = signing_in.half_signed_in(request)
    if user is None or signing_in.passkey_of_half(request) is not None:
        return False
    with current.in_scope(user.scope_id):
        return stored.has_usable(user.id)


def begin_second(request: HttpRequest) -> Ceremony:
    """Options for the second step. Raises SignInRefused where none is due that a passkey may be."""
    if not may_finish(request):
        raise SignInRefused
    user: Any = signing_in.half_signed_in(request)
    with current.in_scope(user.scope_id):
        return passkey_ceremonies.begin_again(user=user, mark=_mark(request), now=datetime.now(UTC))


def finished(request: HttpRequest, answer: dict[str, Any]) -> None:
    """Begin the session of who gave a password before. Raises SignInRefused, ChallengeRefused."""
    if not may_finish(request):
        raise SignInRefused
    user: Any = signing_in.half_signed_in(request)
    now = datetime.now(UTC)
    with current.in_scope(user.scope_id):
        row = passkey_ceremonies.complete_again(**answer, user=user, mark=_mark(request), now=now)
        signing_in.begin(request, user, passkey=row.id, now=now)


def begin_proof(request: HttpRequest) -> Ceremony:
    """Options for who is signed in, to show it again."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return passkey_ceremonies.begin_again(user=user, mark=_mark(request), now=datetime.now(UTC))


def proved(request: HttpRequest, answer: dict[str, Any]) -> None:
    """Note that who is signed in has just shown it. Raises as `signed_in`."""
    user: Any = request.user
    now = datetime.now(UTC)
    with current.in_scope(user.scope_id):
        row = passkey_ceremonies.complete_again(**answer, user=user, mark=_mark(request), now=now)
    if user.one_time_password_id is not None and not row.was_verified:
        raise Forbidden(_WITH_GENERATOR)
    staff_session.prove(request, now)
    request.session.cycle_key()


def own(request: HttpRequest) -> list[PasskeyRow]:
    """The passkeys of who is signed in."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return stored.of(user.id)


def are_possible(request: HttpRequest) -> bool:
    """Whether passkeys of the account's own scope can be used at the admin."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return passkey_policy.is_for_own_pages()


def one(request: HttpRequest, passkey_id: UUID) -> PasskeyRow:
    """One of them. Raises Missing."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return stored.one(user.id, passkey_id)


def begin_own(request: HttpRequest) -> Ceremony:
    """Options to make another one. Raises ReauthenticationNeeded, TooManyPasskeys."""
    staff_session.require_recent(request)
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return passkey_sign_in.begin_own(by=staff_session.at_home(request), now=datetime.now(UTC))


def add(request: HttpRequest, answer: dict[str, Any], name: str) -> None:
    """Keep the passkey that was made. Raises what `passkey_sign_in.complete_own` raises."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        by = staff_session.at_home(request)
        passkey_sign_in.complete_own(**answer, name=name, by=by, now=datetime.now(UTC))


def rename(request: HttpRequest, passkey_id: UUID, name: str) -> None:
    """Call one of the own ones something else. Raises Missing, Invalid."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        passkeys.rename(
            user_id=user.id,
            passkey_id=passkey_id,
            name=name,
            by=staff_session.at_home(request),
            now=datetime.now(UTC),
        )


def remove(request: HttpRequest, passkey_id: UUID) -> None:
    """Let one of the own ones go. Raises Missing, LastWayIn."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        passkeys.remove(
            user_id=user.id,
            passkey_id=passkey_id,
            by=staff_session.at_home(request),
            now=datetime.now(UTC),
        )


def _scope(slug: str) -> UUID:
    """The scope whose staff signs in. Raises SignInRefused."""
    named = slug or operators.PLATFORM
    # No slug holds other letters, and not every database can be asked for them.
    door = doors.scope_by_slug(named) if _SLUG.fullmatch(named) else None
    if door is None or door.status != "active":
        raise SignInRefused
    return door.scope_id


def _mark(request: HttpRequest) -> str:
    secret = f"staff {request.META.get('CSRF_COOKIE', '')}"
    return hashlib.sha256(secret.encode()).hexdigest()
