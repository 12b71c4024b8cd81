"""Whether several acts take the same time, on a machine that does other things as well."""

import time
from collections.abc import Callable, Iterable, Mapping

TRIES = 3
Acts = Mapping[str, Callable[[], object]]
Choice = Callable[[Iterable[float]], float]


def alike(acts: Acts, *, rounds: int, most: float = 1.6, choice: Choice = min) -> None:
    """Fail if one act takes `most` times as long as another, in each of three tries.

    An act's time is its shortest in so many rounds, taken in turns: what else the machine does only
    adds to it; `choice` is for acts that last as long as others lately did. A difference that is
    there is there in every try.
    """
    seen = []
    for _ in range(TRIES):
        taken = _taken(acts, rounds, choice)
        if max(taken.values()) < most * min(taken.values()):
            return
        seen.append(taken)
    raise AssertionError(seen)


def _taken(acts: Acts, rounds: int, choice: Choice) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            start = time.perf_counter()
            act()
            taken[name].append(time.perf_counter() - start)
    return {name: choice(times) for name, times in taken.items()}
