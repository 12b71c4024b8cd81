"""A process that appends audit events to a scope of the test's database; run by a race test.

    python -m tests.races.append_events DATABASE SCOPE COUNT

Says `ready`, waits for a line, and appends. Every third transaction is rolled back, every fifth
gathers two events.
"""

import contextlib
import os
import sys
from datetime import UTC, datetime
from uuid import UUID

import django
from django.conf import settings

if __name__ == "__main__":
    # The database of the test that started this process, not one of this process's own.
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from django.db import transaction

from identity import actor
from identity.actor import Actor
from identity.scoping import current
from identity.services import audit


class Undone(Exception):
    """Rolls a transaction back on purpose."""


def kept(number: int) -> int:
    """How many events the transaction of this number leaves."""
    if number % 3 == 0:
        return 0
    return 2 if number % 5 == 0 else 1


def main(scope_id: UUID, count: int) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    by = actor.system(scope_id)
    with current.in_scope(scope_id):
        for number in range(count):
            with contextlib.suppress(Undone):
                _append(by, number)


def _append(by: Actor, number: int) -> None:
    with transaction.atomic():
        if number % 5 == 0:
            with audit.gathered():
                _record("pair.first", by, number)
                _record("pair.second", by, number)
        else:
            _record("single.event", by, number)
        if number % 3 == 0:
            raise Undone


def _record(name: str, by: Actor, number: int) -> None:
    subject = ("process", str(os.getpid()))
    audit.record(name, by=by, subject=subject, now=datetime.now(UTC), facts={"number": number})


if __name__ == "__main__":
    main(UUID(sys.argv[2]), int(sys.argv[3]))
