"""Migration operations, and what the database says of the wall they build."""

import os
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any, ClassVar

import psycopg
import pytest
from django.db import connection, connections, migrations
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.utils import ProgrammingError

from identity.scoping import current, operations, wall_sql

# Logins belong to the whole cluster: other runs may be using it.
PLAIN = f"scoping_plain_{os.getpid()}"


def _driver(database: str) -> "psycopg.Connection[Any]":
    given = connection.settings_dict
    return psycopg.connect(
        dbname=database,
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"],
    )


def _add(trial: Any, scope_id: Any, name: str) -> None:
    trial.sql("INSERT INTO trial_shelf (scope_id, name) VALUES (%s, %s)", scope_id, name)


def _shelves(trial: Any) -> list[tuple[str]]:
    return list(trial.sql("SELECT name FROM trial_shelf ORDER BY name"))


@pytest.mark.parametrize(
    "operation",
    [
        operations.CreateRoles(),
        operations.IsolateTable("trial_shelf"),
        operations.ShareTable("trial_shelf"),
        operations.GrantSharedTables(readable=["trial_shelf"]),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_goes_forwards_twice_and_backwards_on_both_engines(shelf: Any, operation: Any) -> None:
    state = ProjectState()
    for step in (operation.database_forwards, operation.database_forwards):
        with connection.schema_editor() as editor:
            step("identity", editor, state, state)
    with connection.schema_editor() as editor:
        operation.database_backwards("identity", editor, state, state)
    operations.CreateRoles().apply(connection)
    assert operation.reversible
    assert operation.describe()


@pytest.mark.usefixtures("on_postgresql")
class TestIsolateTable:
    def test_opens_the_rows_of_a_scope(self, shelf: Any) -> None:
        operations.IsolateTable("trial_shelf").apply(connection)
        for scope_id, name in ((shelf.acme, "left"), (shelf.other, "right")):
            with current.in_scope(scope_id):
                _add(shelf, scope_id, name)
                assert _shelves(shelf) == [(name,)]
                shelf.sql("UPDATE trial_shelf SET name = name")
                shelf.sql("DELETE FROM trial_shelf WHERE name = 'neither'")
        assert _shelves(shelf) == []

    def test_withholds_changes_of_what_is_append_only(self, shelf: Any) -> None:
        operations.IsolateTable("trial_shelf").apply(connection)
        operations.IsolateTable("trial_shelf", append_only=True).apply(connection)
        with current.in_scope(shelf.acme):
            _add(shelf, shelf.acme, "left")
            assert _shelves(shelf) == [("left",)]
        for statement in ("UPDATE trial_shelf SET name = 'x'", "DELETE FROM trial_shelf"):
            for entered in (current.in_scope(shelf.acme), current.across_scopes(why="trying")):
                with entered, pytest.raises(ProgrammingError, match="permission denied"):
                    shelf.sql(statement)

    def test_takes_another_column_for_the_scope(self, trial: Any) -> None:
        with current.in_scope(trial.acme):
            assert trial.sql("SELECT id FROM trial_scope") == [(trial.acme,)]

    def test_closes_the_table_again_on_the_way_back(self, shelf: Any) -> None:
        operation = operations.IsolateTable("trial_shelf")
        operation.apply(connection)
        operation.unapply(connection)
        with current.in_scope(shelf.acme), pytest.raises(ProgrammingError, match="denied"):
            _shelves(shelf)

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM trial_paper WHERE name = 'alpha'",
            "SELECT * FROM trial_paper WHERE scope_id = '{acme}' AND name = 'alpha'",
            "SELECT * FROM trial_paper WHERE name >= 'alpha' ORDER BY name LIMIT 20",
        ],
    )
    def test_is_answered_from_the_index_that_starts_with_the_scope(
        self, trial: Any, query: str
    ) -> None:
        trial.paper(trial.folder(trial.acme, "ours"), "alpha")
        with current.in_scope(trial.acme):
            trial.sql("SET LOCAL enable_seqscan = off")
            trial.sql("SET LOCAL enable_bitmapscan = off")
            lines = trial.sql("EXPLAIN (COSTS OFF) " + query.format(acme=trial.acme))
        plan = "\n".join(line for (line,) in lines)
        assert "Index Scan using trial_paper_name" in plan
        condition = next(line for (line,) in lines if "Index Cond" in line)
        assert "scope_id = " in condition
        assert "name" in condition
        assert "InitPlan" not in plan


