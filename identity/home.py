"""The folder where a deployment keeps its own state: secrets made once, readable by nobody else."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

SECRET_KEY_FILE = "secret-key"  # noqa: S105 a file's name
KEY_ENCRYPTION_KEY_FILE = "key-encryption-key"


def prepare(home: Path) -> None:
    """Make the folder, open to its owner alone. Raises OSError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def made(home: Path) -> Path:
    """The folder, made if it can be: where secrets come from elsewhere, nothing else makes it."""
    with contextlib.suppress(OSError):
        prepare(home)
    return home


def secret(path: Path, make: Callable[[], str]) -> str:
    """The text of a secret file, made on first use with mode 0600. Raises OSError.

    Whoever comes first wins: the text is written to a file of its own and then linked to its
    name in one step, so no process reads half a secret and all of them read the same one.
    """
    if not path.exists():
        prepare(path.parent)
        draft = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(make() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            draft.unlink()
    return path.read_text().strip()
