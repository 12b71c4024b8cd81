"""The proof of a passkey: an answer to a challenge, judged (WebAuthn Level 2 §7.2), and its use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Passkey
from accounts.queries import names
from accounts.queries import passkeys as stored
from accounts.services import passkeys
from identity.crypto import passkey
from identity.crypto.errors import SignatureInvalid
from identity.crypto.passkey import Asserted
from sessions_app.errors import SignInRefused
from sessions_app.services import passkey_challenges, passkey_options
from sessions_app.services.passkey_challenges import Asked, Open


@dataclass(frozen=True, slots=True)
class Proven:
    """A passkey that was proven just now by an answer to a challenge; its use is to be noted."""

    passkey: Passkey
    challenge: Open
    asserted: Asserted


def proven(
    about: Asked,
    name: str | None,
    challenge_id: UUID,
    credential: Mapping[str, Any],
    *,
    words: Sequence[str] = ("",),
    now: datetime,
) -> Proven:
    """The passkey behind an answer to a challenge that was issued for this, with one of the words.

    `name` is whom the person said to be, None where the authenticator says it. A wrong answer
    spends the challenge. Not to be called in a transaction. Raises SignInRefused, ChallengeRefused.
    """
    try:
        sent = passkey.challenge_in(credential)
        credential_id = passkey.credential_id(credential)
        handle = passkey.user_handle(credential)
    except SignatureInvalid:
        raise SignInRefused from None
    challenge = passkey_challenges.answered(challenge_id, sent, about, words=words, now=now)
    try:
        row = _whose(credential_id, name, handle)
        return Proven(row, challenge, _asserted(row, sent, credential))
    except SignInRefused:
        challenge.give_up()
        raise


def use(proven: Proven, *, now: datetime) -> None:
    """Spend the challenge and note the use, in the transaction of what they are for.

    Raises ChallengeRefused, `passkeys.CountRegressed`, at the latest with its next statement.
    """
    proven.challenge.spend()
    passkeys.use(proven.passkey, proven.asserted, now=now)


def regressed(proven: Proven, *, now: datetime) -> SignInRefused:
    """Raise the alarm of a counter that went backwards, after the transaction; what to raise."""
    proven.challenge.give_up()
    passkeys.alarm(proven.passkey, proven.asserted, now=now)
    return SignInRefused()


def noted(proven: Proven, *, now: datetime) -> Passkey:
    """Note the use of a passkey that was proven, and give it; not to be called in a transaction.

    Raises ChallengeRefused, and SignInRefused for a counter that went backwards, which leaves an
    alarm.
    """
    try:
        with transaction.atomic():
            use(proven, now=now)
    except passkeys.CountRegressed:
        raise regressed(proven, now=now) from None
    return proven.passkey


def _whose(credential_id: str, name: str | None, handle: str) -> Passkey:
    row = passkeys.known(credential_id)
    if row is None or not _is_whose(row, name, handle):
        raise SignInRefused
    return row


def _asserted(row: Passkey, sent: bytes, credential: Mapping[str, Any]) -> Asserted:
    asked = passkey_options.policy()
    if stored.state(row, rp_id=asked.rp_id) != stored.USABLE:
        raise SignInRefused
    try:
        asserted = passkey.verify_assertion(
            credential, passkey_options.expected(sent, asked), public_key=bytes(row.public_key)
        )
    except SignatureInvalid:
        raise SignInRefused from None
    # §7.2 step 19: whether a key may be copied to other devices never changes.
    if asserted.is_backup_eligible != row.is_backup_eligible:
        raise SignInRefused
    return asserted


def _is_whose(row: Passkey, name: str | None, handle: str) -> bool:
    """§7.2 step 6: the person was named, or the authenticator says whose credential it is."""
    if handle and handle != row.handle:
        return False
    return handle == row.handle if name is None else names.are_the_same(name, row.user.username)