@pytest.mark.usefixtures("on_postgresql")
class TestSharedTables:
    def test_opens_a_table_for_reading_and_writing(self, shelf: Any) -> None:
        operations.ShareTable("trial_shelf").apply(connection)
        _add(shelf, shelf.acme, "left")
        with current.across_scopes(why="reading"):
            assert _shelves(shelf) == [("left",)]

    def test_opens_a_table_for_reading_alone(self, shelf: Any) -> None:
        operations.GrantSharedTables(readable=["trial_shelf"]).apply(connection)
        assert _shelves(shelf) == []
        with pytest.raises(ProgrammingError, match="permission denied"):
            _add(shelf, shelf.acme, "left")

    def test_names_a_table_that_does_not_exist(self, trial: Any) -> None:
        with pytest.raises(ProgrammingError, match="trial_nowhere"):
            operations.ShareTable("trial_nowhere").apply(connection)


@pytest.mark.usefixtures("on_postgresql")
class TestCreateRoles:
    @pytest.fixture
    def login(self, committed: Any) -> Iterator[Any]:
        """Makes connections of a login with the attributes it is told."""
        made = []

        def connect(attributes: str, database: str | None = None) -> Any:
            committed.owner_sql(f"CREATE ROLE {PLAIN} LOGIN {attributes}")
            given = {**connections.settings["default"], "USER": PLAIN}
            given["NAME"] = database or connection.settings_dict["NAME"]
            connections["plain"] = type(connections["default"])(given, alias="plain")
            made.append(connections["plain"])
            return connections["plain"]

        yield connect
        for opened in made:
            opened.close()
            del connections["plain"]
        committed.owner_sql(f"DROP ROLE IF EXISTS {PLAIN}")

    def test_tells_an_administrator_what_to_run(self, login: Any) -> None:
        with pytest.raises(operations.RolesRefusedError) as refusal:
            operations.CreateRoles().apply(login("NOCREATEROLE"))
        assert f'GRANT countersign_run, countersign_sweep TO "{PLAIN}";' in str(refusal.value)
        assert "CREATE ROLE countersign_run NOLOGIN;" in str(refusal.value)

    def test_tolerates_another_database_that_makes_them_at_the_same_moment(
        self, committed: Any
    ) -> None:
        role = f"scoping_race_{os.getpid()}"
        here, there = _driver(connection.settings_dict["NAME"]), _driver("postgres")
        waiting = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
        try:
            here.execute(wall_sql.role_created(role))
            with futures.ThreadPoolExecutor(1) as pool:
                second = pool.submit(there.execute, wall_sql.role_created(role))
                for _ in range(200):
                    if committed.sql(waiting, there.info.backend_pid) == [("Lock",)]:
                        break
                    time.sleep(0.02)
                assert not second.done()
                here.commit()
                second.result(timeout=20)
            there.commit()
            assert committed.sql("SELECT count(*) FROM pg_roles WHERE rolname = %s", role) == [(1,)]
        finally:
            here.close()
            there.close()
            committed.owner_sql(f"DROP ROLE IF EXISTS {role}")

    def test_stands_for_a_login_that_is_no_superuser(self, login: Any, committed: Any) -> None:
        plain = login("CREATEROLE", database=PLAIN)
        committed.owner_sql(f"CREATE DATABASE {PLAIN} OWNER {PLAIN}")
        try:
            operations.CreateRoles().apply(plain)
            with current.as_owner(why="a table for the test"), plain.cursor() as cursor:
                cursor.execute(committed.shelf_sql)
            operations.IsolateTable("trial_shelf").apply(plain)
            for scope_id in (committed.acme, committed.other):
                with current.in_scope(scope_id), plain.cursor() as cursor:
                    sql = "INSERT INTO trial_shelf (scope_id, name) VALUES (%s, 'x')"
                    cursor.execute(sql, [scope_id])
                    cursor.execute("SELECT scope_id FROM trial_shelf")
                    assert cursor.fetchall() == [(scope_id,)]
            with plain.cursor() as cursor:
                cursor.execute("SELECT * FROM trial_shelf")
                assert cursor.fetchall() == []
        finally:
            with current.as_owner(why="tidying up"), plain.cursor() as cursor:
                cursor.execute("DROP OWNED BY countersign_run, countersign_sweep")
            plain.close()
            committed.owner_sql(f"DROP DATABASE {PLAIN}")


def test_can_be_written_into_a_migration() -> None:
    class Wall(migrations.Migration):
        operations: ClassVar = [
            operations.CreateRoles(),
            operations.IsolateTable("trial_shelf", append_only=True),
            operations.GrantSharedTables(["a"], readable=["b"]),
        ]

    writer = MigrationWriter(Wall("0002_wall", "identity"), include_header=False)
    text = writer.as_string()
    assert "append_only=True" in text
    assert "identity.scoping.operations.CreateRoles(" in text
