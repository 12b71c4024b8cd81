"""Hot statements without a cursor say what a cursor says, in every state of the session."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from identity import ids
from identity.scoping import current, statements
from identity.scoping.postgresql import straight

pytestmark = pytest.mark.usefixtures("on_postgresql")

NAMES = "SELECT name FROM trial_paper ORDER BY name"
INSERT = "INSERT INTO trial_folder (scope_id, name) VALUES (%s, %s)"
EVERY_KIND = (
    "SELECT %s::uuid, %s::text, %s::bigint, %s::boolean, %s::timestamptz, %s::bytea, %s::jsonb,"
    " %s::text, '100%%'"
)
VALUES = [
    ids.new(),
    "ä\n'\\",
    -(2**40),
    True,
    datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC),
    b"\x00\xff",
    '{"a": [1, null]}',
    None,
]


def _prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'countersign_%%'")
        return [name for (name,) in cursor.fetchall()]


def test_gives_what_a_cursor_gives(papers: Any) -> None:
    with current.in_scope(papers.acme):
        gone_straight = statements.rows(EVERY_KIND, VALUES)
        with CaptureQueriesContext(connection) as captured:
            by_cursor = statements.rows(EVERY_KIND, VALUES)
    assert len(captured) == 1
    assert gone_straight == by_cursor == [(*VALUES, "100%")]
    assert [type(value) for value in gone_straight[0]] == [type(value) for value in by_cursor[0]]


def test_is_prepared_once(papers: Any) -> None:
    connection.close()
    with current.in_scope(papers.acme):
        for _ in range(3):
            assert statements.rows(NAMES, []) == [("alpha",)]
        assert len(_prepared()) == 1


def test_follows_the_scope(papers: Any) -> None:
    assert statements.rows(NAMES, []) == []
    with current.in_scope(papers.acme):
        assert statements.rows(NAMES, []) == [("alpha",)]
        with current.in_scope(papers.other):
            assert statements.rows(NAMES, []) == [("gamma",)]
        with pytest.raises(DatabaseError, match="row-level security"):
            statements.count(INSERT, [papers.other, "foreign"])
    with current.across_scopes(why="test"):
        assert statements.rows(NAMES, []) == [("alpha",), ("gamma",)]


def test_begins_the_transaction_and_ends_with_it(papers: Any) -> None:
    with current.in_scope(papers.acme):
        with transaction.atomic():
            assert statements.count(INSERT, [papers.acme, "undone"]) == 1
            transaction.set_rollback(True)
        with transaction.atomic():
            assert statements.count(INSERT, [papers.acme, "kept"]) == 1
        rows = statements.rows("SELECT name FROM trial_folder ORDER BY name", [])
    assert rows == [("kept",), ("ours",)]


def test_raises_djangos_errors_and_leaves_a_usable_session(papers: Any) -> None:
    with current.in_scope(papers.acme):
        with pytest.raises(IntegrityError):
            statements.count(INSERT, [papers.acme, None])
        with pytest.raises(DatabaseError, match="division"):
            statements.rows("SELECT 1 / %s::int", [0])
        assert statements.rows(NAMES, []) == [("alpha",)]


def test_sends_nothing_into_a_broken_transaction(papers: Any) -> None:
    with current.in_scope(papers.acme), transaction.atomic():
        with pytest.raises(DatabaseError, match="division"), transaction.atomic(savepoint=False):
            statements.rows("SELECT 1 / %s::int", [0])
        with pytest.raises(TransactionManagementError):
            statements.rows(NAMES, [])
        transaction.set_rollback(True)


@pytest.mark.parametrize("statement", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_prepares_anew_what_was_taken_away(papers: Any, statement: str) -> None:
    with current.in_scope(papers.acme):
        statements.rows(NAMES, [])
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert statements.rows(NAMES, []) == [("alpha",)]


def test_prepares_anew_what_another_table_gives(papers: Any) -> None:
    with current.in_scope(papers.acme):
        statements.rows("SELECT * FROM trial_folder", [])
    papers.owner_sql("ALTER TABLE trial_folder ADD COLUMN shelf text DEFAULT 'a'")
    try:
        with current.in_scope(papers.acme):
            assert statements.rows("SELECT * FROM trial_folder", [])[0][-1] == "a"
    finally:
        papers.owner_sql("ALTER TABLE trial_folder DROP COLUMN shelf")


def test_keeps_a_bounded_number_of_statements(papers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setattr(straight, "MOST", 3)
    with current.in_scope(papers.acme):
        for number in range(9):
            assert statements.rows(f"SELECT {number}", []) == [(number,)]
        assert len(_prepared()) == 3


def test_whoever_looks_on_sees_every_statement(papers: Any) -> None:
    seen = []

    def look_on(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with current.in_scope(papers.acme), connection.execute_wrapper(look_on):
        statements.rows(NAMES, [])
    assert seen == [NAMES]


def test_a_session_that_ended_is_an_operational_error(papers: Any) -> None:
    with current.in_scope(papers.acme):
        statements.rows(NAMES, [])
        pid = connection.connection.info.backend_pid
        other = connection.copy()
        with current.as_owner(why="test"), other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        other.close()
        with pytest.raises(OperationalError):
            statements.rows(NAMES, [])
        connection.close()
        assert statements.rows(NAMES, []) == [("alpha",)]


@pytest.mark.parametrize("undo", ["ROLLBACK TO SAVEPOINT early", "DROP TABLE trial_gone"])
def test_lives_on_after_psycopg_let_its_statements_go(papers: Any, undo: str) -> None:
    papers.owner_sql("CREATE TABLE trial_gone (id int)")
    try:
        with current.as_owner(why="test"), transaction.atomic():
            for _ in range(3):
                papers.names()  # From now on psycopg has something to let go.
            statements.rows(NAMES, [])
            papers.sql("SAVEPOINT early")
            papers.sql(undo)
            assert statements.rows(NAMES, []) == [("alpha",), ("gamma",)]
    finally:
        papers.owner_sql("DROP TABLE IF EXISTS trial_gone")


def test_lives_on_after_a_transaction_that_was_undone(papers: Any) -> None:
    with current.in_scope(papers.acme):
        for _ in range(2):
            with transaction.atomic():
                for _ in range(3):
                    papers.names()
                assert statements.rows(NAMES, []) == [("alpha",)]
                transaction.set_rollback(True)
