"""What browsers need for a ceremony of a passkey: the options, and the challenge in them."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings as deployment

from accounts.models import Passkey
from accounts.models.user import fold
from accounts.queries import names
from accounts.services import passkeys
from identity.crypto import base64url, passkey
from identity.queries import scope
from identity.scoping import current
from identity.services import passkey_settings, scopes
from identity.services.passkey_settings import PasskeyPolicy
from sessions_app.services import challenges

LASTS: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a browser needs: `options` is the JSON below "publicKey", bytes in base64url."""

    challenge_id: UUID
    options: dict[str, Any] = field(repr=False)


def policy() -> PasskeyPolicy:
    """What the scope in force asks of passkeys."""
    name = scope().name
    return passkey_settings.policy(scopes.settings(), name=name, base_url=deployment.BASE_URL)


def making(
    purpose: str,
    subject: str,
    name: str,
    shown: str,
    handle: str,
    present: Sequence[Passkey],
    *,
    now: datetime,
) -> Ceremony:
    """Options to make a passkey; the challenge is for `subject` and keeps the handle."""
    asked = policy()
    issued = challenges.issue(
        purpose=purpose, subject=subject, lasts=LASTS, data={"handle": handle}, now=now
    )
    options = {
        "rp": {"id": asked.rp_id, "name": asked.rp_name},
        "user": {"id": handle, "name": name, "displayName": shown},
        "challenge": _challenge(issued.secret),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": int(algorithm)} for algorithm in passkey.ALGORITHMS
        ],
        "timeout": int(LASTS.total_seconds() * 1000),
        "excludeCredentials": [_descriptor(row) for row in present],
        "authenticatorSelection": {
            "residentKey": "required" if asked.is_discoverable else "discouraged",
            "requireResidentKey": asked.is_discoverable,
            "userVerification": asked.user_verification,
        },
        "attestation": asked.attestation,
    }
    return Ceremony(issued.id, options)


def proving(purpose: str, name: str | None, *, subject: str, now: datetime) -> Ceremony:
    """Options to prove a passkey, of the user of this name or without a name."""
    asked = policy()
    issued = challenges.issue(purpose=purpose, subject=subject, lasts=LASTS, data={}, now=now)
    options: dict[str, Any] = {
        "challenge": _challenge(issued.secret),
        "timeout": int(LASTS.total_seconds() * 1000),
        "rpId": asked.rp_id,
        "allowCredentials": [] if name is None else _allowed(name),
        "userVerification": asked.user_verification,
    }
    return Ceremony(issued.id, options)


def _challenge(secret: str) -> str:
    return base64url.encode(bytes.fromhex(secret))


def subject(name: str | None) -> str:
    """What a challenge is bound to: a name of any length, or nobody's."""
    return "" if name is None else challenges.digest(fold(name))


def _allowed(name: str) -> list[dict[str, Any]]:
    user_id = names.named(name)
    rows = passkeys.of(user_id) if user_id else []
    return [_descriptor(row) for row in rows] or [_decoy(name)]


def _descriptor(row: Passkey) -> dict[str, Any]:
    return {"type": "public-key", "id": row.credential_id, "transports": row.transports}


def _decoy(name: str) -> dict[str, Any]:
    """The same for the same name, so that asking twice tells nothing."""
    message = f"passkey\n{current.required_scope()}\n{fold(name)}".encode()
    mark = hmac.new(deployment.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return {
        "type": "public-key",
        "id": base64url.encode(mark),
        "transports": ["hybrid", "internal"],
    }
