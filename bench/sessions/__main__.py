"""Checking, renewing and beginning sessions: beside a floor and beside others' servers.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.sessions [--users 1000,1000000]

The floor and the growth at every size; others' servers (installed from the lock in `bench/peers`;
needs Node and npm), the storm and the revocations at the largest. `--quick` runs everything in less
than a minute, in windows too short for figures that could be quoted.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import stage

PARTS = ("floor", "beside", "storm", "revoking")
_PER_SLICE, _QUICK_PER_SLICE = 100, 20


def main() -> int:
    parser = argparse.ArgumentParser(description="Sessions beside a floor and others' servers.")
    parser.add_argument("--users", help="sizes of the deployment; 1000,1000000, quick 1000")
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
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    # What else the machine does belongs to the figures.
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}\n", flush=True)
    sizes = [int(size) for size in (options.users or _usual(options)).split(",")]
    _floors(databases, home, sizes, options)
    _others(databases, environment, sizes[-1], options)


def _usual(options: argparse.Namespace) -> str:
    return "1000" if options.quick else "1000,1000000"


def _floors(
    databases: stage.Databases, home: Path, sizes: list[int], options: argparse.Namespace
) -> None:
    from bench import crowd, report, requests
    from bench.sessions import cases, guests, hashing, unhashed
    from bench.sessions import report as words

    results = []
    for size in sizes:
        crowd.grow_to(size)
        if options.only not in {None, "floor"}:
            continue
        town = guests.town(f"sessions-{size}")
        plan = cases.plan(_QUICK_PER_SLICE if options.quick else _PER_SLICE)
        results.append((size, requests.run(databases, home, "seed", town, plan)))
    if results:
        print(report.table(results, python=platform.python_version()))
        hashed, rest = hashing.cost(databases, home), unhashed.cost(databases, home, town)
        print(words.passwords(results[-1][1], hashed, rest), flush=True)


def _others(
    databases: stage.Databases,
    environment: dict[str, str],
    users: int,
    options: argparse.Namespace,
) -> None:
    from django.conf import settings

    from bench.sessions import beside, guests, peers, report, revoking, storm
    from identity.management import web_server

    def wanted(part: str) -> bool:
        return options.only in {None, part}

    town, threads = guests.town("beside"), web_server.threads()
    rounds, seconds = (1, 0.7) if options.quick else (5, 4.0)
    sizes = beside.Sizes(users, min(users, 50 if options.quick else 500), rounds, seconds)
    if wanted("beside") or wanted("storm"):
        peers.install()
        print(f"\n{peers.versions()}", flush=True)
    if wanted("beside"):
        found = beside.run(databases, town, environment, sizes, threads)
        print(report.beside(found, threads), flush=True)
    shape = (settings.WEB_WORKERS or len(os.sched_getaffinity(0)), threads)
    if wanted("storm"):
        stormed = storm.run(databases, town, environment, sizes, shape)
        print(report.storms(stormed, shape), flush=True)
    if wanted("revoking"):
        ended = revoking.run(databases, town, environment, 10 if options.quick else 100, threads)
        print(report.refusals(ended), flush=True)


if __name__ == "__main__":
    sys.exit(main())
