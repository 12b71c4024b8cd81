"""Background work about invitations and proposals: mails, batches, what the clock has decided."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django_tasks import task

from identity import actor, queries
from identity import tasks as ground
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
def send_invitation_mail(scope: str, mail: str) -> bool:
    """Send one mail of the log; whether there was something to send.

    The arguments name it only: what it says is put together here and kept nowhere.
    """
    with current.in_scope(UUID(scope)):
        letter = mails.letter(UUID(mail), now=datetime.now(UTC))
        if letter is None:
            return False
        try:
            ground.deliver(letter.to, letter.template, letter.context)
        except Exception as error:  # noqa: BLE001 whatever the mail backend meets is on record
            mails.not_sent(UUID(mail), ground.fault(error), now=datetime.now(UTC))
            return False
        mails.sent(UUID(mail), now=datetime.now(UTC))
    return True


def queue_mail(scope_id: UUID, mail_id: UUID, seconds: int) -> None:
    """A queue of `mails`: the row of the queue is part of the transaction."""
    later = send_invitation_mail
    if seconds and later.get_backend().supports_defer:
        later = later.using(run_after=datetime.now(UTC) + timedelta(seconds=seconds))
    later.enqueue(str(scope_id), str(mail_id))


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
