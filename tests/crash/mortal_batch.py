"""Works on a batch of invitations in processes that die, each one point later than the last.

    python -m tests.crash.mortal_batch SLUG USERNAME LINES

What they died at is said on standard output; the last one lives until the batch is done.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django
from django.db import connections

from tests.crash import mortal_server


def main(slug: str, username: str, count: int) -> None:
    """Upload, check and confirm in one process; issue in mortal ones."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    django.setup()
    _in_a_process(_prepare, slug, username, count)
    point = 1
    while _in_a_process(_work, slug, point) != 0:
        point += 1


def _in_a_process(work: Callable[..., None], *given: Any) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    work(*given)
    connections.close_all()
    os._exit(0)


def _prepare(slug: str, username: str, count: int) -> None:
    from accounts import queries as accounts
    from accounts.models import User
    from identity.actor import ActorKind
    from identity.scoping import current
    from invitations import bulk_lines
    from invitations.services import bulk, bulk_work

    bulk.queues.clear()
    text = "email,roles\n" + "".join(f"p{one}@{slug}.test,member\n" for one in range(count))
    with current.in_scope(_scope(slug)):
        user = User.objects.get(username=username)
        by = accounts.actor_of_user(user_id=user.id, kind=ActorKind.STAFF)
        batch = bulk.upload(lines=bulk_lines.read(text.encode()), by=by, now=_now())
        bulk_work.work(batch.id, clock=_now)
        bulk.confirm(batch_id=batch.id, by=by, now=_now())


def _work(slug: str, point: int) -> None:
    from identity.scoping import current
    from invitations.models import InvitationBatch
    from invitations.services import bulk_work

    fate = mortal_server.Fate()
    mortal_server.make_mortal(fate)
    fate.die_at = point
    with current.in_scope(_scope(slug)):
        bulk_work.work(InvitationBatch.objects.get().id, clock=_now)


def _scope(slug: str) -> UUID:
    from identity.scoping import doors

    found = doors.scope_by_slug(slug)
    assert found is not None
    return found.scope_id


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
