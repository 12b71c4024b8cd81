"""Onboardings a second of one worker on the local ledger, beside the floor of what each must do.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.onboarding [ONBOARDINGS]

Makes a database of its own and drops it. The floor is the same cryptography (keys, the BBS key,
signatures of the ledger's messages, both proofs of the credential, sealing) and the same rows,
written by bare INSERTs into tables with the same indexes, in the seven transactions that it takes
to remember three calls to a ledger; rounds of both alternate. Then: how long a request takes until
it is accepted while a worker is busy, and how long a poll takes with 100,000 in the queue.
"""

import dataclasses
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

import psycopg  # noqa: E402 - Django must be set up first
from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402
from psycopg.types.json import Jsonb  # noqa: E402

from accounts.models import Onboarding  # noqa: E402
from accounts.queries import onboardings as queries  # noqa: E402
from accounts.services import onboarding_leases, onboarding_work, onboardings  # noqa: E402
from identity import actor, niceness  # noqa: E402
from identity.crypto import (  # noqa: E402
    bbs_key,
    data_integrity,
    ed25519,
    json_ld_contexts,
    verifiable_credential,
)
from identity.crypto.proofs import Signer  # noqa: E402
from identity.crypto.verifiable_credential import Claim  # noqa: E402
from identity.scoping import current  # noqa: E402
from identity.services import sealing  # noqa: E402
from tests import cast, hashing, onboarding  # noqa: E402

GOAL: Final = 2.5
ROUNDS: Final = 5
QUEUE: Final = 100_000
POLLS: Final = 500
REQUESTS: Final = 200
WORK: Final = "--work"
FIELDS: Final = {"name": "Ada", "country": "UK"}
COMMITS: Final = 7
SEALED: Final = 4
TABLES: Final = (
    "accounts_onboarding",
    "accounts_onboardingstep",
    "accounts_user",
    "accounts_ledgeraccount",
    "accounts_localledgeraccount",
    "accounts_localledgertransaction",
    "accounts_ledgermessage",
    "accounts_diddocument",
    "accounts_didkey",
    "accounts_storedcontent",
    "accounts_credential",
    "accounts_registrymembership",
    "accounts_roleassignment",
    "identity_auditevent",
)


@dataclass
class Bench:
    """A scope with a registry, and what is queued in it."""

    world: cast.World
    number: int = 0

    def fill(self, count: int) -> list[UUID]:
        """Queue so many; one password was hashed for all of them."""
        by, now = actor.system(self.world.scope.id), _now()
        with current.in_scope(self.world.scope.id):
            request = onboarding.request("first", fields=FIELDS)
            checked = onboardings.check(request=request, by=by)
            made = []
            for _ in range(count):
                self.number += 1
                secrets = dataclasses.replace(checked.secrets, seed=os.urandom(32).hex())
                one = dataclasses.replace(checked, username=f"user-{self.number}", secrets=secrets)
                row = onboardings.keep_waiting(one, by=by, now=now)
                onboardings.release(onboarding_id=row.id, by=by, now=now)
                made.append(row.id)
        return made

    def work(self, tasks: Sequence[UUID]) -> float:
        """Seconds that one worker needs for each."""
        started = time.perf_counter()
        with current.in_scope(self.world.scope.id):
            for task in tasks:
                assert onboarding_work.work(task, clock=_now, holder="bench")
        took = time.perf_counter() - started
        with current.in_scope(self.world.scope.id):
            done = Onboarding.objects.filter(id__in=tasks, state="completed").count()
        assert done == len(tasks)
        return took / len(tasks)


@dataclass
class Floor:
    """The same cryptography and rows without a saga."""

    database: "psycopg.Connection[Any]"
    rows: dict[str, list[tuple[Any, ...]]]
    number: int = 0

    @classmethod
    def made(cls, count: int) -> "Floor":
        """Tables like ours, and the rows of the onboardings that were done, as a source."""
        given = connection.settings_dict
        database = psycopg.connect(
            host=given["HOST"] or None,
            port=given["PORT"] or None,
            user=given["USER"] or None,
            password=given["PASSWORD"] or None,
            dbname=given["NAME"],
            autocommit=True,
        )
        rows = {}
        for table in TABLES:
            database.execute(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING INDEXES)")
            found = database.execute(f"SELECT * FROM {table}").fetchall()
            each = len(found) // count
            rows[table] = [tuple(map(_stored, row)) for row in found[-each * count :]]
        return cls(database, rows)

    def work(self, count: int) -> float:
        """Seconds for each of so many."""
        started = time.perf_counter()
        for _ in range(count):
            _cryptography()
            self._write()
        return (time.perf_counter() - started) / count

    def reset(self) -> None:
        """The same rows again."""
        self.number = 0
        for table in TABLES:
            self.database.execute(f"TRUNCATE floor_{table}")

    def _write(self) -> None:
        tables = [TABLES[start::COMMITS] for start in range(COMMITS)]
        for group in tables:
            with self.database.transaction():
                for table in group:
                    for row in self._next(table):
                        places = ", ".join(["%s"] * len(row))
                        self.database.execute(
                            f"INSERT INTO floor_{table} VALUES ({places})",
                            row,
                            prepare=True,
                        )
        self.number += 1

    def _next(self, table: str) -> list[tuple[Any, ...]]:
        rows = self.rows[table]
        each = len(rows) // self.count
        return rows[self.number * each : (self.number + 1) * each]

    @property
    def count(self) -> int:
        """How many onboardings the rows are of."""
        return len(self.rows["accounts_onboarding"])


