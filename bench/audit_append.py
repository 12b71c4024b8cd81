"""How many audit events a second two processes append to one scope, each with its own commit.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.audit_append [SECONDS]

Makes a database of its own on that server and drops it. CPU is that of the two processes and of
their database sessions (read from /proc, so the server has to run on this machine), per event.
Beside it stands what the same two processes reach with one bare row per commit, which nobody has
to wait for: what the disk and the machine give at that hour. Afterwards the whole chain is
verified: a figure about a broken chain would be worth nothing.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import connection as connections
from multiprocessing import synchronize
from pathlib import Path
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first

from identity import actor  # noqa: E402
from identity.scoping import current  # noqa: E402
from identity.services import audit, audit_trail, nonces, scopes  # noqa: E402

Work = Callable[[actor.Actor, int], None]
PROCESSES = 2
WARM_UP = 200
GOAL = 500


@dataclass(frozen=True)
class Share:
    """What one process did."""

    events: int
    own_cpu: float
    database_cpu: float


def main(seconds: float) -> int:
    if connection.vendor != "postgresql":
        print("set DATABASE_URL to a PostgreSQL server", file=sys.stderr)
        return 2
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        return _measure(seconds)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure(seconds: float) -> int:
    scope = scopes.create(slug="bench", name="bench", now=datetime.now(UTC))
    connection.close()
    bare = _together(_remember, scope.id, seconds / 2)
    audited = _together(_record, scope.id, seconds)
    with current.in_scope(scope.id):
        report = audit_trail.verify()
    rate = audited.events / seconds
    print(f"{PROCESSES} processes, one scope, one commit each, {seconds:g} s")
    print(f"{rate:8.0f} events/s (goal: {GOAL}; bare rows: {2 * bare.events / seconds:.0f}/s)")
    for what, cpu, bare_cpu in (
        ("in our processes", audited.own_cpu, bare.own_cpu),
        ("in their database sessions", audited.database_cpu, bare.database_cpu),
    ):
        each, each_bare = cpu / audited.events * 1e6, bare_cpu / bare.events * 1e6
        print(f"{each:8.0f} us of CPU per event {what} (bare rows: {each_bare:.0f})")
    print(f"{report.last_seq:8} events verified, the chain holds")
    return 0 if rate >= GOAL else 1


def _together(work: Work, scope_id: UUID, seconds: float) -> Share:
    # Forked processes share the settings, among them the name of the database made for this.
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(PROCESSES)
    pipes = []
    for _ in range(PROCESSES):
        receiver, sender = context.Pipe(duplex=False)
        context.Process(target=_loop, args=(work, scope_id, seconds, barrier, sender)).start()
        # With our own end open too, we would wait for ever for a process that failed.
        sender.close()
        pipes.append(receiver)
    shares: list[Share] = [pipe.recv() for pipe in pipes]
    for process in multiprocessing.active_children():
        process.join()
    return Share(
        events=sum(share.events for share in shares),
        own_cpu=sum(share.own_cpu for share in shares),
        database_cpu=sum(share.database_cpu for share in shares),
    )


def _loop(
    work: Work,
    scope_id: UUID,
    seconds: float,
    barrier: synchronize.Barrier,
    result: connections.Connection,
) -> None:
    by = actor.system(scope_id)
    with current.in_scope(scope_id):
        for number in range(WARM_UP):
            work(by, number)
        barrier.wait(timeout=60)
        session = _session()
        own, database = _own_cpu(), _cpu_of(session)
        events, ends_at = 0, time.monotonic() + seconds
        while time.monotonic() < ends_at:
            work(by, events)
            events += 1
        result.send(Share(events, _own_cpu() - own, _cpu_of(session) - database))
    connection.close()


def _record(by: actor.Actor, number: int) -> None:
    with transaction.atomic():
        audit.record(
            "device.registered",
            by=by,
            subject=("device", str(by.scope_id)),
            now=datetime.now(UTC),
            facts={"number": number, "name": "Ein Gerät", "check_code": "12345678"},
        )


def _remember(by: actor.Actor, number: int) -> None:
    del number
    nonces.remember(device_id=by.scope_id, nonce=os.urandom(16), expires_at=datetime.now(UTC))


def _session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _cpu_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
