"""Passkeys beside a floor, at `/v1` and through the channel of the face, and how many sign in.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.passkeys [--users 1000]

`--quick` runs everything in less than a minute, in windows too short for figures that could be
quoted. `--only` takes one part.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import stage

PARTS = ("floor", "sign-ins")
_PER_SLICE, _QUICK_PER_SLICE = 50, 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Passkeys beside a floor.")
    parser.add_argument("--users", type=int, default=1000, help="size of the deployment")
    parser.add_argument("--quick", action="store_true", help="less than a minute, less exact")
    parser.add_argument("--only", choices=PARTS, help="one part")
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
    environment = {
        "DATABASE_URL": databases.make("seed"),
        "COUNTERSIGN_HOME": str(home),
        "COUNTERSIGN_REQUESTS_PER_ADDRESS": "0",
        "COUNTERSIGN_REQUESTS_PER_DEVICE": "0",
        "DJANGO_SETTINGS_MODULE": "identity.settings",
    }
    os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "bench.settings"}
    import django

    django.setup()
    import logging

    logging.disable(logging.CRITICAL)
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench import crowd, report, requests
    from bench.passkeys import cases, holders, sign_ins
    from identity.management import web_server

    # What else the machine does belongs to the figures.
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}\n", flush=True)
    crowd.grow_to(options.users)
    town = holders.town("passkeys")
    if options.only in {None, "floor"}:
        plan = cases.plan(_QUICK_PER_SLICE if options.quick else _PER_SLICE)
        found = requests.run(databases, home, "seed", town, plan)
        print(report.table([(options.users, found)], python=platform.python_version()), flush=True)
    if options.only in {None, "sign-ins"}:
        shape = (settings.WEB_WORKERS or len(os.sched_getaffinity(0)), web_server.threads())
        seconds = 2.0 if options.quick else 15.0
        rates = sign_ins.run(databases, town, environment, seconds, shape)
        print(sign_ins.told(rates, shape), flush=True)


if __name__ == "__main__":
    sys.exit(main())
