"""No library that we load lets the process recurse deeper: JSON nested without end is refused."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture import house

PROGRAM = """
import sys
before = sys.getrecursionlimit()
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import importlib, pkgutil
for room in ("identity", "accounts", "sessions_app", "invitations"):
    package = importlib.import_module(room)
    for found in pkgutil.walk_packages(package.__path__, room + "."):
        if not any(part in found.name for part in (".migrations", ".commands.", "_cell", ".wsgi")):
            importlib.import_module(found.name)
from identity.crypto import bbs_key, evm_typed_data
bbs_key.public(bbs_key.derive(bytes(32)))
assert "py_ecc" in sys.modules
print(before, sys.getrecursionlimit())
"""


def test_nothing_that_is_loaded_recurses_deeper(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "COUNTERSIGN_HOME": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "identity.settings",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=house.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    before, after = run.stdout.split()[-2:]
    assert before == after
