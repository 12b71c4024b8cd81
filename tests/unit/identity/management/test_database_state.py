"""`manage.py` in a fresh folder: what to do is told in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT

KEYS = {
    "COUNTERSIGN_SECRET_KEY": "a-key-of-this-test-" * 4,
    "COUNTERSIGN_KEK": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
}


def manage(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "COUNTERSIGN_HOME": str(home), **environment}
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=kept, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("environment", [{}, KEYS], ids=["own-keys", "given-keys"])
def test_makes_the_home_that_is_not_there(tmp_path: Path, environment: dict[str, str]) -> None:
    home = tmp_path / "deep" / "home"
    checked = manage(home, "check", "--database", "default", **environment)
    assert (checked.returncode, checked.stderr.count("Traceback")) == (0, 0), checked.stderr
    assert home.stat().st_mode & 0o777 == 0o700


def test_says_that_the_tables_are_missing(tmp_path: Path) -> None:
    told = manage(tmp_path / "home", "scopes", "list")
    assert told.returncode == 1
    (line,) = told.stderr.strip().splitlines()
    assert line.startswith("The database is not prepared")
    assert "`manage.py migrate`" in line
    assert "Traceback" in manage(tmp_path / "home", "scopes", "--traceback", "list").stderr


@pytest.mark.parametrize("command", ["check --database default", "migrate", "scopes list"])
@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.sqlite3", "postgres://nobody@127.0.0.1:1/nothing"]
)
def test_says_that_the_database_does_not_answer(tmp_path: Path, command: str, url: str) -> None:
    told = manage(tmp_path / "home", *command.split(), DATABASE_URL=url)
    assert told.returncode == 1
    (line,) = told.stderr.strip().splitlines()
    assert line.startswith("The database does not answer: ")
    assert "DATABASE_URL" in line
