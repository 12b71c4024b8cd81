"""Texts that the holder of a user key signs to show that the key is theirs.

Each is made here for one key, one act and one scope, says so in the clear, and is answered once.
User keys are those of `identity.crypto.user_key`: secp256k1, of devices, unknown to the server.
"""

import base64
import binascii
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from identity import paging
from identity import queries as ground
from identity.crypto import stable_json, user_key
from identity.crypto.errors import KeyInvalid, SignatureInvalid
from identity.crypto.user_key import PublicKey
from identity.errors import Invalid
from identity.scoping import current
from sessions_app.errors import ChallengeRefused
from sessions_app.services import challenges, tokens

TYPE: Final = "user-key/1"
LASTS: Final = timedelta(minutes=5)
LONGEST_MESSAGE: Final = 8192
_HEX: Final = re.compile(r"[0-9a-fA-F]{130}", re.ASCII)


class Act(enum.StrEnum):
    """What a signature is asked for; it is good for nothing else."""

    SIGN_IN = "sign-in"
    SIGN_UP = "sign-up"
    JOIN = "join"
    ADD_KEY = "add-key"
    STEP_UP = "step-up"

    @property
    def purpose(self) -> str:
        """The purpose of the challenge."""
        return f"user-key:{self}"


@dataclass(frozen=True, slots=True)
class Proven:
    """A key whose holder signed a text just now, and what else the text said."""

    key: PublicKey
    said: Mapping[str, Any]
    message: bytes = field(repr=False)
    signature: bytes = field(repr=False)


class _Claimed(msgspec.Struct, frozen=True):
    id: UUID
    challenge: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    public_key: str


def text_to_sign(
    *, act: Act, public_key: str, now: datetime, said: Mapping[str, str] | None = None
) -> str:
    """A new text for this key and act in the scope in force, good for five minutes and one answer.

    It is JSON with sorted keys: `type`, `act`, `audience` (the scope's id), `site`, `public_key`,
    `id`, `challenge`, `expires_at`, and what is `said` beside. Everybody gets one for every key.
    Raises `KeyInvalid` for what is no user key, `identity.errors.Invalid`.
    """
    key = user_key.parse_public(public_key)
    given = dict(said or {})
    if not all(paging.is_usable(value) for value in given.values()):
        raise Invalid("A text holds signs that can't be stored.")
    data = {
        **given,
        "type": TYPE,
        "act": str(act),
        "audience": str(current.required_scope()),
        "site": tokens.issuer(ground.scope().slug),
        "public_key": key.text,
        "expires_at": _written(now + LASTS),
    }
    issued = challenges.issue(
        purpose=act.purpose, subject=key.text, data=data, lasts=LASTS, now=now
    )
    return _message(data, issued.id, issued.secret)


def prove(message: str, signature: str, *, act: Act, now: datetime) -> Proven:
    """Check a signed text and spend its challenge: of any number of answers one is taken.

    `signature` is that of `user_key.sign` in hexadecimal digits or Base64. A wrong one spends
    nothing. Raises SignatureInvalid for it, and ChallengeRefused for a text that is none of ours,
    was answered or changed, came late, or was made for something else.
    """
    claimed, key, data = _read(message)
    raw = _raw(signature)
    user_key.verify(key, data, raw)
    taken = challenges.take_bound(
        claimed.id, claimed.challenge, purpose=act.purpose, subject=key.text, now=now
    )
    if _message(taken.data, taken.id, claimed.challenge) != message:
        raise ChallengeRefused
    return Proven(key, taken.data, data, raw)


def said(message: str) -> Mapping[str, Any]:
    """What a text claims, whoever wrote it. Raises ChallengeRefused for what is none of ours."""
    _read(message)
    claimed: dict[str, Any] = msgspec.json.decode(message.encode(), type=dict[str, Any])
    return claimed


def key_in(message: str) -> PublicKey:
    """The key that a text names, whoever wrote it. Raises ChallengeRefused as `said`."""
    return _read(message)[1]


def _read(message: str) -> tuple[_Claimed, PublicKey, bytes]:
    if len(message) > LONGEST_MESSAGE:
        raise ChallengeRefused
    try:
        data = message.encode()
        claimed = msgspec.json.decode(data, type=_Claimed)
        return claimed, user_key.parse_public(claimed.public_key), data
    except (UnicodeError, msgspec.DecodeError, RecursionError, KeyInvalid):
        raise ChallengeRefused from None


def _raw(signature: str) -> bytes:
    if _HEX.fullmatch(signature):
        return bytes.fromhex(signature)
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureInvalid from None


def _message(data: Mapping[str, Any], challenge_id: UUID, secret: str) -> str:
    return stable_json.text({**data, "id": str(challenge_id), "challenge": secret})


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
