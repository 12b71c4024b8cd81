"""Challenges: handed out, answered once by one conditional statement, or given up."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from identity import ids
from identity.scoping import current, inserts, statements
from identity.services import resealing, sealing
from sessions_app.errors import ChallengeRefused
from sessions_app.models import Challenge

_SEALED_AS: Final = "challenge.data"
SEALED: Final = resealing.column(Challenge, "sealed_data", purpose=_SEALED_AS)
_TAKE_BOUND: Final = """
UPDATE sessions_app_challenge SET used_at = %s
WHERE scope_id = %s AND id = %s AND purpose = %s AND subject = %s AND browser = %s
  AND secret_digest = %s AND used_at IS NULL AND expires_at > %s
RETURNING data, sealed_data, created_at
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge with its secret, which is handed out now and stored nowhere."""

    id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A challenge that was answered just now; nobody else can answer it any more."""

    id: UUID
    subject: str
    data: dict[str, Any]
    sealed: bytes = field(repr=False)
    created_at: datetime


def issue(  # noqa: PLR0913 - one keyword for each thing that a challenge is bound to
    *,
    purpose: str,
    lasts: timedelta,
    now: datetime,
    subject: str = "",
    browser: str = "",
    data: dict[str, Any] | None = None,
    sealed: bytes = b"",
    secret: str = "",
    tries: int = 1,
) -> Issued:
    """Make a challenge in the scope in force; its secret is 256 random bits in hex unless given.

    `browser` is the mark of the browser that asked (`identity.web.browser`), "" for none. `sealed`
    is kept under the key-encryption key. A short `secret` (a code) needs bounded `tries`.
    """
    value = secret or secrets.token_hex(32)
    challenge = Challenge(
        id=ids.new(),
        scope_id=current.required_scope(),
        purpose=purpose,
        subject=subject[:255],
        browser=browser,
        data=data or {},
        tries_left=tries,
        created_at=now,
        expires_at=now + lasts,
    )
    # A long random value is found by its digest; a code only by its id, and its digest is keyed.
    challenge.secret_digest = _keyed(challenge.id, value) if secret else digest(value)
    if sealed:
        challenge.sealed_data = sealing.seal(sealed, purpose=_SEALED_AS, subject=str(challenge.id))
    inserts.insert(challenge)
    return Issued(challenge.id, value)


def take(
    secret: str, *, purpose: str, now: datetime, browser: str = "", subject: str | None = None
) -> Taken:
    """Consume the challenge with this random secret; of two that come at once one does.

    It must have been made for this purpose, this browser and, where given, this subject. Raises
    ChallengeRefused.
    """
    open_now = _open(purpose, browser, now).filter(secret_digest=digest(secret))
    return _taken(open_now if subject is None else open_now.filter(subject=subject), now)


def take_bound(
    challenge_id: UUID, secret: str, *, purpose: str, subject: str, now: datetime, browser: str = ""
) -> Taken:
    """Consume the challenge of this id with its random secret, made for this subject alone.

    Of two that come at once one does. Raises ChallengeRefused.
    """
    scope_id = current.required_scope()
    bound = [purpose, subject, browser, digest(secret)]
    values: list[Any] = [now, scope_id, challenge_id, *bound, now]
    if connection.vendor != "postgresql":
        at = connection.ops.adapt_datetimefield_value(now)
        values = [at, scope_id.hex, challenge_id.hex, *bound, at]
    for data, sealed, created_at in statements.rows(_TAKE_BOUND, values):
        given = (challenge_id, subject, _told(data), bytes(sealed), _moment(created_at))
        return _opened(*given)
    raise ChallengeRefused


def take_code(
    challenge_id: UUID, code: str, *, purpose: str, subject: str, browser: str, now: datetime
) -> Taken:
    """Consume the challenge of this id with its short code.

    A try is counted by one statement before the code is looked at, so no number of parallel calls
    has more tries than there are. Not to be called in a transaction (RuntimeError). Raises
    ChallengeRefused.
    """
    mine = _open(purpose, browser, now).filter(id=challenge_id, subject=subject)
    count_try(challenge_id, now=now)
    return _taken(mine.filter(secret_digest=_keyed(challenge_id, code)), now)


def attempt(secret: str, *, purpose: str, browser: str, now: datetime) -> Taken:
    """Count a try of the challenge with this random secret, without consuming it; see `finish`.

    For what needs another proof beside the secret, which is looked at between the two. Not to be
    called in a transaction (RuntimeError). Raises ChallengeRefused.
    """
    row = _open(purpose, browser, now).filter(secret_digest=digest(secret)).first()
    if row is None:
        raise ChallengeRefused
    count_try(row.id, now=now)
    return _read(row)


def finish(challenge_id: UUID, *, now: datetime) -> None:
    """Consume a challenge whose try was counted; of two at once one does. Raises ChallengeRefused.

    Called in the transaction of what the challenge was for.
    """
    rows = Challenge.objects.filter(id=challenge_id, used_at__isnull=True, expires_at__gt=now)
    if not rows.update(used_at=now):
        raise ChallengeRefused


def count_try(challenge_id: UUID, *, now: datetime) -> None:
    """Take one of the tries that are left, by one statement. Raises ChallengeRefused."""
    rows = Challenge.objects.filter(id=challenge_id, used_at__isnull=True, expires_at__gt=now)
    with transaction.atomic(durable=True):
        if not rows.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1):
            raise ChallengeRefused


def forget(*, now: datetime) -> int:
    """Remove the challenges of the scope in force that are over since a day; how many."""
    removed, _ = Challenge.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    return removed


def digest(secret: str) -> str:
    """SHA-256 in lower hex: what a random secret is found by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _open(purpose: str, browser: str, now: datetime) -> QuerySet[Challenge]:
    return Challenge.objects.filter(
        purpose=purpose, browser=browser, used_at__isnull=True, expires_at__gt=now
    )


def _taken(rows: QuerySet[Challenge], now: datetime) -> Taken:
    row = rows.first()
    if row is None or not rows.filter(id=row.id).update(used_at=now):
        raise ChallengeRefused
    return _read(row)


def _read(row: Challenge) -> Taken:
    return _opened(row.id, row.subject, row.data, bytes(row.sealed_data), row.created_at)


def _opened(
    challenge_id: UUID, subject: str, data: dict[str, Any], sealed: bytes, created_at: datetime
) -> Taken:
    if sealed:
        sealed = sealing.unseal(sealed, purpose=_SEALED_AS, subject=str(challenge_id))
    return Taken(challenge_id, subject, data, sealed, created_at)


def _told(data: Any) -> dict[str, Any]:
    """JSON as either engine gives it."""
    told: dict[str, Any] = json.loads(data) if isinstance(data, str | bytes) else data
    return told


def _moment(at: Any) -> datetime:
    """A time as either engine gives it."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at).replace(tzinfo=UTC)


def _keyed(challenge_id: UUID, code: str) -> str:
    """Six digits have no secrecy of their own: without the deployment's key nobody can try them."""
    message = f"{challenge_id}\n{code}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()
