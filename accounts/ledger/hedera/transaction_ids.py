"""Ids of transactions: the payer's account and the nanosecond from which a transaction is valid."""

import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from accounts.ledger import bounds, timestamps
from accounts.ledger.errors import Refused

VALID: Final = 180 * timestamps.SECOND
"""Nanoseconds that nodes take a transaction for: as long as the network allows."""
_EARLIER: Final = 8 * timestamps.SECOND
"""Nodes refuse what begins in their future, and their clocks differ from ours."""
_JITTER: Final = 1000
_FORM: Final = re.compile(r"([0-9.]+)@([0-9]{1,12})\.([0-9]{9})")


@dataclass(frozen=True, slots=True)
class TransactionTime:
    """When a transaction is valid, in nanoseconds since the epoch."""

    start: int

    @property
    def end(self) -> int:
        """From then on no node takes it, and it will never take effect."""
        return self.start + VALID


class Maker:
    """Makes ids of one payer. Those of a process differ; those of others do but for an accident."""

    def __init__(self, payer: str, clock: Callable[[], int] = time.time_ns) -> None:
        self._payer = payer
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def make(self) -> str:
        """A new one, good for 172 seconds."""
        with self._lock:
            start = (self._clock() - _EARLIER) // _JITTER * _JITTER + secrets.randbelow(_JITTER)
            self._last = max(start, self._last + 1)
            return f"{self._payer}@{timestamps.text(self._last)}"


def parse(transaction_id: str, *, expected_payer: str) -> TransactionTime:
    """When a transaction is valid. Raises Refused for another payer's and for what is no id."""
    bounds.check_transaction_id(transaction_id)
    found = _FORM.fullmatch(transaction_id)
    if found is None or found[1] != expected_payer:
        raise Refused("This is not a transaction id of this ledger's operator.")
    return TransactionTime(int(found[2]) * timestamps.SECOND + int(found[3]))


def for_mirror(transaction_id: str) -> str:
    """How the mirror's addresses write it."""
    payer, _, start = transaction_id.partition("@")
    return f"{payer}-{start.replace('.', '-')}"
