"""Limits that hold over all processes: how often a key may act in a window of time.

Each window starts at a multiple of its length, so a key may act twice as often around the border
of two windows and never more. One statement counts and decides, so the count is exact whoever asks
at the same time. Limits that only protect this process's processor are in `identity.web.throttle`.
"""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from identity.errors import DomainError, Kind
from identity.models.rate_counter import RateCounter
from identity.scoping import statements

_COUNT: Final = """
    INSERT INTO web_ratecounter AS counter (key, window_ends, hits) VALUES (%s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN counter.window_ends < excluded.window_ends THEN 1
                    ELSE counter.hits + 1 END,
        window_ends = CASE WHEN counter.window_ends < excluded.window_ends
                           THEN excluded.window_ends ELSE counter.window_ends END
    WHERE counter.window_ends < excluded.window_ends OR counter.hits < %s
    RETURNING hits
"""
# A clock that is behind counts in the window that the others are in already.
_TAKE_BACK: Final = (
    "UPDATE web_ratecounter SET hits = hits - 1 WHERE key = %s AND window_ends = %s AND hits > 0"
)

_COUNT_IN_REDIS: Final = """
    local hits = redis.call('INCR', KEYS[1])
    if hits == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
    return hits
"""
_TAKE_BACK_IN_REDIS: Final = """
    local hits = tonumber(redis.call('GET', KEYS[1]) or '0')
    if hits > 0 then redis.call('DECR', KEYS[1]) end
    return hits
"""


class RateLimited(DomainError):
    """`facts["retry_after"]` is the number of seconds until the next window."""

    kind = Kind.LIMITED
    code = "rate-limited"
    title = "Too many requests. Wait a moment and try again."


def hit(key: str, *, limit: int, window: int, now: int) -> None:
    """Count one hit of `key` in the window of `window` seconds that holds `now`.

    `now` is in seconds since the epoch. The hit stays counted whatever becomes of the request, so
    this must be called outside transactions. Raises RateLimited when the window has had `limit`
    hits already, and RuntimeError inside a transaction.
    """
    ends, digest = _window(key, window, now)
    if settings.REDIS_URL:
        is_within = _in_redis(digest, limit=limit, ends=ends, keep=ends - now)
    else:
        is_within = _in_database(digest, limit=limit, ends=ends)
    if not is_within:
        raise RateLimited(retry_after=max(1, ends - now))


def hit_later(
    key: str, *, limit: int, window: int, now: int, refuse: Callable[[RateLimited], None]
) -> None:
    """As `hit`, at the latest with the next statement of a transaction that does nothing but count.

    `refuse` is told of the refusal and raises what the caller raises, which undoes what else was
    counted in the transaction.
    """
    ends, digest = _window(key, window, now)
    refusal = RateLimited(retry_after=max(1, ends - now))

    def require_one(counted: int) -> None:
        if not counted:
            refuse(refusal)

    if settings.REDIS_URL:
        require_one(_in_redis(digest, limit=limit, ends=ends, keep=ends - now))
        return
    statements.later(_COUNT, (digest, ends, limit), then=require_one)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that counts a hit and gives one row, or none where the window is full: `refusal`."""

    sql: str
    values: tuple[Any, ...]
    refusal: RateLimited


def counting(key: str, *, limit: int, window: int, now: int) -> Statement | None:
    """`hit` as part of another statement on PostgreSQL; None where something else counts."""
    if settings.REDIS_URL or connection.vendor != "postgresql":
        return None
    ends, digest = _window(key, window, now)
    return Statement(_COUNT, (digest, ends, limit), RateLimited(retry_after=max(1, ends - now)))


def give_back(key: str, *, window: int, now: int) -> None:
    """Take one hit of `key` back that was counted at `now`: what it was counted for was right.

    In the transaction of what was right, or at once outside one. Where the window has ended nothing
    happens.
    """
    ends, digest = _window(key, window, now)
    if settings.REDIS_URL:
        _redis_script(settings.REDIS_URL, _TAKE_BACK_IN_REDIS)(keys=[_redis_key(digest, ends)])
        return
    statements.later(_TAKE_BACK, (digest, ends))


def purge(*, now: int) -> int:
    """Forget windows that have ended, and say how many. Redis forgets by itself."""
    forgotten, _ = RateCounter.objects.filter(window_ends__lt=now).delete()
    return forgotten


def _window(key: str, window: int, now: int) -> tuple[int, str]:
    ends = now - now % window + window
    return ends, hashlib.sha256(f"{window} {key}".encode()).hexdigest()


def _in_database(digest: str, *, limit: int, ends: int) -> bool:
    if not connection.in_atomic_block:
        return _count(digest, limit, ends)
    # Raises RuntimeError unless the only transaction around us is a test's own.
    with transaction.atomic(durable=True):
        return _count(digest, limit, ends)


def _count(digest: str, limit: int, ends: int) -> bool:
    found = statements.rows(_COUNT, (digest, ends, limit))
    return bool(found) and found[0][0] <= limit


def _in_redis(digest: str, *, limit: int, ends: int, keep: int) -> bool:
    # The window is part of the name, so clocks that differ never reset each other's count.
    script = _redis_script(settings.REDIS_URL, _COUNT_IN_REDIS)
    hits: int = script(keys=[_redis_key(digest, ends)], args=[keep + 60])
    return hits <= limit


def _redis_key(digest: str, ends: int) -> str:
    return f"countersign:rate:{digest}:{ends}"


@functools.lru_cache(maxsize=2)
def _redis_script(url: str, script: str) -> Any:
    import redis  # noqa: PLC0415 an optional extra, needed with REDIS_URL alone

    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    return client.register_script(script)
