"""Rate limits: exact whoever counts at the same time, in the database and in Redis."""

import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from identity.errors import Kind
from identity.services import rates
from identity.web import limits
from identity.web.models import RateCounter
from tests.settings import REDIS_URL_OF_RUN

NOON = 1_795_176_000
THREADS = 8
TRIES_EACH = 25


def hits(key: str, count: int, *, limit: int, now: int = NOON, window: int = 60) -> int:
    """How many of `count` hits were allowed."""
    allowed = 0
    for _ in range(count):
        try:
            limits.hit(key, limit=limit, window=window, now=now)
        except limits.RateLimited:
            continue
        allowed += 1
    return allowed


def hits_at_once(key: str, *, limit: int) -> int:
    """How many of 200 hits from eight threads were allowed."""
    allowed: list[int] = []
    gate = threading.Barrier(THREADS)

    def work() -> None:
        gate.wait()
        try:
            allowed.append(hits(key, TRIES_EACH, limit=limit))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == THREADS
    return sum(allowed)


@pytest.mark.django_db
class TestInDatabase:
    def test_allows_as_many_as_the_limit_says(self) -> None:
        assert hits("alice", 5, limit=3) == 3

    def test_counts_each_key_apart(self) -> None:
        assert hits("alice", 2, limit=2) == 2
        assert hits("bob", 2, limit=2) == 2

    def test_counts_windows_of_different_length_apart(self) -> None:
        assert hits("alice", 2, limit=2, window=60) == 2
        assert hits("alice", 2, limit=2, window=3600) == 2

    def test_starts_anew_in_the_next_window(self) -> None:
        assert hits("alice", 3, limit=2) == 2
        assert hits("alice", 3, limit=2, now=NOON + 60) == 2

    def test_does_not_start_anew_for_a_clock_that_is_behind(self) -> None:
        assert hits("alice", 2, limit=2, now=NOON + 60) == 2
        assert hits("alice", 2, limit=2, now=NOON) == 0

    def test_says_when_to_come_back(self) -> None:
        limits.hit("alice", limit=1, window=60, now=NOON + 18)
        with pytest.raises(limits.RateLimited) as refusal:
            limits.hit("alice", limit=1, window=60, now=NOON + 18)
        assert refusal.value.facts == {"retry_after": 42}
        assert refusal.value.kind is Kind.LIMITED

    def test_refuses_without_writing(self) -> None:
        hits("alice", 3, limit=3)
        before = RateCounter.objects.get().hits
        assert hits("alice", 10, limit=3) == 0
        assert RateCounter.objects.get().hits == before == 3

    def test_keeps_no_name_and_no_address(self) -> None:
        limits.hit("192.0.2.77", limit=1, window=60, now=NOON)
        assert "192.0.2.77" not in RateCounter.objects.get().key

    def test_forgets_windows_that_have_ended(self) -> None:
        hits("alice", 1, limit=1)
        hits("bob", 1, limit=1, now=NOON + 600)
        assert limits.purge(now=NOON + 100) == 1
        assert hits("bob", 1, limit=1, now=NOON + 600) == 0

    def test_offers_a_named_rate(self) -> None:
        sign_in = limits.Rate("sign-in", count=1, seconds=60)
        sign_up = limits.Rate("sign-up", count=1, seconds=60)
        sign_in.hit("alice", now=NOON)
        sign_up.hit("alice", now=NOON)
        with pytest.raises(limits.RateLimited):
            sign_in.hit("alice", now=NOON)


@pytest.mark.django_db(transaction=True)
class TestBetweenThreads:
    def test_never_allows_more_than_the_limit(self) -> None:
        assert hits_at_once("alice", limit=50) == 50

    def test_refuses_to_count_inside_a_transaction(self) -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            limits.hit("alice", limit=1, window=60, now=NOON)


@pytest.mark.redis
class TestInRedis:
    @pytest.fixture(autouse=True)
    def redis(self, settings) -> Iterator[None]:
        assert REDIS_URL_OF_RUN, "make test-redis names a server in REDIS_URL"
        settings.REDIS_URL = REDIS_URL_OF_RUN
        yield
        rates._redis_script.cache_clear()

    @pytest.fixture
    def key(self) -> str:
        return uuid.uuid4().hex

    def test_allows_as_many_as_the_limit_says(self, key: str) -> None:
        assert hits(key, 5, limit=3) == 3
        assert hits(key, 5, limit=3, now=NOON + 60) == 3

    def test_never_allows_more_than_the_limit(self, key: str) -> None:
        assert hits_at_once(key, limit=50) == 50

    def test_lets_every_counter_expire(self, key: str) -> None:
        import redis

        client = redis.Redis.from_url(REDIS_URL_OF_RUN)
        before = set(client.scan_iter("countersign:rate:*"))
        limits.hit(key, limit=1, window=60, now=NOON)
        (made,) = set(client.scan_iter("countersign:rate:*")) - before
        assert 0 < client.ttl(made) <= 120
        client.close()
