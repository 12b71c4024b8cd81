"""Connections that follow the scope: bindings, threads, pools, logins, poolers."""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from identity.scoping import current
from identity.scoping.postgresql import base, session

pytestmark = pytest.mark.usefixtures("on_postgresql")

# Logins belong to the whole cluster: other runs may be using it.
STRANGER = f"scoping_stranger_{os.getpid()}"
INSERT = "INSERT INTO trial_folder (scope_id, name) VALUES (%s, %s)"


@pytest.fixture
def apart(papers: Any) -> Iterator[Any]:
    """A second connection of this thread, closed afterwards."""
    second = connections.create_connection("default")
    yield second
    second.close()


def _changes() -> int:
    return session.changes(connection.connection)


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
                    assert papers.names(bound) == expected_names
            assert papers.names(bound) == []

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
                assert papers.names(named) == ["alpha"]
            finally:
                named.close()

    def test_keeps_two_connections_of_one_thread_apart(self, papers: Any, apart: Any) -> None:
        with current.in_scope(papers.acme):
            assert (papers.names(), papers.names(apart)) == (["alpha"], ["alpha"])
            with current.in_scope(papers.other):
                assert papers.names(apart) == ["gamma"]
            assert (papers.names(), papers.names(apart)) == (["alpha"], ["alpha"])

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
                assert papers.names(plain) == ["alpha", "gamma"]
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
            assert papers.names(pooled) == ["alpha"]
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
                assert papers.names(pooled) == expected_names
            pooled.close()
            assert papers.names(pooled) == []
            pooled.close()


class TestRolesMissing:
    """A login that has not been granted the roles gets no rows and a clear text."""

    @pytest.fixture
    def stranger(self, papers: Any) -> Iterator[Any]:
        """A connection of a login without any rights."""
        with current.as_owner(why="a login for the test"):
            papers.sql(f"DROP ROLE IF EXISTS {STRANGER}")
            papers.sql(f"CREATE ROLE {STRANGER} LOGIN NOINHERIT")
        given = {**connections.settings["default"], "USER": STRANGER}
        wrapper = base.DatabaseWrapper(given, alias="stranger")
        yield wrapper
        wrapper.close()
        with current.as_owner(why="a login for the test"):
            papers.sql(f"DROP ROLE {STRANGER}")

    def test_says_what_an_administrator_has_to_run(self, stranger: Any, papers: Any) -> None:
        with current.in_scope(papers.acme), pytest.raises(OperationalError) as refusal:
            papers.names(stranger)
        assert "manage.py migrate" in str(refusal.value)
        assert f'GRANT countersign_run, countersign_sweep TO "{STRANGER}";' in str(refusal.value)

    def test_serves_a_login_that_owns_nothing_once_granted(
        self, stranger: Any, papers: Any
    ) -> None:
        with current.as_owner(why="granting"):
            papers.sql(f"GRANT countersign_run, countersign_sweep TO {STRANGER}")
        with current.in_scope(papers.acme):
            assert papers.names(stranger) == ["alpha"]
        with current.across_scopes(why="a sweep"):
            assert papers.names(stranger) == ["alpha", "gamma"]
        # What SQL of an attacker could reach: the rights of the login, and it has none.
        with (
            current.as_owner(why="trying"),
            pytest.raises(ProgrammingError, match="permission denied"),
        ):
            papers.names(stranger)


class TestPoolerBetween:
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
            assert papers.names(relayed) == ["alpha"]
        relayed.close()
