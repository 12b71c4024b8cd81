"""Background work about invitations and proposals: batches, and what the clock has decided."""

from datetime import UTC, datetime
from uuid import UUID

from django_tasks import task

from identity import actor, queries
from identity.scoping import current
from invitations.services import bulk, bulk_work, mails, proposals


@task()
def expire_proposals() -> int:
    """End the proposals of every scope whose time has run out; how many those were.

    Readers judge expiry themselves: this only makes it part of the record.
    """
    now, ended = datetime.now(UTC), 0
    for scope in queries.every_scope():
        with current.in_scope(scope.id):
            ended += proposals.expire_due(by=actor.system(scope.id), now=now)
    return ended


@task()
def work_on_batch(scope: str, batch: str) -> bool:
    """Do a part of a batch; whether there is more, which is then queued as another task."""
    with current.in_scope(UUID(scope)):
        has_more = bulk_work.work(UUID(batch), clock=lambda: datetime.now(UTC))
    if has_more:
        work_on_batch.enqueue(scope, batch)
    return has_more


def queue_batch(scope_id: UUID, batch_id: UUID) -> None:
    """A queue of `bulk`: the row of the queue is part of the transaction."""
    work_on_batch.enqueue(str(scope_id), str(batch_id))


@task()
def forget_batches() -> int:
    """In every scope: remove old drafts, bundles that were never taken, links that are over."""
    now, forgotten = datetime.now(UTC), 0
    for scope in queries.every_scope():
        with current.in_scope(scope.id):
            forgotten += bulk.forget_due(now=now) + mails.forget_links(now=now)
    return forgotten
