"""SQLite databases that are migrated already: once for all tests, then copied."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.db.backends.sqlite3.creation import DatabaseCreation

ROOT: Final = Path(__file__).resolve().parents[1]
NAME: Final = "countersign.sqlite3"
KEPT: Final = 12
"""So many states of the migrations, for trees that are tested side by side."""


def home(path: Path) -> Path:
    """Make a folder at this path with an empty database of this version in it."""
    path.mkdir(mode=0o700)
    _copy(path / NAME)
    return path


def install() -> None:
    """Let the database of a test process begin as such a copy."""
    make = vars(DatabaseCreation)["_create_test_db"]

    def copied(self: DatabaseCreation, *arguments: Any, **options: Any) -> str:
        name: str = make(self, *arguments, **options)
        _copy(Path(name))
        return name

    # Django's stubs don't know that it may be set.
    setattr(DatabaseCreation, "_create_test_db", copied)  # noqa: B010


def _copy(path: Path) -> None:
    """Copy the database of this state of the migrations, which the first who needs it makes."""
    folder = Path(tempfile.gettempdir()) / f"countersign-migrated-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"{digest()}.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            made.touch()
        else:
            _make(made)
            newest_first = sorted(
                folder.glob("*.sqlite3"), key=lambda one: one.stat().st_mtime, reverse=True
            )
            for older in newest_first[KEPT:]:
                older.unlink()
        shutil.copyfile(made, path)


def _make(made: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        migrate({"COUNTERSIGN_HOME": scratch})
        database = Path(scratch) / NAME
        assert not database.with_name(f"{NAME}-wal").exists()
        shutil.copyfile(database, made.with_suffix(".new"))
        made.with_suffix(".new").rename(made)


def migrate(environment: Mapping[str, str]) -> None:
    """Migrate the database of this environment, in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"],
            env={**kept, "COUNTERSIGN_HOME": home, **environment},
            cwd=ROOT,
            check=True,
        )


def digest() -> str:
    """A name for this state of the migrations and of what they call."""
    names = ("*/migrations/*.py", "identity/scoping/**/*.py", "requirements.lock")
    found = hashlib.sha256(sys.version.encode())
    for file in sorted(file for name in names for file in ROOT.glob(name)):
        found.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return found.hexdigest()[:32]
