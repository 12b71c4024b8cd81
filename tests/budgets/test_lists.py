"""Lists are read by index: fifty rows cost the same whatever the size of the tables."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import queries as accounts
from identity import queries as ground
from identity.paging import After
from identity.scoping import current
from invitations import queries
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)

ROWS: Final = 20_000
MOST_BUFFERS: Final = 450
"""Pages for 51 rows in any order, three or four for each by its index, and the authors of users."""

NOW: Final = datetime.now(UTC)
LISTS: Final[dict[str, Callable[[cast.Member], Any]]] = {
    "users": lambda _: accounts.users_window(After()),
    "users upwards": lambda _: accounts.users_window(After(is_descending=False)),
    "users by status": lambda _: accounts.users_window(After(filters={"status": "disabled"})),
    "users by kind": lambda _: accounts.users_window(After(filters={"kind": "program"})),
    "users by name": lambda _: accounts.users_window(After(filters={"search": "user1"})),
    "one user by name": lambda _: accounts.users_window(After(filters={"search": "user12345"})),
    "users by address": lambda _: accounts.users_window(After(filters={"email_begins": "user"})),
    "users by role": lambda _: accounts.users_window(After(filters={"role": "super-admin"})),
    "staff": lambda _: accounts.staff_window(After(is_descending=False)),
    "devices": lambda _: accounts.devices_window(After()),
    "devices by status": lambda _: accounts.devices_window(After(filters={"status": "revoked"})),
    "devices of one": lambda alice: accounts.devices_window(After(filters={"user": alice.uid})),
    "groups": lambda _: accounts.groups_window(After()),
    "roles": lambda _: accounts.roles_window(After()),
    "rules": lambda _: accounts.rules_window(After()),
    "invitations": lambda _: queries.invitations_window(After(), now=NOW),
    "open invitations": lambda _: queries.invitations_window(
        After(filters={"state": "open"}), now=NOW
    ),
    "proposals": lambda alice: queries.proposals_window(After(), by=acts.as_actor(alice), now=NOW),
    "own proposals": lambda alice: queries.proposals_window(
        After(filters={"mine": True}), by=acts.as_actor(alice), now=NOW
    ),
    "pending proposals": lambda alice: queries.proposals_window(
        After(filters={"state": "pending"}), by=acts.as_actor(alice), now=NOW
    ),
    "audit": lambda _: ground.audit_window(After()),
    "audit by name": lambda _: ground.audit_window(After(filters={"name": "user.invited"})),
    "audit by beginning": lambda _: ground.audit_window(After(filters={"name_begins": "scope."})),
    "audit of one": lambda alice: ground.audit_window(After(filters={"user": alice.uid})),
    "audit of a subject": lambda alice: ground.audit_window(
        After(filters={"subject_kind": "user", "subject_id": alice.uid})
    ),
    "audit of a day": lambda _: ground.audit_window(
        After(filters={"from": NOW - timedelta(days=1), "to": NOW})
    ),
    "alarms": lambda _: ground.audit_window(After(filters={"alarm": True})),
    "scopes": lambda alice: ground.scopes_for_operators(After()),
}

# Tables and indexes that many tests have filled and emptied are larger than what is in them.
ANEW: Final = "TRUNCATE identity_scope, accounts_user, identity_auditevent CASCADE"
SERIES: Final = "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series"
USERS: Final = f"""
INSERT INTO accounts_user (id, public_id, scope_id, username, username_folded, email, first_name,
    last_name, mobile, customer_id, kind, status, password, wrong_passwords, is_staff,
    is_operator, networks, version, created_at, created_by, updated_at)
{SERIES} WHERE n < {ROWS})
SELECT gen_random_uuid(), gen_random_uuid(), %(scope)s, 'user' || n, 'user' || n,
    'user' || n || '@x',
    '', '', '', '', 'person', 'active', '', 0, false, false, '[]', 1,
    now() - n * interval '1 minute', %(author)s, now() FROM series
"""
EVENTS: Final = f"""
INSERT INTO identity_auditevent (id, scope_id, sequence, at, name, actor, subject_kind, subject_id,
    facts, previous, digest)
{SERIES} WHERE n < {ROWS})
SELECT gen_random_uuid(), %(scope)s, 1000 + n, now() - n * interval '1 minute', 'user.edited',
    '{{"kind":"device","user":"x"}}', 'user', 'x', '{{}}', '', '' FROM series
"""


@pytest.fixture
def alice() -> cast.Member:
    """The owner of a large scope; on SQLite of an empty one, which plans the same."""
    if connection.vendor == "postgresql":
        with current.as_owner(why="makes files anew"), connection.cursor() as cursor:
            cursor.execute(ANEW)
    world = cast.world()
    alice = world.member("alice", "super-admin")
    if connection.vendor == "postgresql":
        given = {"scope": world.scope.id, "author": alice.user.id}
        with current.as_owner(why="fills tables"), connection.cursor() as cursor:
            cursor.execute(USERS, given)
            cursor.execute(EVENTS, given)
            cursor.execute("VACUUM (ANALYZE)")
    return alice


def statements(alice: cast.Member, shown: Callable[[cast.Member], Any]) -> list[str]:
    with current.in_scope(alice.user.scope_id):
        with CaptureQueriesContext(connection) as caught:
            shown(alice)
        return [each["sql"] for each in caught.captured_queries if each["sql"].startswith("SELECT")]


def test_fifty_rows_are_read_by_index(alice: cast.Member) -> None:
    read = {name: statements(alice, shown) for name, shown in LISTS.items()}
    if connection.vendor == "sqlite":
        scanned = {name: sql for name, all_sql in read.items() for sql in _scans(alice, all_sql)}
        assert not scanned
        return
    costs = {name: sum(_pages(alice, sql) for sql in all_sql) for name, all_sql in read.items()}
    assert max(costs.values()) <= MOST_BUFFERS, costs


def _scans(alice: cast.Member, read: list[str]) -> list[str]:
    return [sql for sql in read if not _is_by_index(alice, sql)]


def _is_by_index(alice: cast.Member, sql: str) -> bool:
    with current.in_scope(alice.user.scope_id), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = [row[3] for row in cursor.fetchall()]
    scans = [line for line in plan if line.startswith("SCAN") and "USING" not in line]
    return not [line for line in scans if "_" in line]


def _pages(alice: cast.Member, sql: str) -> int:
    with current.in_scope(alice.user.scope_id), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone() or ("[]",)
    root = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
    pages: int = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    return pages
