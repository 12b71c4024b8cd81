"""`manage.py serve` as people run it: real processes, a real port, a first and a second start."""

import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import websockets.sync.client as sockets
from websockets.exceptions import InvalidStatus

from identity import niceness
from tests import prepared
from tests.serving import ROOT, Served, descendants, free_port, is_alive


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first start, without the time that takes."""
    home = prepared.home(tmp_path_factory.mktemp("first") / "home")
    served = Served(home)
    served.manage("first_start", "--scope", "acme")
    return home


@pytest.fixture
def served(first_home: Path, tmp_path: Path) -> Served:
    shutil.copytree(first_home, tmp_path / "home")
    return Served(tmp_path / "home", {"COUNTERSIGN_WORKERS": "1"})


def password_lines(served: Served) -> list[str]:
    lines = served.output().splitlines()
    return [after for line, after in itertools.pairwise(lines) if "password" in line]


def test_prepares_a_first_start_and_keeps_everything_for_the_second(tmp_path: Path) -> None:
    first = Served(tmp_path / "home", {"COUNTERSIGN_WORKERS": "1"})
    with first:
        assert first.status("/healthz") == 200
        assert first.status("/nowhere") == 404
    (password,) = password_lines(first)
    assert len(password.strip()) >= 20
    output = first.output()
    assert f"{first.url}/admin/" in output
    assert f"{first.url}/s/acme/request" in output

    secrets = {file.name: file.read_bytes() for file in first.home.iterdir() if "key" in file.name}
    second = Served(tmp_path / "home", {"COUNTERSIGN_WORKERS": "1"})
    with second:
        pass
    assert password_lines(second) == []
    assert secrets == {name: (second.home / name).read_bytes() for name in secrets}
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in second.home.iterdir()}
    assert set(modes.values()) == {"0o600"}, modes
    with sqlite3.connect(second.home / "countersign.sqlite3") as database:
        slugs = database.execute("SELECT slug FROM identity_scope ORDER BY slug").fetchall()
    database.close()
    assert slugs == [("acme",), ("platform",)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_with_everything_it_started(served: Served, number: int) -> None:
    with served:
        assert served.process is not None
        family = descendants(served.process.pid)
        assert len(family) >= 3
        assert served.stop(number) == 0
    assert not any(is_alive(pid) for pid in family)
    assert "Traceback" not in served.output()


def test_what_nobody_waits_for_yields_to_the_web_server(served: Served) -> None:
    with served:
        assert served.process is not None
        own = os.getpriority(os.PRIO_PROCESS, 0)
        parts = {
            part: os.getpriority(os.PRIO_PROCESS, pid)
            for pid in descendants(served.process.pid)
            for part in ("web", "worker")
            if f"--only\0{part}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        }
    assert parts == {"web": own, "worker": max(own, niceness.YIELDING)}


def test_leaves_no_process_behind_when_it_is_killed(served: Served) -> None:
    with served:
        assert served.process is not None
        family = descendants(served.process.pid)
        served.stop(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while any(is_alive(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_alive(pid) for pid in family)
    assert served.status("/healthz") == 0


def test_serves_again_after_the_web_server_was_killed(served: Served) -> None:
    with served:
        assert served.process is not None
        web, worker = sorted(
            pid for pid in descendants(served.process.pid) if parent_of(pid) == served.process.pid
        )
        for pid in (web, worker):
            subprocess.run(["kill", "-KILL", str(pid)], check=True)
        deadline = time.monotonic() + 20
        while is_alive(web) or is_alive(worker):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # Whoever was killed is there until the supervisor has looked.
        while {web, worker} & set(descendants(served.process.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while len(descendants(served.process.pid)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        served.wait_until_ready()


def test_says_so_when_the_port_is_taken(served: Served) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", served.port))
        squatter.listen()
        served.start()
        assert served.process is not None
        assert served.process.wait(30) == 1
    assert f"port {served.port}: Address already in use" in served.output()
    assert f"PORT={served.port + 1}" in served.output()
    assert "Traceback" not in served.output()


def test_answers_web_sockets_in_a_process_of_their_own(served: Served) -> None:
    port = free_port()
    served.environment["SOCKET_PORT"] = str(port)
    with served:
        address = f"ws://localhost:{port}/api"
        assert f"Sockets   {address}" in served.output()
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with sockets.connect(f"ws://127.0.0.1:{port}/api", proxy=None) as client:
            for number in range(3):
                call = {"jsonrpc": "2.0", "id": number, "method": "versions", "params": {}}
                client.send(json.dumps(call))
                told = json.loads(client.recv(timeout=10))
                assert told == {"jsonrpc": "2.0", "id": number, "result": ["v2.0"]}
        with pytest.raises(InvalidStatus) as refused:
            sockets.connect(f"ws://127.0.0.1:{port}/elsewhere", proxy=None)
        assert refused.value.response.status_code == 403
        assert httpx.get(f"http://127.0.0.1:{port}/api", timeout=10).status_code == 426
        assert served.stop() == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_says_so_when_the_port_of_web_sockets_is_taken(served: Served) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        served.environment["SOCKET_PORT"] = str(port)
        served.start()
        assert served.process is not None
        assert served.process.wait(30) == 1
    assert f"port {port}: Address already in use" in served.output()
    assert "0: no web sockets" in served.output()


def test_does_not_change_a_production_database_by_itself(tmp_path: Path) -> None:
    environment = {
        "COUNTERSIGN_MODE": "production",
        "COUNTERSIGN_SECRET_KEY": "k" * 60,
        "COUNTERSIGN_KEK": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "COUNTERSIGN_URL": "https://id.example.org",
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
    }
    served = Served(tmp_path / "home", environment)
    served.start()
    assert served.process is not None
    assert served.process.wait(30) == 1
    assert "run `manage.py migrate` first" in served.output()


def test_ends_a_part_whose_supervisor_is_gone(served: Served) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait()
    part = subprocess.run(
        [sys.executable, "manage.py", "serve", "--only", "worker", "--child-of", str(gone.pid)],
        env=served.environment,
        cwd=ROOT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert part.returncode in {0, -signal.SIGTERM}


def parent_of(pid: int) -> int:
    listed = subprocess.run(
        ["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(listed.stdout)
