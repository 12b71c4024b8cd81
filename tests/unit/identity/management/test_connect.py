"""`manage.py connect v1`: what it prints is run against a live server exactly as it stands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import prepared
from tests.serving import ROOT, Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = prepared.home(tmp_path_factory.mktemp("connect") / "home")
    with Served(home, {"COUNTERSIGN_WORKERS": "1"}) as running:
        yield running


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def facts(served: Served, *more: str) -> dict[str, Any]:
    printed = served.manage("connect", "v1", "--scope", "acme", "--json", *more)
    told: dict[str, Any] = json.loads(printed)
    return told


def test_the_curl_line_reads_what_the_api_can_do(served: Served, tmp_path: Path) -> None:
    told = facts(served)
    assert told["url"] == f"{served.url}/s/acme/v1"
    described = json.loads(run("bash", "-c", told["curl"], folder=tmp_path))
    assert described["openapi"].startswith("3.1")
    assert served.status(told["docs"].removeprefix(served.url)) == 200


def test_the_program_joins_and_the_script_signs(served: Served, tmp_path: Path) -> None:
    told = facts(served, "--invite", "alice@example.test", "--role", "super-admin")
    (tmp_path / "v1.py").write_text(told["python"])
    me = json.loads(run(sys.executable, "v1.py", folder=tmp_path))
    assert me["user"]["email"] == "alice@example.test"
    secret = {
        name: (tmp_path / name).stat().st_mode & 0o777 for name in ("session.json", "device.pem")
    }
    assert set(secret.values()) == {0o600}

    (tmp_path / "v1.sh").write_text(told["shell"])
    for _ in range(8):  # one signature in some hundred has a number with leading zeros
        assert json.loads(run("bash", "v1.sh", folder=tmp_path)) == me
    made = run("bash", "v1.sh", "POST", "/groups", '{"name": "treasury"}', folder=tmp_path)
    group = json.loads(made)
    assert group["name"] == "treasury"
    gone = run("bash", "v1.sh", "DELETE", f"/groups/{group['id']}", folder=tmp_path)
    assert json.loads(gone) == {"id": group["id"]}

    # Without an invitation the program is for a device that is there already.
    (tmp_path / "again.py").write_text(facts(served)["python"])
    assert json.loads(run(sys.executable, "again.py", folder=tmp_path)) == me


@pytest.mark.parametrize(("size", "status"), [(40, 202), (2 * 1024 * 1024, 413)])
def test_reads_bodies_that_come_in_chunks(served: Served, size: int, status: int) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"email": "chunks@example.test"}'
        yield b" " * size

    address = f"{facts(served)['url']}/sign-in/email"
    answer = httpx.post(address, content=parts(), headers={"Content-Type": "application/json"})
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert answer.status_code == status, answer.text


def test_prints_text_for_people(served: Served) -> None:
    printed = served.manage("connect", "v1", "--scope", "acme")
    assert f"url: {served.url}/s/acme/v1\n" in printed
    assert "\nshell:\n\n#!/usr/bin/env bash\n" in printed
