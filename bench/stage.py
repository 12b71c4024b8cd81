"""The stage of a benchmark: databases made from one another, and servers on a core of their own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench import machine
from bench.tape import Sent

ROOT = Path(__file__).resolve().parents[1]
OWN = "identity.wsgi:application"
FLOOR = "bench.floor.wsgi:application"
PORT = "{port}"


class Databases:
    """Databases on the server of DATABASE_URL, named by this process and dropped at the end."""

    def __init__(self, url: str) -> None:
        self.parts = urllib.parse.urlsplit(url)
        self.made: list[str] = []

    def url(self, name: str) -> str:
        return self.parts._replace(path=f"/{self._full(name)}").geturl()

    def make(self, name: str, template: str = "") -> str:
        """A new database, a copy of `template` where one is named; its URL."""
        copied = f' TEMPLATE "{self._full(template)}"' if template else ""
        self._run(f'DROP DATABASE IF EXISTS "{self._full(name)}" WITH (FORCE)')
        self._run(f'CREATE DATABASE "{self._full(name)}"{copied}')
        self.made.append(name)
        if template:
            self.settle(name)
        return self.url(name)

    def settle(self, name: str) -> None:
        """Do at once what autovacuum does in a database that lives.

        Without statistics the planner guesses, and a look-up by key costs twice as much.
        """
        url = urllib.parse.urlsplit(self.url(name))._replace(scheme="postgresql").geturl()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def drop_all(self) -> None:
        for name in self.made:
            self._run(f'DROP DATABASE IF EXISTS "{self._full(name)}" WITH (FORCE)')

    def backends(self, name: str) -> list[int]:
        """Process ids of the sessions of one database."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s", [self._full(name)]
            )
            return [pid for (pid,) in rows]

    def _full(self, name: str) -> str:
        return f"countersign_bench_{os.getpid()}_{name}"

    def _connected(self) -> Any:
        return psycopg.connect(self.parts._replace(scheme="postgresql").geturl(), autocommit=True)

    def _run(self, sql: str) -> None:
        with self._connected() as connection:
            connection.execute(sql)


class Server:
    """A program that listens at a port of this machine, for the length of a benchmark."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, folder: Path = ROOT
    ) -> None:
        self.port = _free_port()
        filled = [part.replace(PORT, str(self.port)) for part in command]
        self.process = subprocess.Popen(filled, cwd=folder, env={**os.environ, **environment})
        self.client = httpx.Client(timeout=30)

    @property
    def pid(self) -> int:
        return machine.worker(self.process.pid)

    def send(self, sent: Sent) -> httpx.Response:
        return self.client.request(
            sent.method,
            f"http://127.0.0.1:{self.port}{sent.path}",
            content=sent.body,
            headers=dict(sent.headers),
        )

    def wait(self) -> None:
        """Until somebody listens."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self.process.poll() is not None:
                raise RuntimeError("the server of the benchmark did not start")
            time.sleep(0.05)
        raise RuntimeError("the server of the benchmark does not listen")

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def granian(target: str, *, workers: int = 1, threads: int = 1) -> list[str]:
    """The command of a web server as `serve` starts it, `PORT` in the place of the port."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", PORT, "--workers", str(workers)),
        *("--blocking-threads", str(threads), "--blocking-threads-idle-timeout", "600"),
        *("--no-ws", "--log-level", "error", "--no-access-log", target),
    ]


def on_one_core(command: Sequence[str]) -> list[str]:
    """The same on processor 0; the load comes from the other one."""
    return ["taskset", "-c", "0", *command]


@contextlib.contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], *, folder: Path = ROOT
) -> Iterator[Server]:
    """A server for the length of a block."""
    server = Server(command, environment, folder=folder)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def running(
    target: str, environment: Mapping[str, str]
) -> contextlib.AbstractContextManager[Server]:
    """One granian worker with one thread on processor 0, for the length of a block."""
    return started(on_one_core(granian(target)), environment)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
