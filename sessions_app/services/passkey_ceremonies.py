"""Ceremonies of passkeys (WebAuthn Level 2 §7): options handed out, answers proven once.

A challenge is 256 bits that nobody foresees, good for one minute, one kind of ceremony and one
person or name.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts import errors as accounts_errors
from accounts.models import Passkey, User
from accounts.queries import names
from accounts.queries import passkeys as stored
from accounts.services import fields, passkeys, profiles
from accounts.services.profiles import Newcomer
from identity import errors
from identity.actor import Actor, ActorKind
from identity.crypto import base64url, passkey
from identity.crypto.errors import SignatureInvalid
from identity.crypto.passkey import Registered
from identity.scoping import current
from identity.services import audit, passkey_policy, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.services import challenges, passkey_options, passkey_proofs
from sessions_app.services.passkey_challenges import Asked
from sessions_app.services.passkey_options import Ceremony
from sessions_app.services.passkey_proofs import Proven

SOURCE: Final = names.BY_PASSKEY
"""The source of users who came by making a passkey."""
_REGISTER: Final = "passkey-register"
_JOIN: Final = "passkey-join"
_AUTHENTICATE: Final = "passkey-prove"
_AGAIN: Final = "passkey-again"


@dataclass(frozen=True, slots=True)
class Joined:
    """A newcomer with their first passkey."""

    user: User
    passkey: Passkey


def begin_registration(*, user: User, by: Actor, now: datetime) -> Ceremony:
    """Options to make another passkey of a user. Raises `accounts.errors.TooManyPasskeys`."""
    with current.in_scope(by.scope_id):
        present = stored.of(user.id)
        if len(present) >= passkeys.MOST:
            raise accounts_errors.TooManyPasskeys
        handle = present[0].handle if present else passkey_options.first_handle(user)
        shown = f"{user.first_name} {user.last_name}".strip() or user.username
        # One that is suspended, or of another domain, may be made anew where it lies.
        left_out = [row for row in present if row.is_usable]
        return passkey_options.making(
            _REGISTER, str(user.id), user.username, shown, handle, left_out, now=now
        )


def complete_registration(
    *,
    challenge_id: UUID,
    user: User,
    credential: Mapping[str, Any],
    name: str,
    by: Actor,
    now: datetime,
) -> Passkey:
    """Store the passkey that a user made. The challenge is spent by a wrong answer, too.

    Raises ChallengeRefused, `accounts.errors.PasskeyRefused`, `PasskeyTaken`, `TooManyPasskeys`,
    `identity.errors.Invalid`.
    """
    passkeys.checked_name(name)
    with current.in_scope(by.scope_id):
        found, data = _made(_REGISTER, str(user.id), challenge_id, credential, now=now)
        new = _new(found, name, data["handle"], credential)
        return passkeys.add_further(user_id=user.id, new=new, by=by, now=now)


def begin_newcomer(*, name: str, display_name: str, now: datetime, browser: str = "") -> Ceremony:
    """Options for somebody who is to be made together with a first passkey, in the scope in force.

    Whether the name is free shows at the end, to who made a passkey. `browser` is the mark of the
    one that alone may go on, "" for any. Raises SignUpClosed, `identity.errors.Invalid`.
    """
    _require_open()
    checked = fields.username(name)
    handle = base64url.encode(secrets.token_bytes(32))
    shown = display_name or checked
    return passkey_options.making(
        _JOIN,
        passkey_options.subject(checked),
        checked,
        shown,
        handle,
        [],
        browser=browser,
        now=now,
    )


def complete_newcomer(
    *,
    challenge_id: UUID,
    name: str,
    display_name: str,
    credential: Mapping[str, Any],
    now: datetime,
    address: str = "",
    browser: str = "",
) -> Joined:
    """Make a user of the scope in force with the passkey and the account that signs, or nothing.

    Raises SignUpClosed, ChallengeRefused, `accounts.errors.NameTaken`, `PasskeyTaken`,
    `PasskeyRefused`, `identity.errors.Invalid`.
    """
    _require_open()
    checked = fields.username(name)
    subject = passkey_options.subject(checked)
    found, data = _made(_JOIN, subject, challenge_id, credential, browser=browser, now=now)
    if names.named(checked) is not None:
        raise accounts_errors.NameTaken
    if passkeys.known(found.credential_id) is not None:
        raise accounts_errors.PasskeyTaken
    full_name = display_name if display_name != checked else ""
    newcomer = Newcomer(username=checked, full_name=full_name, source=SOURCE, address=address)
    new = _new(found, "", data["handle"], credential)
    with transaction.atomic(), audit.gathered():
        user = _joined(newcomer, now=now)
        by = Actor(
            ActorKind.SESSION,
            user.scope_id,
            user_id=user.id,
            public_id=user.public_id,
            address=address,
        )
        row = passkeys.add_first(user=user, new=new, by=by, now=now)
    return Joined(user, row)


def begin_authentication(
    *,
    name: str | None,
    now: datetime,
    browser: str = "",
    word: str = "",
) -> Ceremony:
    """Options to sign in to the scope in force, with a user name or without.

    A name that nobody has, or who has no passkey, gets the same answer with an id that belongs to
    nothing and is always the same. `browser` as in `begin_newcomer`; the `word` comes back with
    the challenge. Raises `identity.errors.Invalid` for what is no name.
    """
    name = None if name is None else fields.username(name)
    about = Asked(_AUTHENTICATE, passkey_options.subject(name), browser)
    return passkey_options.proving(name, about, word=word, now=now)


def complete_authentication(
    *,
    challenge_id: UUID,
    name: str | None,
    credential: Mapping[str, Any],
    now: datetime,
    browser: str = "",
    words: Sequence[str] = ("",),
) -> Proven:
    """The passkey of the scope in force that was proven just now, with its user.

    Its use is to be noted, and whether the user may sign in to be asked; `words` are those that the
    ceremony may have been begun with. Raises SignInRefused for everything that is wrong, whatever
    it is, ChallengeRefused for a challenge not of this answer.
    """
    try:
        name = None if name is None else fields.username(name)
    except errors.Invalid:
        raise SignInRefused from None
    about = Asked(_AUTHENTICATE, passkey_options.subject(name), browser)
    return passkey_proofs.proven(about, name, challenge_id, credential, words=words, now=now)


def begin_again(*, user: User, mark: str, now: datetime) -> Ceremony:
    """Options for somebody who is known to show once more who they are; `mark` is the session's."""
    return passkey_options.proving(user.username, Asked(_AGAIN, mark), now=now)


