"""The second wall: sessions that follow the scope, whatever statement they are given."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.utils import InternalError, ProgrammingError
from django.test.utils import CaptureQueriesContext

from identity.scoping import current, roles
from identity.scoping.postgresql import base, session

pytestmark = pytest.mark.usefixtures("on_postgresql")

# Logins belong to the whole cluster: other runs may be using it.
STRANGER = f"scoping_stranger_{os.getpid()}"
INSERT = "INSERT INTO trial_folder (scope_id, name) VALUES (%s, %s)"


@pytest.fixture
def papers(committed: Any) -> Any:
    """alpha in acme and gamma in the other scope, committed."""
    committed.paper(committed.folder(committed.acme, "ours"), "alpha")
    committed.paper(committed.folder(committed.other, "theirs"), "gamma")
    return committed


@pytest.fixture
def apart(papers: Any) -> Iterator[Any]:
    """A second connection of this thread, closed afterwards."""
    second = connections.create_connection("default")
    yield second
    second.close()


def _changes() -> int:
    return session.changes(connection.connection)


def _names(opened: Any) -> list[str]:
    with opened.cursor() as cursor:
        cursor.execute("SELECT name FROM trial_paper ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


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


class TestBindings:
    """Both of Django's ways to bind parameters, with and without prepared statements."""

    @pytest.fixture(
        params=[
            {"server_side_binding": True, "prepare_threshold": 1},
            {"server_side_binding": True},
            {"server_side_binding": False, "prepare_threshold": 1},
            {},
        ],
        ids=["server, prepared", "server", "client, prepared", "client"],
    )
    def bound(self, request: pytest.FixtureRequest, papers: Any) -> Iterator[Any]:
        given = {**connections.settings["default"], "OPTIONS": request.param}
        connections["bound"] = base.DatabaseWrapper(given, alias="bound")
        yield connections["bound"]
        connections["bound"].close()
        del connections["bound"]

    def test_follow_the_scope(self, bound: Any, papers: Any) -> None:
        for _ in range(7):
            for scope_id, expected_names in ((papers.acme, ["alpha"]), (papers.other, ["gamma"])):
                with current.in_scope(scope_id):
                    assert _names(bound) == expected_names
            assert _names(bound) == []

    def test_follow_in_transactions_and_named_cursors(self, bound: Any, papers: Any) -> None:
        for entered in (contextlib.nullcontext(), transaction.atomic(using="bound")):
            with entered:
                for scope_id, name in ((papers.acme, "alpha"), (papers.other, "gamma")):
                    with current.in_scope(scope_id), bound.chunked_cursor() as cursor:
                        cursor.execute("SELECT name FROM trial_paper WHERE pages > %s", [0])
                        assert cursor.fetchall() == [(name,)]
        rows = papers.Paper.objects.using("bound").order_by("name").iterator(chunk_size=1)
        with current.across_scopes(why="reading in chunks"):
            assert [paper.name for paper in rows] == ["alpha", "gamma"]

    def test_follow_before_executemany(self, bound: Any, papers: Any) -> None:
        with current.in_scope(papers.acme), bound.cursor() as cursor:
            cursor.executemany(INSERT, [(papers.acme, "one"), (papers.acme, "two")])
            with pytest.raises(ProgrammingError, match="row-level security"):
                cursor.executemany(INSERT, [(papers.acme, "three"), (papers.other, "four")])
            cursor.execute("SELECT name FROM trial_folder ORDER BY name")
            assert cursor.fetchall() == [("one",), ("ours",), ("two",)]


