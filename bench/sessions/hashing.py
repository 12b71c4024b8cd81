"""What one password hash costs here: the share of a password sign-in that is wanted."""

import statistics
import time

ROUNDS = 15


def cost() -> float:
    """Median microseconds of processor time for one comparison with a stored verifier."""
    from django.contrib.auth import hashers

    verifier = hashers.make_password("correct horse")
    taken = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        hashers.verify_password("correct horse", verifier)
        taken.append(time.thread_time() - started)
    return statistics.median(taken) * 1e6
