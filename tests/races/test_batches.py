"""A batch is confirmed once, each of its lines done once, each bundle given once."""

import pytest

from identity.errors import Conflict
from identity.models import AuditEvent
from identity.scoping import current
from invitations import bulk_lines
from invitations.models import Invitation, InvitationBatch, InvitationBatchLine
from invitations.services import bulk, bulk_work
from tests import acts, cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 4
LINES = 6


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> cast.Member:
    monkeypatch.setattr(bulk, "queues", [])
    return cast.world().member("alice", "super-admin")


def checked(alice: cast.Member) -> InvitationBatch:
    text = "email\n" + "".join(f"p{number}@example.test\n" for number in range(LINES))
    with current.in_scope(alice.user.scope_id):
        lines = bulk_lines.read(text.encode())
        batch = bulk.upload(lines=lines, by=acts.as_actor(alice), now=acts.now())
        bulk_work.work(batch.id, clock=acts.now)
    return batch


def test_is_confirmed_once(alice: cast.Member) -> None:
    batch = checked(alice)

    def confirm(_: int) -> None:
        with current.in_scope(alice.user.scope_id):
            bulk.confirm(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
            bulk_work.work(batch.id, clock=acts.now)

    ends = together.run(confirm, count=COUNT)
    assert sorted(str(type(end)) for end in ends) == sorted(
        [str(type(None)), *[str(Conflict)] * (COUNT - 1)]
    ), ends
    require_each_line_once(alice)


def test_is_worked_off_once_by_several_workers(alice: cast.Member) -> None:
    batch = checked(alice)
    with current.in_scope(alice.user.scope_id):
        bulk.confirm(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())

    def work(_: int) -> bool:
        with current.in_scope(alice.user.scope_id):
            return bulk_work.work(batch.id, clock=acts.now)

    assert together.run(work, count=COUNT) == [False] * COUNT
    require_each_line_once(alice)


def test_gives_each_bundle_once(alice: cast.Member) -> None:
    batch = checked(alice)
    with current.in_scope(alice.user.scope_id):
        bulk.confirm(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
        bulk_work.work(batch.id, clock=acts.now)

    def take(_: int) -> list[int]:
        with current.in_scope(alice.user.scope_id):
            taken = bulk.take(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
        return [item.number for item in taken]

    ends = together.run(take, count=COUNT)
    assert sorted(ends, key=len) == [[]] * (COUNT - 1) + [list(range(2, LINES + 2))]


def require_each_line_once(alice: cast.Member) -> None:
    with current.in_scope(alice.user.scope_id):
        lines = InvitationBatchLine.objects.all()
        assert set(lines.values_list("state", flat=True)) == {"issued"}
        named = set(lines.values_list("invitation_id", flat=True))
        assert set(Invitation.objects.values_list("id", flat=True)) == named
        assert len(named) == LINES
        assert AuditEvent.objects.filter(name="invitation.issued").count() == LINES
        assert AuditEvent.objects.filter(name="invitation-batch.confirmed").count() == 1
        assert InvitationBatch.objects.get().state == "done"
