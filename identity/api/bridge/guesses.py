"""Wrong secrets and signatures of one address: after so many in a minute no more are looked at.

Every way to show a key counts together: Basic, signed requests, and both grants that take a key.
Whoever is right is not counted, so that a busy program meets no limit here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from identity.web import client_ip
from identity.web.throttle import Throttle

MOST: Final = 60
per_address: Final = Throttle(count=MOST, seconds=60)


class Wrong(Exception):
    """What was shown was not right."""


@contextmanager
def counted(address: str, *, now: datetime) -> Iterator[None]:
    """Count an attempt before it is looked at, and take it back unless it was Wrong.

    Raises `identity.web.throttle.TooManyRequests`.
    """
    key, seconds = client_ip.neighbourhood(address), int(now.timestamp())
    per_address.hit(key, now=seconds)
    try:
        yield
    except Wrong:
        raise
    except BaseException:
        per_address.take_back(key, now=seconds)
        raise
    else:
        per_address.take_back(key, now=seconds)
