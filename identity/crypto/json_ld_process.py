"""Strangers' JSON-LD in a process of its own, which ends when it takes too long.

The process has no environment, and can open no file and no connection (see `json_ld_cell`). What a
graph may take is counted there; time and memory are bounded too, for what nobody counted.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from identity.crypto import json_ld, json_ld_contexts
from identity.crypto.errors import CredentialTooComplex, JsonLdUnavailable
from identity.crypto.json_ld_contexts import Contexts
from identity.errors import DomainError

CELL: Final = Path(__file__).with_name("json_ld_cell.py")
SECONDS: Final = 20.0
"""By the wall clock, on a machine where everything else is busy too."""
WAIT_SECONDS: Final = 2.0
# As many at once, so that strangers' graphs leave a core for everybody else.
CELLS: Final = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))


def canonical(
    documents: list[Mapping[str, Any]], contexts: Contexts, *, is_rdfc: bool
) -> list[str]:
    """What `json_ld.canonical` answers and raises.

    Raises CredentialTooComplex also for what ran out of time or memory, and JsonLdUnavailable if
    no process can be had.
    """
    for document in documents:
        json_ld.check_bounds(document)
        json_ld.check_contexts(document, contexts)
    bundled = json_ld_contexts.bundled()
    more = {name: dict(contexts[name]) for name in contexts if name not in bundled}
    job = {"documents": documents, "contexts": more, "is_rdfc": is_rdfc}
    if not CELLS.acquire(timeout=WAIT_SECONDS):
        raise JsonLdUnavailable
    try:
        return _read(_said(json.dumps(job).encode()))
    finally:
        CELLS.release()


def _said(job: bytes) -> bytes:
    # `-I`: neither the working directory nor the environment says what is imported.
    command = [sys.executable, "-I", str(CELL)]
    try:
        cell = subprocess.Popen(  # noqa: S603  (words of ours only)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as refused:
        raise JsonLdUnavailable from refused
    try:
        said, _ = cell.communicate(job, timeout=SECONDS)
    except subprocess.TimeoutExpired as refused:
        raise CredentialTooComplex from refused
    finally:
        _end(cell)
    return said


def _end(cell: subprocess.Popen[bytes]) -> None:
    # Asked first: the number of a process that is gone may be another's.
    if cell.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(cell.pid, signal.SIGKILL)
    for pipe in (cell.stdin, cell.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    cell.wait()


def _read(said: bytes) -> list[str]:
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError as refused:
        # Ended by the kernel, in the middle of its work.
        raise CredentialTooComplex from refused
    if "refused" in answer:
        raise DomainError.registry[answer["refused"]]
    return list(answer["texts"])
