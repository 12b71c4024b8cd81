"""Background work about proposals: writing down what the clock has decided."""

from datetime import UTC, datetime

from django_tasks import task

from identity import actor, queries
from identity.scoping import current
from invitations.services import proposals


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
