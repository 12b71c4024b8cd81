"""Whether several acts take the same time, on a machine that does other things as well."""

import time
from collections.abc import Callable, Mapping

TRIES = 3
Acts = Mapping[str, Callable[[], object]]
Clock = Callable[[], float]


def alike(acts: Acts, *, rounds: int, most: float = 1.6, clock: Clock = time.perf_counter) -> None:
    """Fail if one act takes `most` times as long as another, in each of three tries.

    An act's time is its shortest in so many rounds, taken in turns: what else the machine does only
    adds to it. Where it may add for long (hashes give way to everything), `clock` is
    `time.process_time`: the work that is done, by whichever thread. A difference that is there is
    there in every try.
    """
    seen = []
    for _ in range(TRIES):
        taken = _shortest(acts, rounds, clock)
        if max(taken.values()) < most * min(taken.values()):
            return
        seen.append(taken)
    raise AssertionError(seen)


def _shortest(acts: Acts, rounds: int, clock: Clock) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            start = clock()
            act()
            taken[name].append(clock() - start)
    return {name: min(times) for name, times in taken.items()}
