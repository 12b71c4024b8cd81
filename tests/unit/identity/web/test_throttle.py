"""A brake in one process: it counts each key for itself."""

import pytest

from identity.web.throttle import Throttle, TooManyRequests


def test_refuses_what_is_too_much_until_the_next_window() -> None:
    throttle = Throttle(count=2, seconds=60)
    throttle.hit("a", now=10)
    throttle.hit("a", now=59)
    throttle.hit("b", now=59)
    with pytest.raises(TooManyRequests) as refusal:
        throttle.hit("a", now=59)
    assert refusal.value.facts == {"retry_after": 1}
    throttle.hit("a", now=60)


def test_what_is_taken_back_counts_no_more() -> None:
    throttle = Throttle(count=1, seconds=60)
    throttle.hit("a", now=0)
    throttle.take_back("a", now=0)
    throttle.hit("a", now=0)
