"""The second wall: sessions that follow the scope, whatever statement they are given."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import InternalError, ProgrammingError

from identity.scoping import current, roles
from identity.scoping.postgresql import session

pytestmark = pytest.mark.usefixtures("on_postgresql")

INSERT = "INSERT INTO trial_folder (scope_id, name) VALUES (%s, %s)"


def _changes() -> int:
    return session.changes(connection.connection)


def _roles(opened: Any) -> tuple[str, str]:
    with opened.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting(%s)", [roles.SETTING])
        role, scope = cursor.fetchone()
        return str(role), str(scope)


class TestSql:
    """Plain SQL without any filter."""

    def test_sees_nothing_outside_a_scope(self, papers: Any) -> None:
        assert papers.names() == []
        assert _roles(connection) == (roles.RUN, "")

    def test_sees_one_scope_inside_it(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            assert papers.names() == ["alpha"]
            assert _roles(connection) == (roles.RUN, str(papers.acme))
        with current.in_scope(papers.other):
            assert papers.names() == ["gamma"]
        assert papers.names() == []

    def test_sees_all_across_scopes(self, papers: Any) -> None:
        with current.across_scopes(why="a sweep"):
            assert papers.names() == ["alpha", "gamma"]
            assert _roles(connection) == (roles.SWEEP, "")
            with current.in_scope(papers.acme):
                assert papers.names() == ["alpha"]
            assert papers.names() == ["alpha", "gamma"]

    def test_cannot_insert_into_another_scope(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            with pytest.raises(ProgrammingError, match="row-level security"):
                papers.sql(INSERT, papers.other, "smuggled")
            papers.sql(INSERT, papers.acme, "own")
        with pytest.raises(ProgrammingError, match="row-level security"):
            papers.sql(INSERT, papers.acme, "from nowhere")

    def test_cannot_move_a_row_to_another_scope(self, papers: Any) -> None:
        with (
            current.in_scope(papers.acme),
            pytest.raises(ProgrammingError, match="row-level security"),
        ):
            papers.sql("UPDATE trial_paper SET scope_id = %s", papers.other)

    def test_cannot_change_or_delete_foreign_rows(self, papers: Any) -> None:
        with current.in_scope(papers.acme), connection.cursor() as cursor:
            cursor.execute("UPDATE trial_paper SET pages = 7")
            assert cursor.rowcount == 1
            cursor.execute("DELETE FROM trial_paper WHERE name = 'gamma'")
            assert cursor.rowcount == 0

    def test_cannot_touch_the_tables_themselves(self, papers: Any) -> None:
        for statement in (
            "TRUNCATE trial_note",
            "DROP TABLE trial_note",
            "ALTER TABLE trial_paper DISABLE ROW LEVEL SECURITY",
            "DROP POLICY countersign_run ON trial_paper",
            "CREATE TABLE trial_more (id integer)",
        ):
            for entered in (
                current.in_scope(papers.acme),
                current.across_scopes(why="trying"),
            ):
                with entered, pytest.raises(ProgrammingError, match=r"owner|permission denied"):
                    papers.sql(statement)

    def test_cannot_switch_row_security_off(self, papers: Any) -> None:
        with current.in_scope(papers.acme), transaction.atomic():
            papers.sql("SET LOCAL row_security = off")
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                papers.names()


class TestTransactions:
    """What a rollback undoes is done again."""

    def test_follows_after_a_rollback(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            with transaction.atomic():
                with current.in_scope(papers.other):
                    assert papers.names() == ["gamma"]
                transaction.set_rollback(True)
            assert papers.names() == ["alpha"]

    def test_follows_when_the_rollback_restores_another_scope(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            assert papers.names() == ["alpha"]
        with current.in_scope(papers.other):
            with transaction.atomic():
                assert papers.names() == ["gamma"]
                transaction.set_rollback(True)
            # The server is back in acme now.
            assert papers.names() == ["gamma"]

    def test_follows_after_a_rollback_to_a_savepoint(self, papers: Any) -> None:
        with transaction.atomic():
            with current.in_scope(papers.acme):
                assert papers.names() == ["alpha"]
            with current.in_scope(papers.other):
                with transaction.atomic():
                    assert papers.names() == ["gamma"]
                    transaction.set_rollback(True)
                assert papers.names() == ["gamma"]

    @pytest.mark.parametrize("undo", ["ROLLBACK TO SAVEPOINT own", "ROLLBACK"])
    def test_follows_after_a_rollback_sent_as_text(self, papers: Any, undo: str) -> None:
        with transaction.atomic():
            with current.in_scope(papers.acme):
                assert papers.names() == ["alpha"]
            with current.in_scope(papers.other):
                papers.sql("SAVEPOINT early")
            papers.sql("SAVEPOINT own")
            with current.in_scope(papers.other):
                assert papers.names() == ["gamma"]
                papers.sql(undo)
                assert papers.names() == ["gamma"]

    def test_follows_after_the_session_was_reset(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            papers.names()
            for statement in ("DISCARD ALL", "RESET ALL"):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                assert papers.names() == ["alpha"]
                assert _roles(connection) == (roles.RUN, str(papers.acme))

    def test_leaves_an_aborted_transaction_to_its_own_error(self, papers: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor, pytest.raises(DatabaseError, match="division"):
                cursor.execute("SELECT 1 / 0")
            with current.in_scope(papers.acme), connection.cursor() as cursor:
                before = _changes()
                with pytest.raises(InternalError, match="current transaction is aborted"):
                    cursor.execute("SELECT name FROM trial_paper")
                assert _changes() == before
            transaction.set_rollback(True)
        with current.in_scope(papers.acme):
            assert papers.names() == ["alpha"]

    def test_recovers_from_an_error_inside_a_savepoint(self, papers: Any) -> None:
        with transaction.atomic(), current.in_scope(papers.acme):
            with (
                pytest.raises(DatabaseError, match="division"),
                transaction.atomic(),
                current.in_scope(papers.other),
            ):
                papers.sql("SELECT 1 / 0")
            assert papers.names() == ["alpha"]

    def test_keeps_the_scope_over_a_commit_without_asking_again(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            with transaction.atomic():
                papers.names()
            before = _changes()
            papers.names()
            assert _changes() == before


class TestStatementsOfEveryKind:
    def test_follows_before_executemany(self, papers: Any) -> None:
        with current.in_scope(papers.acme), connection.cursor() as cursor:
            cursor.executemany(INSERT, [(papers.acme, "one"), (papers.acme, "two")])
            assert cursor.rowcount == 2
        with (
            current.in_scope(papers.other),
            connection.cursor() as cursor,
            pytest.raises(ProgrammingError, match="row-level security"),
        ):
            cursor.executemany(INSERT, [(papers.other, "three"), (papers.acme, "four")])

    def test_follows_before_a_server_side_cursor(self, papers: Any) -> None:
        with current.across_scopes(why="reading in chunks"):
            seen = []
            for paper in papers.Paper.objects.order_by("name").iterator(chunk_size=1):
                with current.in_scope(paper.scope_id):
                    assert papers.names() == [paper.name]
                seen.append(paper.name)
        assert seen == ["alpha", "gamma"]

    def test_reads_on_in_the_scope_in_which_a_cursor_was_declared(self, papers: Any) -> None:
        with transaction.atomic():
            cursor = connection.chunked_cursor()
            with current.in_scope(papers.acme):
                cursor.execute("SELECT name FROM trial_paper")
            with cursor:
                assert cursor.fetchall() == [("alpha",)]

    def test_follows_before_a_stream(self, papers: Any) -> None:
        with current.in_scope(papers.acme), connection.cursor() as cursor:
            rows = list(cursor.cursor.stream("SELECT name FROM trial_paper"))
        assert rows == [("alpha",)]

    def test_follows_before_a_copy(self, papers: Any) -> None:
        statement = "COPY (SELECT name FROM trial_paper) TO STDOUT"
        with (
            current.in_scope(papers.acme),
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            assert b"".join(copy) == b"alpha\n"
        with (
            current.in_scope(papers.acme),
            connection.cursor() as cursor,
            pytest.raises(psycopg.errors.FeatureNotSupported, match="row-level security"),
            cursor.cursor.copy("COPY trial_folder (scope_id, name) FROM STDIN"),
        ):
            pass

    def test_locks_rows_of_the_scope_only(self, papers: Any) -> None:
        with current.in_scope(papers.acme), transaction.atomic():
            locked = papers.Paper.objects.select_for_update().get()
            assert locked.name == "alpha"
            papers.sql("SELECT * FROM trial_paper FOR UPDATE")

    def test_follows_statements_given_to_the_driver_itself(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            connection.ensure_connection()
            assert connection.connection.execute("SELECT name FROM trial_paper").fetchall() == [
                ("alpha",)
            ]

    def test_follows_inside_a_pipeline(self, papers: Any) -> None:
        connection.ensure_connection()
        driver = connection.connection
        with driver.pipeline():
            with current.in_scope(papers.acme):
                first = driver.execute("SELECT name FROM trial_paper")
            with current.in_scope(papers.other):
                second = driver.execute("SELECT name FROM trial_paper")
            with current.in_scope(papers.acme):
                third = driver.execute("SELECT name FROM trial_paper")
        assert [one.fetchall() for one in (first, second, third)] == [
            [("alpha",)],
            [("gamma",)],
            [("alpha",)],
        ]

    def test_follows_after_a_rollback_inside_a_pipeline(self, papers: Any) -> None:
        with transaction.atomic(), current.in_scope(papers.acme):
            assert papers.names() == ["alpha"]
            driver = connection.connection
            with driver.pipeline():
                with current.in_scope(papers.other):
                    driver.execute("SAVEPOINT inner_one")
                driver.execute("SELECT 1")
                # Back in the other scope, and the server cannot have told us yet.
                driver.execute("ROLLBACK TO SAVEPOINT inner_one")
                last = driver.execute("SELECT name FROM trial_paper")
            assert last.fetchall() == [("alpha",)]

    def test_plans_prepared_in_one_state_serve_no_other(self, papers: Any) -> None:
        for _ in range(8):
            with current.in_scope(papers.acme):
                assert papers.names() == ["alpha"]
            with current.across_scopes(why="a sweep"):
                assert papers.names() == ["alpha", "gamma"]
            with current.in_scope(papers.other):
                assert papers.names() == ["gamma"]
            assert papers.names() == []


def test_counts_no_changes_before_connecting() -> None:
    assert session.changes(None) == 0
