"""The audit chain stays one chain whoever appends to it at the same time."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from identity import actor
from identity.models import AuditEvent, Scope, SignedHead
from identity.scoping import current
from identity.services import audit, audit_heads, audit_trail, scopes
from tests.races import append_events, together

ROOT = Path(__file__).resolve().parents[2]
TRANSACTIONS = 90
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None) -> Scope:
    return scopes.create(slug="acme", name="Acme", now=NOW)


def _started(scope: Scope) -> "subprocess.Popen[str]":
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.races.append_events", database, str(scope.id)]
    return subprocess.Popen(
        [*command, str(TRANSACTIONS)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_stays_valid_under_two_processes(acme: Scope) -> None:
    with current.in_scope(acme.id):
        before = audit_trail.end().sequence
    with _started(acme) as one, _started(acme) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.close()
        with current.in_scope(acme.id):
            while one.poll() is None or other.poll() is None:
                # Whoever verifies or signs in between sees a whole chain too.
                audit_trail.verify()
                audit_heads.sign_head(now=datetime.now(UTC))
    assert (one.returncode, other.returncode) == (0, 0)
    with current.in_scope(acme.id):
        report = audit_trail.verify()
        writers = AuditEvent.objects.filter(subject_kind="process")
        assert writers.values("subject_id").distinct().count() == 2
        each = sum(append_events.kept(number) for number in range(TRANSACTIONS))
        assert report.last_seq == before + 2 * each
        assert writers.count() == 2 * each


def test_gives_every_event_a_place_of_its_own(acme: Scope) -> None:
    def append(number: int) -> None:
        with current.in_scope(acme.id), transaction.atomic():
            audit.record(
                "event.recorded",
                by=actor.system(acme.id),
                subject=("thread", str(number)),
                now=NOW,
            )

    assert together.run(append, count=20) == [None] * 20
    with current.in_scope(acme.id):
        audit_trail.verify()
        assert AuditEvent.objects.filter(name="event.recorded").count() == 20


def test_signs_one_head_when_many_sign_at_once(acme: Scope) -> None:
    def sign(number: int) -> None:
        with current.in_scope(acme.id):
            audit_heads.sign_head(now=NOW)

    assert together.run(sign, count=10) == [None] * 10
    with current.in_scope(acme.id):
        assert SignedHead.objects.count() == 1
        assert audit_trail.verify().heads == 1


def test_gathered_events_wait_for_nobodys_rows(acme: Scope) -> None:
    """One transaction records and then changes the row that another changes and then records.

    Without gathering, the first holds the end of the chain and waits for the row, the second holds
    the row and waits for the end of the chain, and the database has to kill one of them.
    """
    recorded, changed = threading.Event(), threading.Event()
    by = actor.system(acme.id)

    def record() -> None:
        subject = ("scope", str(acme.id))
        audit.record("scope.renamed", by=by, subject=subject, now=NOW)

    def rename(name: str) -> None:
        Scope.objects.filter(id=acme.id).update(name=name)

    def work(number: int) -> None:
        with current.in_scope(acme.id), transaction.atomic(), audit.gathered():
            if number == 0:
                record()
                recorded.set()
                # SQLite lets only one of them in at a time, so this waits in vain there.
                changed.wait(timeout=2)
                rename("first")
            else:
                recorded.wait(timeout=2)
                rename("second")
                changed.set()
                record()

    assert together.run(work, count=2) == [None, None]
    with current.in_scope(acme.id):
        assert AuditEvent.objects.filter(name="scope.renamed").count() == 2
        audit_trail.verify()
