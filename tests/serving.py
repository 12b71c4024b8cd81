"""A real server in its own processes, with a home, a port and a database of its own."""

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """`manage.py serve` for the length of a `with` block, on SQLite unless the environment says.

    `home` keeps its state, so a second one with the same home starts where the first one ended.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = home.with_name(f"{home.name}-{self.port}.log")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **kept,
            "COUNTERSIGN_HOME": str(home),
            "PORT": str(self.port),
            "SOCKET_PORT": "0",
            "COUNTERSIGN_WORKERS": "2",
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | Program | None = None
        self._manager: subprocess.Popen[str] | None = None
        self._numbers = itertools.count(1)

    def manage(self, *arguments: str) -> str:
        """Run another command beside the server and return what it prints."""
        with self.begin("manage", *arguments) as command:
            assert command.wait() == 0, command.complaints()
            return command.output()

    def begin(
        self, *program: str, environment: Mapping[str, str] | None = None, log: Path | None = None
    ) -> "Program":
        """Start a command of `manage.py`, or a module with its arguments, in a process of its own.

        It is forked from one that has loaded this deployment, by the environment of the first time
        that something was begun; `environment` is added for this program. What it prints goes to
        the log, if there is one.
        """
        printed = self.log.with_name(f"{self.log.stem}-{next(self._numbers)}")
        out, err = (log or printed.with_suffix(f".{kind}") for kind in ("out", "err"))
        return Program(self._ask, program, environment or {}, out, err)

    def _ask(self, **question: Any) -> Any:
        manager = self._manager or self._start_manager()
        assert manager.stdin is not None
        assert manager.stdout is not None
        manager.stdin.write(json.dumps(question) + "\n")
        manager.stdin.flush()
        answer = manager.stdout.readline()
        assert answer, "the process that begins programs has ended"
        return json.loads(answer)

    def _start_manager(self) -> "subprocess.Popen[str]":
        """One process for all programs, which ends with its input at the latest."""
        with self.log.open("ab") as log:
            self._manager = subprocess.Popen(
                [sys.executable, "-m", "tests.manager"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        weakref.finalize(self, _end, self._manager)
        return self._manager

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "serve"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )

    def wait_until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.output()
            if "Countersign is ready" in self.output() and self.status("/readyz") == 200:
                return
            time.sleep(0.1)
        raise AssertionError(f"not ready after {seconds} s:\n{self.output()}")

    def status(self, path: str) -> int:
        """The status of a GET, 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0

    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def stop(self, number: int = signal.SIGTERM, seconds: float = 40) -> int:
        """Signal the supervisor and return its status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Program:
    """A process that `tests.manager` forked, with what `subprocess.Popen` has of it."""

    def __init__(
        self,
        ask: Callable[..., Any],
        program: Sequence[str],
        environment: Mapping[str, str],
        out: Path,
        err: Path,
    ) -> None:
        self._ask, self._out, self._err = ask, out, err
        self.returncode: int | None = None
        given = {"out": str(out), "err": str(err), "environment": dict(environment)}
        self.pid: int = ask(program=program, **given)["pid"]

    def poll(self) -> int | None:
        """Its status, minus the number of the signal that killed it; None while it runs."""
        if self.returncode is None:
            self.returncode = self._ask(wait=self.pid, seconds=0)["status"]
        return self.returncode

    def wait(self, seconds: float = 600) -> int:
        """Its status. Raises AssertionError if it still runs then, and kills it."""
        if self.returncode is None:
            self.returncode = self._ask(wait=self.pid, seconds=seconds)["status"]
        if self.returncode is None:
            self.kill()
            raise AssertionError(f"it ran for {seconds} s: {self.complaints()}")
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def output(self) -> str:
        return self._out.read_text() if self._out.exists() else ""

    def complaints(self) -> str:
        return self._err.read_text() if self._err.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.kill()
        self.wait()


def _end(manager: "subprocess.Popen[str]") -> None:
    manager.communicate()


def descendants(pid: int) -> list[int]:
    """Children, their children and so on. Reads /proc or asks ps."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(line.split()[0]): int(line.split()[1]) for line in listed.splitlines()}
    found: list[int] = []
    layer = {pid}
    while layer:
        layer = {child for child, parent in parents.items() if parent in layer}
        found += layer
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def chromium() -> str:
    """Where the system's Chromium is, rather the one without windows.

    It is the same engine without what surrounds pages, for half of the processor's time.
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise AssertionError("Chromium is needed: apt-get install chromium-headless-shell")
