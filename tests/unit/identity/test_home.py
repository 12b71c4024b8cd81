"""Secrets made once: whole, the same for everybody, readable by their owner alone."""

import threading
from pathlib import Path

import pytest

from identity import home


def test_makes_a_secret_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    assert home.secret(path, lambda: "first") == "first"
    assert home.secret(path, lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_gives_all_processes_that_start_together_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    gate = threading.Barrier(16)
    read: list[str] = []

    def start(number: int) -> None:
        gate.wait()
        read.append(home.secret(path, lambda: f"secret of {number}"))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 16
    assert len(set(read)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_leaves_nothing_behind_when_making_fails(tmp_path: Path) -> None:
    def fail() -> str:
        raise OSError("no randomness")

    with pytest.raises(OSError, match="no randomness"):
        home.secret(tmp_path / "secret", fail)
    assert not list(tmp_path.iterdir())