def _cryptography() -> None:
    """What an onboarding with a credential computes."""
    root = ed25519.generate()
    seed = ed25519.private_bytes(root)
    bbs_key.public(bbs_key.derive(seed))
    for _ in range(2):
        signature = ed25519.sign(root, b"m" * 400)
        ed25519.verify(root.public, signature, b"m" * 400)
    for _ in range(SEALED):
        sealed = sealing.seal(b"s" * 300, purpose="bench", subject="bench")
    sealing.unseal(sealed, purpose="bench", subject="bench")
    now = _now()
    claim = Claim(
        id=uuid4().urn,
        issuer="did:example:a",
        subject="did:example:a",
        type_name="User",
        context=CONTEXT,
        fields=FIELDS,
        valid_from=now,
        valid_until=None,
        status=None,
    )
    signer = Signer("did:example:a#did-root-key", root)
    contexts = {**json_ld_contexts.bundled(), CONTEXT: DEFINITIONS}
    verifiable_credential.sign_1_1(claim, signer=signer, contexts=contexts)
    verifiable_credential.sign_2_0(
        claim, signer=signer, suite=data_integrity.JCS, contexts=contexts
    )


CONTEXT: Final = "ipfs://bench"
DEFINITIONS: Final[Any] = {
    "@context": {
        "User": "ipfs://bench#User",
        **{name: f"ipfs://bench#{name}" for name in FIELDS},
    }
}


def main(count: int) -> int:
    """Print the table; 1 if the goal is missed."""
    # Tests hash passwords at little cost; here they cost what they cost in a deployment.
    settings.PASSWORD_HASHERS = [hashing.REAL]
    hashing.forget()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        return _measure(count)
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure(count: int) -> int:
    world = cast.world("bench")
    onboarding.registry(world)
    bench = Bench(world)
    bench.work(bench.fill(count))
    floor = Floor.made(count)
    floor.work(min(10, count))
    saga, bare = [], []
    for _ in range(ROUNDS):
        floor.reset()
        bare.append(floor.work(count))
        saga.append(bench.work(bench.fill(count)))
    floor.database.close()
    ratio = statistics.median(saga) / statistics.median(bare)
    accepted = _accepted(bench, count)
    polls = [_polled(bench), _queued(bench)]
    print(f"{ROUNDS} rounds of {count} onboardings with a credential, {connection.vendor}")
    print()
    print("| what | measured | goal |")
    print("|---|---:|---:|")
    print(f"| onboardings a second of one worker | {1 / statistics.median(saga):.1f} | |")
    print(f"| the floor of their cryptography and writes | {1 / statistics.median(bare):.1f} | |")
    print(f"| times the floor | {ratio:.2f} | ≤ {GOAL} |")
    print(f"| a request is accepted while a worker is busy, p99, ms | {accepted:.1f} | ≤ 50 |")
    print(f"| a poll, median, ms | {polls[0]:.2f} | |")
    print(f"| a poll with {QUEUE:,} in the queue, median, ms | {polls[1]:.2f} | as above |")
    print(f"| finding 64 that are due among them, median, ms | {_found():.2f} | |")
    return 0 if ratio <= GOAL else 1


def _accepted(bench: Bench, count: int) -> float:
    """Milliseconds until a request is accepted, its password hashed, beside a busy worker.

    The worker is a process of its own, as in a deployment, and always has more to do.
    """
    bench.fill(count)
    by = actor.system(bench.world.scope.id)
    times: list[float] = []
    given = connection.settings_dict
    login = f"{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT'] or 5432}"
    environment = os.environ | {"DATABASE_URL": f"postgres://{login}/{given['NAME']}"}
    command = [sys.executable, "-m", "bench.onboarding", WORK]
    with subprocess.Popen(command, env=environment) as worker:
        time.sleep(5)  # Until it is at work.
        while len(times) < REQUESTS:
            request = onboarding.request(f"asked-{len(times)}", fields=FIELDS)
            started = time.perf_counter()
            onboardings.start(request=request, by=by, now=_now())
            times.append((time.perf_counter() - started) * 1000)
            time.sleep(0.01)
        worker.terminate()
    return sorted(times)[int(len(times) * 0.99)]


def _work_on() -> int:
    """A worker: whatever is due, one after the other, until it is stopped."""
    niceness.yield_to_others()
    while True:
        for each in onboarding_leases.due(now=_now(), most=64):
            with current.in_scope(each.scope_id):
                onboarding_work.work(each.onboarding_id, clock=_now, holder="worker")


def _polled(bench: Bench) -> float:
    with current.in_scope(bench.world.scope.id):
        task = Onboarding.objects.order_by("-created_at").values_list("id", flat=True)[0]
    return _median(lambda: queries.poll(task))


def _queued(bench: Bench) -> float:
    with current.as_owner(why="a queue for the benchmark"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_onboarding (id, scope_id, action, state, username,"
            " username_folded, role, error_code, error, reason, attempts, outages, next_attempt_at,"
            " lease_holder, created_at) SELECT gen_random_uuid(), scope_id, action, 'queued', '',"
            " '', role, '', '', '', 0, 0, now() + n * interval '1 ms', '', now()"
            " FROM (SELECT * FROM accounts_onboarding LIMIT 1) AS one, generate_series(1, %s) AS n",
            [QUEUE],
        )
        cursor.execute("ANALYZE accounts_onboarding")
    return _polled(bench)


def _found() -> float:
    late = datetime(2100, 1, 1, tzinfo=UTC)
    return _median(lambda: onboarding_leases.due(now=late, most=64))


def _median(act: Callable[[], object]) -> float:
    times = []
    for _ in range(POLLS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _stored(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else "100"
    sys.exit(_work_on() if given == WORK else main(int(given)))
