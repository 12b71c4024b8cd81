"""Exchanges between a page and a wallet: begun, scanned, answered step by step, collected once.

Who knows an exchange's token may carry it to a wallet, and see how far it has come. What comes out
of it is for the browser that began it alone, or sealed for the key that this browser named.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.services.wallets import Key
from identity import ids
from identity.scoping import current
from identity.services import neighbourhoods, rates
from sessions_app.errors import ChallengeRefused
from sessions_app.models import Exchange
from sessions_app.services import challenges
from sessions_app.services.sessions import Origin

LASTS: Final = timedelta(minutes=5)
COLLECTED_WITHIN: Final = timedelta(seconds=60)
"""How long after the wallet's last answer the page may fetch what came out of it."""
MOST_FROM_CLIENT: Final = (60, 60)
"""How many exchanges one neighbourhood of client addresses may begin in how many seconds."""
State = Exchange.State
_OPEN: Final = (State.CREATED, State.SCANNED)


@dataclass(frozen=True, slots=True)
class Beginner:
    """Who begins: a browser with its mark, perhaps a key that answers are sealed for."""

    origin: Origin
    browser: str
    sealed_for: bytes = b""
    user_id: UUID | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An exchange as it is now. `challenge` is what the wallet signs next."""

    id: UUID
    action: str
    state: str
    step: int
    challenge: str = field(repr=False)
    browser: str
    sealed_for: bytes
    wanted_wallet: str
    wallet: str
    wallet_key: str
    wallet_os: str
    user_id: UUID | None
    session_id: UUID | None
    origin: Origin
    data: dict[str, Any]
    fault: str


def begin(
    *,
    action: str,
    beginner: Beginner,
    now: datetime,
    data: dict[str, Any] | None = None,
    wanted_wallet: str = "",
) -> str:
    """Begin an exchange in the scope in force; its token, 256 random bits, is stored nowhere.

    Not to be called in a transaction: beginners are counted. Raises `rates.RateLimited`.
    """
    origin, token = beginner.origin, secrets.token_hex(32)
    if origin.address:
        limit, window = MOST_FROM_CLIENT
        client = f"exchanges from {neighbourhoods.of(origin.address)}"
        rates.hit(client, limit=limit, window=window, now=int(now.timestamp()))
    row = Exchange(
        id=ids.new(),
        scope_id=current.required_scope(),
        action=action,
        token_digest=challenges.digest(token),
        browser=beginner.browser,
        sealed_for=beginner.sealed_for.hex(),
        challenge=_challenge(),
        wanted_wallet=wanted_wallet,
        user_id=beginner.user_id,
        session_id=beginner.session_id,
        visitor=origin.visitor[:80],
        user_agent=origin.user_agent[:512],
        address=origin.address,
        data=data or {},
        created_at=now,
        expires_at=now + LASTS,
    )
    row.save(force_insert=True)
    return token


def look(token: str, *, action: str, now: datetime) -> Exchanged:
    """How far an exchange has come. Raises ChallengeRefused."""
    row = _rows(token, action, now).first()
    if row is None:
        raise ChallengeRefused
    return _told(row)


def scan(token: str, *, action: str, now: datetime) -> Exchanged:
    """A wallet asks what it should sign; the page sees that it did. Raises ChallengeRefused."""
    _rows(token, action, now).filter(state=State.CREATED).update(state=State.SCANNED)
    found = look(token, action=action, now=now)
    if found.state != State.SCANNED:
        raise ChallengeRefused
    return found


def go_on(found: Exchanged, key: Key, *, now: datetime) -> Exchanged:
    """This wallet answered the first step; nobody else's answer counts from here on.

    One conditional statement, so of two wallets at the same time one goes on. Raises
    ChallengeRefused.
    """
    challenge = _challenge()
    if not _at(found, key, now).update(
        step=found.step + 1, challenge=challenge, wallet=key.address, wallet_key=key.public_key
    ):
        raise ChallengeRefused
    row = Exchange.objects.get(id=found.id)
    return _told(row)


def finish(found: Exchanged, key: Key, *, now: datetime) -> None:
    """This wallet answered the last step, once; in the transaction of what it leads to.

    The page has a minute from now. Raises ChallengeRefused.
    """
    done = _at(found, key, now).update(
        state=State.DONE,
        challenge="",
        wallet=key.address,
        wallet_key=key.public_key,
        wallet_os=key.wallet_os[:32],
        expires_at=now + COLLECTED_WITHIN,
    )
    if not done:
        raise ChallengeRefused


def approve(found: Exchanged, *, now: datetime) -> None:
    """Somebody signed in agrees, where no wallet is needed; once, as `finish`.

    Raises ChallengeRefused.
    """
    waiting = Exchange.objects.filter(id=found.id, state__in=_OPEN, expires_at__gt=now)
    if not waiting.update(state=State.DONE, challenge="", expires_at=now + COLLECTED_WITHIN):
        raise ChallengeRefused


def stop(found: Exchanged, *, state: Exchange.State, fault: str = "", now: datetime) -> None:
    """The wallet declined, was busy, is not the one that was wanted, or was refused."""
    going_on = Exchange.objects.filter(id=found.id, state__in=_OPEN)
    going_on.update(state=state, challenge="", fault=fault[:200], expires_at=now + COLLECTED_WITHIN)


def give_up(token: str, *, action: str, now: datetime) -> None:
    """The page waited long enough; a wallet that has begun to answer may go on."""
    _rows(token, action, now).filter(state=State.CREATED).delete()


def collect(found: Exchanged, *, now: datetime) -> bool:
    """Take what came out of an exchange, in the transaction that hands it out; once.

    Whether it is for this browser was asked before: see `is_for`.
    """
    done = Exchange.objects.filter(id=found.id, state=State.DONE, expires_at__gt=now)
    return bool(done.filter(collected_at__isnull=True).update(collected_at=now))


def note_user(found: Exchanged, user_id: UUID) -> None:
    """Whose wallet it was; in the transaction of `finish`."""
    Exchange.objects.filter(id=found.id).update(user_id=user_id)


def note(found: Exchanged, data: Mapping[str, Any]) -> None:
    """Keep something for who collects; in the transaction of `finish`."""
    Exchange.objects.filter(id=found.id).update(data={**found.data, **data})


def session_of(found: Exchanged) -> UUID | None:
    """The session that came out of it, as of now."""
    return Exchange.objects.filter(id=found.id).values_list("session_id", flat=True).first()


def note_session(found: Exchanged, session_id: UUID) -> None:
    """Which session came out of it, for an answer that was sealed and is asked for again."""
    Exchange.objects.filter(id=found.id).update(session_id=session_id)


def is_for(found: Exchanged, browser: str) -> bool:
    """Whether what came out may be told to a browser with this mark, sealed or not."""
    return bool(found.sealed_for) or (bool(browser) and found.browser == browser)


def _rows(token: str, action: str, now: datetime) -> QuerySet[Exchange]:
    return Exchange.objects.filter(
        token_digest=challenges.digest(token), action=action, expires_at__gt=now
    )


def _at(found: Exchanged, key: Key, now: datetime) -> QuerySet[Exchange]:
    """The exchange, while it waits for just this answer of just this wallet."""
    return Exchange.objects.filter(
        id=found.id,
        state=State.SCANNED,
        step=found.step,
        challenge=found.challenge,
        wallet__in=("", key.address),
        expires_at__gt=now,
    )


def _challenge() -> str:
    return secrets.token_hex(16).upper()


def _told(row: Exchange) -> Exchanged:
    return Exchanged(
        id=row.id,
        action=row.action,
        state=row.state,
        step=row.step,
        challenge=row.challenge,
        browser=row.browser,
        sealed_for=bytes.fromhex(row.sealed_for),
        wanted_wallet=row.wanted_wallet,
        wallet=row.wallet,
        wallet_key=row.wallet_key,
        wallet_os=row.wallet_os,
        user_id=row.user_id,
        session_id=row.session_id,
        origin=Origin(address=row.address, user_agent=row.user_agent, visitor=row.visitor),
        data=row.data,
        fault=row.fault,
    )