class TestConnections:
    def test_starts_each_connection_from_nothing(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            assert papers.names() == ["alpha"]
            connection.close()
            assert papers.names() == ["alpha"]
        connection.close()
        assert papers.names() == []

    def test_believes_no_name_that_a_connection_was_opened_with(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            options = {"application_name": current.state().mark.decode()}
            given = {**connections.settings["default"], "OPTIONS": options}
            named = base.DatabaseWrapper(given, alias="named")
            try:
                assert _names(named) == ["alpha"]
            finally:
                named.close()

    def test_keeps_two_connections_of_one_thread_apart(self, papers: Any, apart: Any) -> None:
        with current.in_scope(papers.acme):
            assert (papers.names(), _names(apart)) == (["alpha"], ["alpha"])
            with current.in_scope(papers.other):
                assert _names(apart) == ["gamma"]
            assert (papers.names(), _names(apart)) == (["alpha"], ["alpha"])

    def test_keeps_threads_apart(self, papers: Any) -> None:
        expected_names = {papers.acme: ["alpha"], papers.other: ["gamma"]}
        gate = threading.Barrier(4)
        wrong: list[Any] = []

        def reader(scope_id: Any) -> None:
            try:
                gate.wait(timeout=20)
                for _ in range(50):
                    with current.in_scope(scope_id):
                        if (names := papers.names()) != expected_names[scope_id]:
                            wrong.append((scope_id, names))
                    if names := papers.names():
                        wrong.append((None, names))
            except BaseException as failure:  # noqa: BLE001 - the test reports it
                wrong.append(failure)
            finally:
                connection.close()

        threads = [
            threading.Thread(target=reader, args=(scope_id,))
            for scope_id in (papers.acme, papers.other) * 2
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert wrong == []

    def test_asks_once_while_the_scope_stays(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            papers.names()
            before = _changes()
            with CaptureQueriesContext(connection) as captured:
                for _ in range(5):
                    papers.names()
            assert len(captured) == 5
            assert _changes() == before
        papers.names()
        assert _changes() == before + 1

    def test_works_without_the_roles_when_told_to(self, papers: Any, settings: Any) -> None:
        settings.SCOPING_ROLES = False
        plain = connections.create_connection("default")
        try:
            with current.in_scope(papers.acme):
                assert _names(plain) == ["alpha", "gamma"]
            with plain.chunked_cursor() as cursor:
                cursor.execute("SELECT current_user = session_user")
                assert cursor.fetchone() == (True,)
        finally:
            plain.close()


class TestPool:
    @pytest.fixture
    def pooled(self, papers: Any) -> Iterator[Any]:
        """A connection from a pool of one."""
        given = dict(connections.settings["default"])
        given["CONN_MAX_AGE"] = 0
        given["OPTIONS"] = {**given["OPTIONS"], "pool": {"min_size": 1, "max_size": 1}}
        wrapper = base.DatabaseWrapper(given, alias="pooled")
        yield wrapper
        wrapper.close()
        wrapper.close_pool()

    def test_clears_the_scope_when_a_connection_goes_back(self, pooled: Any, papers: Any) -> None:
        with current.in_scope(papers.acme):
            assert _names(pooled) == ["alpha"]
        driver = pooled.connection
        pooled.close()
        with pooled.pool.connection() as returned:
            assert returned is driver
            row = psycopg.Cursor(returned).execute(
                "SELECT current_setting('countersign.scope'), current_setting('role')"
            )
            assert row.fetchone() == ("", "none")

    def test_lends_a_connection_on_without_its_scope(self, pooled: Any, papers: Any) -> None:
        for scope_id, expected_names in ((papers.acme, ["alpha"]), (papers.other, ["gamma"])):
            with current.in_scope(scope_id):
                assert _names(pooled) == expected_names
            pooled.close()
            assert _names(pooled) == []
            pooled.close()


class TestRolesMissing:
    """A login that has not been granted the roles gets no rows and a clear text."""

    @pytest.fixture
    def stranger(self, papers: Any) -> Iterator[Any]:
        """A connection of a login without any rights."""
        with current.as_owner(why="a login for the test"):
            papers.sql(f"DROP ROLE IF EXISTS {STRANGER}")
            papers.sql(f"CREATE ROLE {STRANGER} LOGIN")
        given = {**connections.settings["default"], "USER": STRANGER}
        wrapper = base.DatabaseWrapper(given, alias="stranger")
        yield wrapper
        wrapper.close()
        with current.as_owner(why="a login for the test"):
            papers.sql(f"DROP ROLE {STRANGER}")

    def test_says_what_an_administrator_has_to_run(self, stranger: Any, papers: Any) -> None:
        with current.in_scope(papers.acme), pytest.raises(OperationalError) as refusal:
            _names(stranger)
        assert "manage.py migrate" in str(refusal.value)
        assert f'GRANT countersign_run, countersign_sweep TO "{STRANGER}";' in str(refusal.value)

    def test_serves_a_login_that_owns_nothing_once_granted(
        self, stranger: Any, papers: Any
    ) -> None:
        with current.as_owner(why="granting"):
            papers.sql(f"GRANT countersign_run, countersign_sweep TO {STRANGER}")
        with current.in_scope(papers.acme):
            assert _names(stranger) == ["alpha"]
        with current.across_scopes(why="a sweep"):
            assert _names(stranger) == ["alpha", "gamma"]


class TestPoolerBetween:
    @pytest.fixture
    def relay(self) -> Iterator[Any]:
        """A proxy that hides the server process behind a key of its own, as poolers do."""
        relay = _Relay(connection.settings_dict["HOST"] or "127.0.0.1", 5432)
        relay.start()
        yield relay
        relay.stop()

    def _through(self, relay: Any, **options: Any) -> Any:
        given = {**connections.settings["default"], "HOST": "127.0.0.1", "PORT": relay.port}
        given["OPTIONS"] = {
            **given["OPTIONS"],
            "sslmode": "disable",
            "gssencmode": "disable",
            **options,
        }
        return base.DatabaseWrapper(given, alias="relayed")

    def test_refuses_a_connection_that_is_handed_around(self, papers: Any, relay: Any) -> None:
        relayed = self._through(relay)
        with pytest.raises(OperationalError, match="pooler"):
            relayed.ensure_connection()
        relayed.close()

    def test_believes_that_a_pooler_pools_by_session(self, papers: Any, relay: Any) -> None:
        relayed = self._through(relay, session_pooler=True)
        with current.in_scope(papers.acme):
            assert _names(relayed) == ["alpha"]
        relayed.close()


class _Relay:
    """Passes bytes between clients and the server, with another BackendKeyData."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._run(self._accept)

    def stop(self) -> None:
        for opened in self._sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
        for opened in self._sockets:
            opened.close()

    def _run(self, work: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                self._run(self._pass, client, server, bytes)
                self._run(self._pass, server, client, _other_process)

    def _pass(
        self, source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(change(data))
            target.shutdown(socket.SHUT_WR)


def _other_process(data: bytes) -> bytes:
    """BackendKeyData is 'K', length 12, process id, secret (protocol documentation §55.7)."""
    head, found, rest = data.partition(b"K\x00\x00\x00\x0c")
    return head + found + b"\x7f\xff\xff\xff" + rest[4:] if found else data


def test_counts_no_changes_before_connecting() -> None:
    assert session.changes(None) == 0
