"""The rooms of the house as files, and what stands in them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("identity", "accounts", "sessions_app", "invitations")


def sources(*rooms: str) -> Iterator[Path]:
    """Python files of these packages, modules or files, without migrations."""
    for room in rooms or PACKAGES:
        place = ROOT / room.replace(".", "/")
        files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
        yield from (file for file in files if "migrations" not in file.parts and file.exists())


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported(source: str) -> set[str]:
    """Full names of everything that a module imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
