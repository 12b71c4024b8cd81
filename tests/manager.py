"""Forks programs from a process that has loaded a deployment: starting Python takes longest.

Reads one JSON object a line and answers each with one:

    {"program": ["manage", "scopes", "list"], "out": PATH, "err": PATH, "environment": {}}
        begins a command of `manage.py`, or a module with its arguments, as a process of its own,
        which adds what it prints to these files: {"pid": 7}
    {"wait": 7, "seconds": 1.5}
        its status, minus the number of the signal that killed it, null while it runs: {"status": 0}

This process itself does nothing but fork, so that each program begins with a deployment that
nobody has used yet. It ends with its input, and kills what still runs.
"""

import gc
import json
import os
import runpy
import signal
import sys
import time
import traceback
from typing import Any, NoReturn

_TICK = 0.005


def begin(asked: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        for number, path in ((1, asked["out"]), (2, asked["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(asked["environment"])
        status = _run(*asked["program"])
    finally:
        _end(status)


def _run(program: str, *arguments: str) -> int:
    from django.core.management import execute_from_command_line

    try:
        if program == "manage":
            execute_from_command_line(["manage.py", *arguments])
        else:
            sys.argv = [program, *arguments]
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)  # noqa: T201 as the interpreter does
        return 1
    except BaseException:  # noqa: BLE001 whatever a program raises is told
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> NoReturn:
    from django.db import connections

    try:
        connections.close_all()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait(pid: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(_TICK)


def load() -> None:
    """What every program needs: the settings, the models and the addresses."""
    gc.disable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    import django

    django.setup()
    from django.urls import get_resolver

    assert get_resolver().url_patterns
    gc.freeze()
    gc.enable()


def main() -> None:
    os.umask(0o077)
    load()
    running = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            status = wait(asked["wait"], asked["seconds"])
            if status is not None:
                running.discard(asked["wait"])
            told = {"status": status}
        else:
            pid = begin(asked)
            running.add(pid)
            told = {"pid": pid}
        print(json.dumps(told), flush=True)  # noqa: T201 the answer
    for pid in running:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
