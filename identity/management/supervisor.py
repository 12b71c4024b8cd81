"""Keeps the processes of one machine running, and stops all of them together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import structlog

TICK: Final = 0.1
LONGEST_PAUSE: Final = 30.0
STEADY_AFTER: Final = 60.0
_STOPPING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One process that should always run. Times are seconds of the monotonic clock."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)

    def start(self, now: float) -> None:
        """Start it in a session of its own: Ctrl-C reaches the supervisor alone."""
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603 our own command
        self.started_at = now
        _log.info("process started", process=self.name, pid=self.process.pid)

    def has_ended(self) -> bool:
        """Whether it ran and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def is_running(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def plan_restart(self, now: float) -> None:
        """Set when to start it again: at once first, then after ever longer pauses."""
        if now - self.started_at >= STEADY_AFTER:
            self.failures = 0
        pause = min(LONGEST_PAUSE, 0.5 * 2**self.failures - 0.5)
        self.failures += 1
        status = self.process.returncode if self.process else None
        _log.error("process ended", process=self.name, status=status, restart_in=pause)
        self.process = None
        self.start_at = now + pause

    def ask_to_stop(self) -> None:
        """Let it finish what it is doing."""
        if self.process is not None and self.is_running():
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and the processes that it made: they share its session.

        Only while it runs, because then its number can't have passed to another process. What a
        process leaves behind that was killed by somebody else is ended by `lifeline`.
        """
        if self.process is None or not self.is_running():
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Runs children until a signal asks to stop. Used once, in the main thread."""

    def __init__(self, children: Sequence[Child], *, grace: float = 30.0) -> None:
        self._children = children
        self._grace = grace
        self._signals = 0

    def run(self, on_tick: Callable[[], None] = lambda: None) -> int:
        """Start all children, restart those that end, and return 0 when all were stopped cleanly.

        SIGINT, SIGTERM and SIGHUP stop the children; a second signal, or `grace` seconds, kills
        those that are left, and then the status is 1. `on_tick` is called ten times a second.
        """
        with self._signals_counted():
            try:
                while not self._signals:
                    self._tend(time.monotonic())
                    on_tick()
                    time.sleep(TICK)
            finally:
                was_clean = self._stop()
        return 0 if was_clean else 1

    def _tend(self, now: float) -> None:
        for child in self._children:
            if child.has_ended():
                child.plan_restart(now)
            if child.process is None and now >= child.start_at:
                child.start(now)

    def _stop(self) -> bool:
        signals_before = self._signals
        for child in self._children:
            child.ask_to_stop()
        deadline = time.monotonic() + self._grace
        while any(child.is_running() for child in self._children):
            if time.monotonic() > deadline or self._signals > signals_before:
                break
            time.sleep(TICK)
        left = [child for child in self._children if child.is_running()]
        for child in left:
            _log.warning("process killed", process=child.name)
            child.kill()
        return not left

    @contextlib.contextmanager
    def _signals_counted(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._count) for number in _STOPPING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _count(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
