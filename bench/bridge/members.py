"""Contexts with as many members as a benchmark asks for, made by the database itself."""

from uuid import UUID

from django.db import connection

from accounts.models import Context
from identity.scoping import current

CREATED = "2026-01-01"
_BUCKETS = (256, 16_384)
"""How many positions one tally of each level is about (`ContextTally`)."""


def fill(scope_id: UUID, public_id: str, members: int) -> None:
    """Put members `m1`, `m2` … into a context that has none yet, tallies and all.

    Their keys are texts of the right length that nobody holds.
    """
    with current.in_scope(scope_id):
        context = Context.objects.get(public_id=public_id)
    with current.as_owner(why="seeds a benchmark"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_contextmember (id, scope_id, context_id, member_id, public_key,"
            " acl, reach, starts, is_staff, position, created_at, ended_reason)"
            " SELECT gen_random_uuid(), %s, %s, 'm' || n,"
            " rpad(md5(n::text), 50, 'x'), 'ALLOW ALL', 31, 31, false, n,"
            " %s::timestamptz + n * interval '1 second', ''"
            " FROM generate_series(1, %s) AS n",
            [scope_id, context.id, CREATED, members],
        )
        for level, size in enumerate(_BUCKETS):
            cursor.execute(
                "INSERT INTO accounts_contexttally (id, scope_id, context_id, level, bucket,"
                " members) SELECT gen_random_uuid(), %s, %s, %s, n / %s, count(*)"
                " FROM generate_series(1, %s) AS n GROUP BY 5",
                [scope_id, context.id, level, size, members],
            )
        cursor.execute(
            "UPDATE accounts_context SET member_count = %s, last_position = %s,"
            " last_joined_at = %s::timestamptz + %s * interval '1 second' WHERE id = %s",
            [members, members, CREATED, members, context.id],
        )
        cursor.execute("ANALYZE accounts_contextmember, accounts_contexttally, accounts_context")
