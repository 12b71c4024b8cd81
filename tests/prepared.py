"""SQLite databases that are migrated already: once for all tests, then copied."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from django.db.backends.sqlite3.creation import DatabaseCreation

ROOT: Final = Path(__file__).resolve().parents[1]
NAME: Final = "countersign.sqlite3"


def home(path: Path) -> Path:
    """Make a folder at this path with an empty database of this version in it."""
    path.mkdir(mode=0o700)
    shutil.copyfile(_template(), path / NAME)
    return path


def install() -> None:
    """Let the database of a test process begin as such a copy."""
    make = vars(DatabaseCreation)["_create_test_db"]

    def copied(self: DatabaseCreation, *arguments: Any, **options: Any) -> str:
        name: str = make(self, *arguments, **options)
        shutil.copyfile(_template(), name)
        return name

    # Django's stubs don't know that it may be set.
    setattr(DatabaseCreation, "_create_test_db", copied)  # noqa: B010


def _template() -> Path:
    """The database of this state of the migrations; of two that need it at once one makes it."""
    folder = Path(tempfile.gettempdir()) / f"countersign-migrated-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"{_digest()}.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for older in folder.glob("*.sqlite3"):
                older.unlink()
            _migrate(made)
    return made


def _migrate(made: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"],
            env={**kept, "COUNTERSIGN_HOME": scratch},
            cwd=ROOT,
            check=True,
        )
        database = Path(scratch) / NAME
        assert not database.with_name(f"{NAME}-wal").exists()
        shutil.copyfile(database, made.with_suffix(".new"))
        made.with_suffix(".new").rename(made)


def _digest() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:32]