def complete_again(
    *, challenge_id: UUID, user: User, mark: str, credential: Mapping[str, Any], now: datetime
) -> Passkey:
    """The passkey of a known user that was proven just now, its use noted. Raises as `noted`."""
    about = Asked(_AGAIN, mark)
    proven = passkey_proofs.proven(about, user.username, challenge_id, credential, now=now)
    return passkey_proofs.noted(proven, now=now)


def _made(
    purpose: str,
    subject: str,
    challenge_id: UUID,
    credential: Mapping[str, Any],
    *,
    now: datetime,
    browser: str = "",
) -> tuple[Registered, dict[str, Any]]:
    try:
        sent = passkey.challenge_in(credential)
    except SignatureInvalid:
        raise accounts_errors.PasskeyRefused from None
    taken = challenges.take_bound(
        challenge_id, sent.hex(), purpose=purpose, subject=subject, browser=browser, now=now
    )
    asked = passkey_options.policy()
    try:
        found = passkey.verify_registration(credential, passkey_options.expected(sent, asked))
    except SignatureInvalid:
        raise accounts_errors.PasskeyRefused from None
    if asked.aaguids and found.aaguid not in asked.aaguids:
        raise accounts_errors.PasskeyRefused("This model of authenticator may not be used here.")
    if asked.attestation == "direct" and found.attestation == "none":
        raise accounts_errors.PasskeyRefused("This scope asks what the authenticator is.")
    return found, taken.data


def _new(found: Registered, name: str, handle: str, credential: Mapping[str, Any]) -> passkeys.New:
    transports = passkey.transports(credential)
    return passkeys.New(found, name, handle, passkey_policy.rp_id(), transports)


def _joined(newcomer: Newcomer, *, now: datetime) -> User:
    try:
        return profiles.join(newcomer, key=None, now=now)
    except errors.Conflict:
        raise accounts_errors.NameTaken from None


def _require_open() -> None:
    if not scopes.settings().passkey_sign_up:
        raise SignUpClosed
