"""What browsers need for a ceremony of a passkey: the options, and the challenge in them."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings as deployment

from accounts.models import User
from accounts.models.user import fold
from accounts.queries import passkeys
from accounts.queries.passkeys import PasskeyRow
from identity.crypto import base64url, passkey
from identity.crypto.passkey import Expected
from identity.scoping import current
from identity.services import passkey_policy
from identity.services.passkey_settings import PasskeyPolicy
from sessions_app.services import challenges, passkey_challenges
from sessions_app.services.passkey_challenges import LASTS, Asked

_MAKES: Final[Sequence[tuple[int, tuple[str, ...]]]] = (
    *3 * [(16, ("hybrid", "internal"))],
    *3 * [(20, ("hybrid", "internal"))],
    *3 * [(32, ("internal",))],
    (48, ("usb", "nfc")),
    (64, ("usb",)),
)
"""Lengths of credential ids and ways to reach them, as of common makes, the commoner ones more
often: keychains of telephones, keychains of browsers, platforms, security keys."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a browser needs: `options` is the JSON below "publicKey", bytes in base64url."""

    challenge_id: UUID
    options: dict[str, Any] = field(repr=False)


def policy() -> PasskeyPolicy:
    """What the scope in force asks of passkeys."""
    return passkey_policy.in_force()


def making(
    purpose: str,
    subject: str,
    name: str,
    shown: str,
    handle: str,
    present: Sequence[PasskeyRow],
    *,
    now: datetime,
    browser: str = "",
) -> Ceremony:
    """Options to make a passkey; the challenge is for `subject` and keeps the handle."""
    asked = policy()
    issued = challenges.issue(
        purpose=purpose,
        subject=subject,
        lasts=LASTS,
        data={"handle": handle},
        browser=browser,
        now=now,
    )
    options = {
        "rp": {"id": asked.rp_id, "name": asked.rp_name},
        "user": {"id": handle, "name": name, "displayName": shown},
        "challenge": base64url.encode(bytes.fromhex(issued.secret)),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": int(algorithm)} for algorithm in passkey.ALGORITHMS
        ],
        "timeout": int(LASTS.total_seconds() * 1000),
        "excludeCredentials": [_descriptor(row.credential_id, row.transports) for row in present],
        "authenticatorSelection": {
            "residentKey": "required" if asked.is_discoverable else "discouraged",
            "requireResidentKey": asked.is_discoverable,
            "userVerification": asked.user_verification,
        },
        "attestation": asked.attestation,
    }
    return Ceremony(issued.id, options)


def proving(name: str | None, about: Asked, *, word: str = "", now: datetime) -> Ceremony:
    """Options to prove a passkey, of the user of this name or without a name."""
    # The policy comes along with them where it was not read yet.
    stored = [] if name is None else passkeys.descriptors(name)
    asked = policy()
    challenge_id, challenge = passkey_challenges.issue(about, word=word, now=now)
    options: dict[str, Any] = {
        "challenge": base64url.encode(challenge),
        "timeout": int(LASTS.total_seconds() * 1000),
        "rpId": asked.rp_id,
        "allowCredentials": [] if name is None else _allowed(name, stored, asked.rp_id),
        "userVerification": asked.user_verification,
    }
    return Ceremony(challenge_id, options)


def expected(challenge: bytes, asked: PasskeyPolicy) -> Expected:
    """What the answer to this challenge has to be."""
    return Expected(
        challenge,
        asked.rp_id,
        asked.origins,
        asked.needs_verification,
        is_attested=bool(asked.aaguids),
        roots=asked.roots,
    )


def first_handle(user: User) -> str:
    """The same for two first passkeys that are made at the same time, and nobody else's guess."""
    message = f"passkey-handle\n{user.scope_id}\n{user.id}".encode()
    mark = hmac.new(deployment.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return base64url.encode(mark)


def subject(name: str | None) -> str:
    """What a challenge is bound to: a name of any length, or nobody's."""
    return "" if name is None else challenges.digest(fold(name))


def _allowed(
    name: str, stored: Sequence[tuple[str, list[str], str]], rp_id: str
) -> list[dict[str, Any]]:
    rows = [(credential_id, reached) for credential_id, reached, at in stored if at == rp_id]
    return [_descriptor(*row) for row in rows] or [_decoy(name)]


def _descriptor(credential_id: str, transports: Sequence[str]) -> dict[str, Any]:
    return {"type": "public-key", "id": credential_id, "transports": list(transports)}


def _decoy(name: str) -> dict[str, Any]:
    """What somebody with one passkey might have; the same for the same name.

    Authenticators of one make give ids of one length, so each name is given a make.
    """
    message = f"passkey\n{current.required_scope()}\n{fold(name)}".encode()
    mark = hmac.new(deployment.SECRET_KEY.encode(), message, hashlib.sha512).digest()
    # The byte that chooses is not one of those that are shown.
    size, transports = _MAKES[mark[-1] % len(_MAKES)]
    shown = hashlib.sha512(mark).digest()[:size]
    return {"type": "public-key", "id": base64url.encode(shown), "transports": list(transports)}
