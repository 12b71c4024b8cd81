"""Runs a stranger's JavaScript in a process of its own, which is killed when it takes too long.

Each run has a new process: nothing of one scope is left for the next. The process has no
environment, no file, no network and no way to start another (see `cell` and `seccomp`). Where the
system can not promise that, nothing is run.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from accounts import errors

CELL: Final = Path(__file__).with_name("cell.py")
READY: Final = b"ready\n"
_UNCOMPILED: Final = {"uncompiled": True}
# As many cells at once, so that strangers' code leaves a core for everybody else.
CELLS: Final = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))
WAIT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may take: seconds by the wall clock, and bytes.

    To load V8 takes its time on a busy machine; a stranger's code does not run before it has.
    """

    start_seconds: float = 10.0
    seconds: float = 0.1
    memory_bytes: int = 64 * 1024 * 1024
    code_bytes: int = 16 * 1024
    value_bytes: int = 64 * 1024
    answer_bytes: int = 16 * 1024


DEFAULT: Final = Bounds()


def run(code: str, values: Mapping[str, Any], bounds: Bounds = DEFAULT) -> Any:
    """What the code returns, as JSON has it.

    `code` is the body of a function of `$given`, which is `values`, frozen.

    Raises LambdaFailed for code that threw, did not end in time, wanted too much memory or said too
    much: one text for all, and a note for what is no JavaScript. Raises LambdaUnavailable if no
    cell can be had.
    """
    job = _written(code, values, bounds)
    if not CELLS.acquire(timeout=WAIT_SECONDS):
        raise errors.LambdaUnavailable
    try:
        return _read(_in_a_cell(job, bounds))
    finally:
        CELLS.release()


def _written(code: str, values: Mapping[str, Any], bounds: Bounds) -> bytes:
    try:
        # Neither NaN nor half of a character pair is JSON.
        given = json.dumps(dict(values), allow_nan=False)
        size = len(code.encode())
    except (ValueError, TypeError, RecursionError) as refused:
        raise errors.LambdaFailed from refused
    if size > bounds.code_bytes or len(given) > bounds.value_bytes:
        raise errors.LambdaFailed
    return json.dumps({"code": code, "given": given}).encode()


def _in_a_cell(job: bytes, bounds: Bounds) -> bytes:
    cell = _started(bounds)
    try:
        ready = _until(cell, time.monotonic() + bounds.start_seconds, len(READY))
        if ready != READY:
            raise errors.LambdaUnavailable
            # The cell reads before it runs anything, so this ends; its end closes the pipe.
        _tell(cell, job)
        return _until(cell, time.monotonic() + bounds.seconds, bounds.answer_bytes + 1)
    finally:
        _end(cell)


def _tell(cell: subprocess.Popen[bytes], job: bytes) -> None:
    if cell.stdin is None:
        raise errors.LambdaUnavailable
    left = memoryview(job)
    with suppress(BrokenPipeError):
        while left:
            left = left[os.write(cell.stdin.fileno(), left) :]
    cell.stdin.close()


def _started(bounds: Bounds) -> subprocess.Popen[bytes]:
    # `-I`: neither the working directory nor the environment says what is imported.
    command = [sys.executable, "-I", str(CELL), str(bounds.memory_bytes), str(bounds.answer_bytes)]
    try:
        return subprocess.Popen(  # noqa: S603  (words of ours only)
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
    except OSError as refused:
        raise errors.LambdaUnavailable from refused


def _until(cell: subprocess.Popen[bytes], deadline: float, most: int) -> bytes:
    """What the cell says until it ends, has said `most` bytes, or its time is over."""
    if cell.stdout is None:
        raise errors.LambdaUnavailable
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(cell.stdout, selectors.EVENT_READ)
        while len(said) < most:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return said
            part = os.read(cell.stdout.fileno(), most - len(said))
            if not part:
                return said
            said += part
    return said


def _end(cell: subprocess.Popen[bytes]) -> None:
    # The process leads a group of its own, so this ends whatever it might have started.
    with suppress(ProcessLookupError):
        os.killpg(cell.pid, signal.SIGKILL)
    for pipe in (cell.stdin, cell.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    cell.wait()


def _read(said: bytes) -> Any:
    try:
        answer = json.loads(said)
        if answer == _UNCOMPILED:
            raise errors.LambdaFailed(noted=errors.NOT_COMPILED)
        return json.loads(answer["output"])
    except (ValueError, KeyError, TypeError, RecursionError) as refused:
        raise errors.LambdaFailed from refused
