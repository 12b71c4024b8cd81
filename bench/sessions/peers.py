"""Others' servers, installed from the lock in `bench/peers`: tables, sessions and how to start."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import stage

FOLDER = Path(__file__).resolve().parents[1] / "peers"
NAMES = ("better-auth", "oidc-provider")


def install() -> None:
    """The packages of the lock, where they are not there yet."""
    lock, stamp = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER, check=True
    )
    os.utime(stamp)


def versions() -> str:
    """What was installed."""
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    found = [f"{name} {packages[f'node_modules/{name}']['version']}" for name in NAMES]
    return ", ".join([f"Node {node.stdout.strip()[1:]}", *found])


def seed(name: str, url: str, *, users: int, sessions: int) -> Any:
    """Fill a database of the peer's own; what it tells its clients."""
    done = subprocess.run(
        ["node", f"{name}.mjs", "seed", str(users), str(sessions)],
        cwd=FOLDER,
        env={**os.environ, **environment(url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(done.stdout)


def command(name: str) -> list[str]:
    """One process of it."""
    return ["node", f"{name}.mjs", "serve", stage.PORT]


def environment(url: str) -> Mapping[str, str]:
    """In production, as one would run it."""
    return {
        "BENCH_DATABASE": url.replace("postgres://", "postgresql://"),
        "NODE_ENV": "production",
        "NODE_NO_WARNINGS": "1",
    }
