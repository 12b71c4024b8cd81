"""Ends a process whose parent is gone, so that killing the supervisor leaves nothing behind."""

import os
import signal
import threading
import time
from typing import Final

PARENT_VARIABLE: Final = "COUNTERSIGN_WEB_SERVER_PID"
"""Names the web server's main process to the workers that it makes."""

_INTERVAL: Final = 0.5
_GRACE: Final = 10.0


def hold(parent: int) -> None:
    """Watch from a thread that this process is still a child of `parent`.

    When it is not, the process gets SIGTERM and, if that does not end it within ten seconds, ends
    at once. Asking for the parent's id works on every system and misses no death in between: an
    orphan has another parent for good.
    """
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def hold_to_web_server() -> None:
    """As `hold`, in a worker of our web server; nothing under another server."""
    parent = os.environ.get(PARENT_VARIABLE, "")
    if parent.isdigit() and int(parent) != os.getpid():
        hold(int(parent))


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
