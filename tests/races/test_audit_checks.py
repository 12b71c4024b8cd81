"""Verifications of a record asked for at the same time: one runs, and it ends once."""

from datetime import UTC, datetime

import pytest

from identity.errors import Conflict
from identity.models import AuditCheck, AuditEvent
from identity.scoping import current
from identity.services import audit_checks
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def clock() -> datetime:
    return datetime.now(UTC)


def test_one_of_many_verifications_runs_and_ends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_checks, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(audit_checks, "queues", [])
    world = cast.world()
    ends = together.run(lambda _: audit_checks.start(by=world.system, clock=clock), count=12)
    (check,) = (end for end in ends if isinstance(end, AuditCheck))
    assert sum(isinstance(end, Conflict) for end in ends) == 11

    def work(number: int) -> bool:
        del number
        with current.in_scope(world.scope.id):
            return audit_checks.work(check.id, clock=clock)

    assert True in together.run(work, count=6)
    with cast.in_scope(world):
        assert AuditCheck.objects.get().state == "holds"
        assert AuditEvent.objects.filter(name="audit.verified").count() == 1
