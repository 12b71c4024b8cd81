"""How long the admin's list pages take in a large deployment: 95 of 100 within 300 ms.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.admin_pages

One scope with a million users and a million audit events, ten thousand scopes beside it. The pages
come over HTTP from one worker, by turns, to one person who is signed in; the time is that of the
whole answer. Makes a database of its own on that server and drops it.
"""

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench import stage

GOAL = 0.300
SCOPES, USERS, EVENTS = 10_000, 1_000_000, 1_000_000
ROUNDS = 24
PAGES = (
    "",
    "accounts/user/",
    "accounts/user/?q=user-1",
    "accounts/user/?p=3",
    "accounts/user/?p=200",
    "accounts/device/",
    "accounts/device/?q=user-1",
    "accounts/device/?status__exact=revoked",
    "accounts/group/",
    "accounts/role/",
    "accounts/rule/",
    "invitations/invitation/",
    "invitations/invitation/?state=open",
    "invitations/proposal/",
    "invitations/proposal/?state=pending",
    "invitations/policy/",
    "identity/auditevent/",
    "identity/auditevent/?q=device.registered",
    "identity/serverkey/",
    "webhooks/",
    "staff/",
    "settings/",
)
OPERATORS_PAGES = ("scope/", "scope/?q=town-77")


def main() -> int:
    parser = argparse.ArgumentParser(description="List pages of the admin in a large deployment.")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--scopes", type=int, default=SCOPES)
    options = parser.parse_args()
    databases = stage.Databases(os.environ["DATABASE_URL"])
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-bench-") as home:
            return _run(databases, Path(home), options)
    finally:
        databases.drop_all()


def _run(databases: stage.Databases, home: Path, options: argparse.Namespace) -> int:
    environment = {
        "DATABASE_URL": databases.make("admin"),
        "COUNTERSIGN_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "identity.settings",
    }
    os.environ |= environment
    people = _seed(options)
    with stage.running(stage.OWN, environment) as server:
        base = f"http://127.0.0.1:{server.port}/admin/"
        rows = [
            (page, times)
            for person, pages in zip(people, (PAGES, OPERATORS_PAGES), strict=True)
            for page, times in _visits(base, person, pages).items()
        ]
    print(_table(rows, options))
    return 0 if all(_p95(times) <= GOAL for _, times in rows) else 1


def _seed(options: argparse.Namespace) -> Sequence[dict[str, str]]:
    """The large deployment, a member of staff who may read everything, and an operator."""
    import django

    django.setup()
    import logging

    logging.disable(logging.CRITICAL)
    from datetime import UTC, datetime

    from django.core.management import call_command
    from django.db import connection

    from accounts.services import operators
    from bench import crowd, people

    call_command("migrate", verbosity=0)
    password = secrets.token_urlsafe(18)
    town = people.town("large")
    first = operators.ensure_first(now=datetime.now(UTC))
    people.staff(town, "alice", password, "super-admin")
    for number in range(20):
        people.invitation(town, number)
    crowd.many_scopes(options.scopes)
    crowd.settle(town.scope_id, options.users)
    crowd.record(town.scope_id, options.events)
    connection.close()
    return (
        {"scope": town.slug, "username": "alice", "password": password},
        {"scope": "", "username": operators.FIRST, "password": first or ""},
    )


def _visits(base: str, person: dict[str, str], pages: Sequence[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {page: [] for page in pages}
    with httpx.Client(timeout=60, follow_redirects=True) as browser:
        form = browser.get(f"{base}login/")
        token = form.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        sent = {**person, "csrfmiddlewaretoken": token, "next": "/admin/"}
        answer = browser.post(
            f"{base}login/", data=sent, headers={"Origin": base.split("/adm", maxsplit=1)[0]}
        )
        if answer.status_code != 200 or "/login/" in str(answer.url):
            raise RuntimeError(f"the sign-in of the benchmark failed: {answer.status_code}")
        for number in range(ROUNDS + 2):
            for page in pages:
                started_at = time.perf_counter()
                answer = browser.get(base + page)
                taken = time.perf_counter() - started_at
                if answer.status_code != 200 or "/login/" in str(answer.url):
                    raise RuntimeError(f"{page} answered {answer.status_code} at {answer.url}")
                if number >= 2:  # the first ones fill caches
                    times[page].append(taken)
    return times


def _table(rows: Sequence[tuple[str, list[float]]], options: argparse.Namespace) -> str:
    intro = (
        f"{options.users:,} users and {options.events:,} audit events in one scope,"
        f" {options.scopes:,} scopes; one worker, one visitor, {ROUNDS} visits to each page."
    )
    lines = [
        intro,
        "",
        "| page of the admin | median ms | p95 ms | goal |",
        "|---|---:|---:|---:|",
    ]
    for page, times in rows:
        verdict = "" if _p95(times) <= GOAL else " (missed)"
        lines.append(
            f"| /admin/{page} | {statistics.median(times) * 1000:.0f} "
            f"| {_p95(times) * 1000:.0f}{verdict} | ≤ {GOAL * 1000:.0f} |"
        )
    return "\n".join(lines)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
