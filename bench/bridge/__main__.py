"""Members of contexts over the face of programs, beside a floor, by how many there are.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.bridge [--members 1000 1000000]

Each size has a deployment of its own. `--quick` is for a look, not for figures to be quoted.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import stage

_SIZES = (1_000, 1_000_000)
_PER_SLICE, _QUICK_PER_SLICE = 50, 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Members of contexts beside a floor.")
    parser.add_argument("--members", type=int, nargs="+", default=_SIZES, help="sizes")
    parser.add_argument("--quick", action="store_true", help="faster, less exact")
    options = parser.parse_args()
    url = os.environ.get("DATABASE_URL") or os.environ.get(
        "TEST_POSTGRES_URL", "postgres://127.0.0.1:5432/postgres"
    )
    if not url.startswith("postgres"):
        parser.error("the benchmark compares on PostgreSQL: set DATABASE_URL")
    databases = stage.Databases(url)
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-bench-") as home:
            _run(databases, Path(home), options)
    finally:
        databases.drop_all()
    return 0


def _run(databases: stage.Databases, home: Path, options: argparse.Namespace) -> None:
    os.environ |= {
        "DATABASE_URL": databases.make("seed"),
        "COUNTERSIGN_HOME": str(home),
        "COUNTERSIGN_REQUESTS_PER_ADDRESS": "0",
        "COUNTERSIGN_REQUESTS_PER_DEVICE": "0",
        "DJANGO_SETTINGS_MODULE": "bench.settings",
    }
    import django

    django.setup()
    import logging

    logging.disable(logging.CRITICAL)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench import report

    # What else the machine does belongs to the figures.
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}\n", flush=True)
    per_slice = _QUICK_PER_SLICE if options.quick else _PER_SLICE
    found = [(size, _measured(databases, home, size, per_slice)) for size in options.members]
    print(report.table(found, python=platform.python_version(), counted="members"), flush=True)


def _measured(databases: stage.Databases, home: Path, size: int, per_slice: int) -> Any:
    from bench import people, requests
    from bench.bridge import cases

    town = people.town(f"bridge-{size}")
    plan = cases.plan(cases.program(town, size), per_slice)
    return requests.run(databases, home, "seed", town, plan)


if __name__ == "__main__":
    sys.exit(main())
