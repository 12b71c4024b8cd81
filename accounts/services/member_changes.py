"""Changes of members are noted for the remotes of their context, in the same transaction.

What is noted is whom it is about, not what to do: a worker later carries how that member stands
then. So a change that was overtaken harms nobody, and a repeat is the same.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from accounts.models import ContextMember, RemoteChange, RemoteContext
from identity import ids
from identity.scoping import current, statements

Kind = RemoteChange.Kind
_LONGEST_WHY: Final = 20
# The row of the link stays locked until the commit, so that numbers are committed in their order.
_NUMBER: Final = (
    "UPDATE accounts_remotecontext SET last_sequence = last_sequence + 1"
    " WHERE scope_id = %s AND context_id = %s"
)
_NEW_ID: Final = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
_INSERT: Final = (
    "INSERT INTO accounts_remotechange (id, scope_id, remote_id, link_id, sequence, kind, member,"
    " why, state, attempts, next_attempt_at, last_error, created_at)"
    " SELECT {new_id}, scope_id, remote_id, id, last_sequence, 'member', %s, %s, 'pending', 0, %s,"
    " '', %s FROM accounts_remotecontext WHERE scope_id = %s AND context_id = %s"
)


def note_in(context_id: UUID, member: str, change: str, *, now: datetime) -> None:
    """Note that something about the member of this name changed, in the caller's transaction.

    `change` is one word for people. Costs one statement where the context is not carried anywhere,
    two where it is, sent with the transaction's next statement.
    """
    scope_id = current.required_scope()
    place = [_uuid(scope_id), _uuid(context_id)]

    def insert(links: int) -> None:
        if links:
            at = connection.ops.adapt_datetimefield_value(now)
            values = [member, change[:_LONGEST_WHY], at, at, *place]
            sql = _INSERT.format(new_id=_NEW_ID[connection.vendor])
            statements.later(sql, values)

    statements.later(_NUMBER, place, then=insert)


def note_user(user_id: UUID, change: str, *, now: datetime) -> None:
    """Note it of every living membership of an account, in the caller's transaction."""
    rows = ContextMember.objects.filter(
        user_id=user_id, ended_at__isnull=True, context__remotes__isnull=False
    )
    # In one order for everybody, since links are locked one after the other.
    found = rows.order_by("context_id", "member_id").values_list("context_id", "member_id")
    for context_id, member in found.distinct():
        note_in(context_id, member, change, now=now)


def queue(
    link_id: UUID,
    why: str,
    *,
    now: datetime,
    kind: str = Kind.MEMBER,
    members: Sequence[str] = ("",),
) -> None:
    """Queue something of one link, for each of these members, in the caller's transaction."""
    rows = RemoteContext.objects.filter(id=link_id)
    if not rows.update(last_sequence=F("last_sequence") + len(members)):
        return
    link = rows.get()
    first = link.last_sequence - len(members) + 1
    RemoteChange.objects.bulk_create(
        RemoteChange(
            id=ids.new(),
            scope_id=link.scope_id,
            remote_id=link.remote_id,
            link_id=link.id,
            sequence=number,
            kind=kind,
            member=member,
            why=why[:_LONGEST_WHY],
            next_attempt_at=now,
            created_at=now,
        )
        for number, member in enumerate(members, start=first)
    )


def _uuid(value: UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex
