"""Device keys made once in a process: RSA keys are slow to make, and each race wants many."""

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from identity.sdk.keys import DeviceKeys


@functools.cache
def keys(count: int) -> Sequence[DeviceKeys]:
    """So many key pairs, all different; the same ones for every test, whose database is its own."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: DeviceKeys.generate(), range(count)))


def dealer(count: int) -> Callable[[], DeviceKeys]:
    """Deals out the keys of the pool, each once."""
    dealt = iter(keys(count))
    return lambda: next(dealt)
