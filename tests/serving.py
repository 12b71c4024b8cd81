"""A real server in its own processes, with a home, a port and a database of its own."""

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
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

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
        self.process: subprocess.Popen[bytes] | None = None
        self._manager: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> str:
        """Run another command beside the server and return what it prints."""
        manager = self._manager or self._start_manager()
        assert manager.stdin is not None
        assert manager.stdout is not None
        manager.stdin.write(json.dumps(arguments) + "\n")
        manager.stdin.flush()
        answer = manager.stdout.readline()
        assert answer, "the process that runs commands has ended"
        done = json.loads(answer)
        assert done["status"] == 0, done["err"]
        out: str = done["out"]
        return out

    def _start_manager(self) -> "subprocess.Popen[str]":
        """One process for all commands, which ends with its input at the latest."""
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
    """Where the system's Chromium is."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise AssertionError("Chromium is needed: apt-get install chromium")
