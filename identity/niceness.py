"""Who yields: what nobody waits for, and what takes long anyway, leaves the cores to all others."""

import os
import sys
import threading
from typing import Final

YIELDING: Final = 10
"""Niceness (setpriority(2)): a tenth of a core where others of this machine want all of it."""


def yield_to_others() -> None:
    """Lower the priority of this thread, and of those that it starts from now on.

    A process is lowered by its main thread before others begin. Linux alone counts priorities by
    threads; elsewhere nothing happens, because there the whole process would change.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        # Whoever was started lower may not rise.
        niceness = max(YIELDING, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
