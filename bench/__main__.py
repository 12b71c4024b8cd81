"""`make bench`: our requests beside the floor, and the cost at 10³ and 10⁶ users.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench [--users 1000,1000000]

Ratios hold on any machine; the absolute figures are this machine's at this hour.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import stage


def main() -> int:
    parser = argparse.ArgumentParser(description="Requests beside a bare floor, in one run.")
    parser.add_argument("--users", default="1000,1000000", help="sizes of the deployment")
    parser.add_argument("--only", choices=("envelopes", "api"), help="one half of the requests")
    options = parser.parse_args()
    url = os.environ.get("DATABASE_URL") or os.environ.get(
        "TEST_POSTGRES_URL", "postgres://127.0.0.1:5432/postgres"
    )
    if not url.startswith("postgres"):
        parser.error("the benchmark compares on PostgreSQL: set DATABASE_URL")
    databases = stage.Databases(url)
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-bench-") as home:
            sizes = [int(size) for size in options.users.split(",")]
            _run(databases, Path(home), sizes, options.only)
    finally:
        databases.drop_all()
    return 0


def _run(databases: stage.Databases, home: Path, sizes: list[int], only: str | None) -> None:
    seeded = databases.make("seed")
    os.environ |= {
        "DATABASE_URL": seeded,
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

    from bench import api_requests, crowd, people, report, requests

    call_command("migrate", verbosity=0)
    results = []
    for size in sizes:
        crowd.grow_to(size)
        figures: list[requests.Figures] = []
        if only != "api":
            town = people.town(f"bench-{size}")
            crowd.settle(town.scope_id, min(size, 1000))
            figures += requests.run(databases, home, "seed", town)
        if only != "envelopes":
            # The list is of that many users in one scope.
            large = people.town(f"large-{size}")
            crowd.settle(large.scope_id, size)
            figures += requests.run(databases, home, "seed", large, api_requests.PLAN)
        results.append((size, figures))
    print(report.table(results, python=platform.python_version()))


if __name__ == "__main__":
    sys.exit(main())
