"""Challenges that a passkey answers: nothing of them is stored before they are answered.

A challenge is HMAC-SHA256 under the deployment's key, over an id with 74 random bits and the time,
and over all it is for. So nobody foresees it (WebAuthn Level 2 §13.4.3), the server knows it again,
and strangers who only begin leave no rows behind. It is spent once, as a signed proof is.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings as deployment

from identity import ids
from identity.scoping import current
from sessions_app.errors import ChallengeRefused
from sessions_app.services import spent_tokens

LASTS: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a challenge is for: a purpose, whom or what it is about, and the mark of the browser."""

    purpose: str
    subject: str
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A challenge of ours that is in time; whether it was answered before shows when it is spent.

    `word` is what it was issued with.
    """

    word: str
    digest: bytes
    expires_at: datetime

    def spend(self) -> None:
        """Take it, in the transaction of what it was answered for.

        Raises ChallengeRefused, at the latest with the transaction's next statement, of any number
        of parallel calls for all but one.
        """
        spent_tokens.spend_later(self.digest, expires_at=self.expires_at, refusal=ChallengeRefused)

    def give_up(self) -> None:
        """Nobody may answer it any more; not to be called in a transaction that is given up."""
        spent_tokens.give_up(self.digest, expires_at=self.expires_at)


def issue(asked: Asked, *, word: str = "", now: datetime) -> tuple[UUID, bytes]:
    """An id, and the 32 bytes to be signed, in the scope in force."""
    challenge_id = ids.at(now)
    return challenge_id, _mark(challenge_id, asked, word)


def answered(
    challenge_id: UUID, sent: bytes, asked: Asked, *, words: Sequence[str] = ("",), now: datetime
) -> Open:
    """The challenge of this id, if the bytes are those that were issued for this.

    Raises ChallengeRefused for another scope's, another purpose's, another browser's, for one that
    is over and for one that is nobody's.
    """
    for word in words:
        if hmac.compare_digest(_mark(challenge_id, asked, word), sent):
            expires_at = ids.made_at(challenge_id) + LASTS
            if now < expires_at:
                digest = hashlib.sha256(b"passkey challenge\n" + sent).digest()
                return Open(word, digest, expires_at)
    raise ChallengeRefused


def _mark(challenge_id: UUID, asked: Asked, word: str) -> bytes:
    # No part but the last holds a line's end.
    parts = ("passkey challenge", current.required_scope(), challenge_id, asked.purpose, word)
    message = "\n".join([*map(str, parts), asked.browser, asked.subject]).encode()
    return hmac.new(deployment.SECRET_KEY.encode(), message, hashlib.sha256).digest()
