"""The proof of a passkey: an answer to a challenge, judged (WebAuthn Level 2 §7.2), and its use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Passkey
from accounts.queries import names
from accounts.queries import passkeys as stored
from accounts.services import passkeys
from identity.crypto import passkey
from identity.crypto.errors import SignatureInvalid
from identity.crypto.passkey import Asserted
from sessions_app.errors import SignInRefused
from sessions_app.services import challenges, passkey_options


@dataclass(frozen=True, slots=True)
class Proven:
    """A passkey that was proven just now, what was kept with the challenge, and what was proven."""

    passkey: Passkey
    kept: Mapping[str, Any]
    asserted: Asserted


def proven(
    purpose: str,
    subject: str,
    name: str | None,
    challenge_id: UUID,
    credential: Mapping[str, Any],
    *,
    now: datetime,
    browser: str = "",
) -> Proven:
    """The passkey behind an answer to a challenge that was issued for this purpose and subject.

    `name` is whom the person said to be, None where the authenticator says it. The challenge is
    spent whatever comes of it. Raises SignInRefused, ChallengeRefused.
    """
    try:
        sent = passkey.challenge_in(credential)
        credential_id = passkey.credential_id(credential)
        handle = passkey.user_handle(credential)
    except SignatureInvalid:
        raise SignInRefused from None
    taken = challenges.take_bound(
        challenge_id, sent.hex(), purpose=purpose, subject=subject, browser=browser, now=now
    )
    row, asked = passkeys.known(credential_id), passkey_options.policy()
    if row is None or not _is_whose(row, name, handle):
        raise SignInRefused
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
    return Proven(row, taken.data, asserted)


def noted(proven: Proven, *, now: datetime) -> Passkey:
    """Note the use of a passkey that was proven, and give it; not to be called in a transaction.

    Raises SignInRefused for a counter that went backwards, which leaves an alarm.
    """
    if passkeys.use(proven.passkey, proven.asserted, now=now):
        return proven.passkey
    passkeys.alarm(proven.passkey, proven.asserted, now=now)
    raise SignInRefused


def _is_whose(row: Passkey, name: str | None, handle: str) -> bool:
    """§7.2 step 6: the person was named, or the authenticator says whose credential it is."""
    if handle and handle != row.handle:
        return False
    return handle == row.handle if name is None else names.are_the_same(name, row.user.username)
