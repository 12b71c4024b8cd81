"""What is to be done later is done in order, in its transaction and scope, before anything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from identity.scoping import current, statements
from identity.scoping.postgresql import pipeline

pytestmark = pytest.mark.usefixtures("on_postgresql")

FOLDERS = "SELECT name FROM trial_folder ORDER BY id"
INSERT = "INSERT INTO trial_folder (scope_id, name) VALUES (%s, %s)"
RENAME = "UPDATE trial_folder SET name = %s WHERE name = %s"


class Refused(Exception):
    """What somebody says who hears that nothing was changed."""


def _require_one(changed: int) -> None:
    if changed != 1:
        raise Refused(changed)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went in each pipeline."""
    seen: list[int] = []
    sent = pipeline.together

    def counted(connection: Any, commands: Any) -> Any:
        seen.append(len(commands))
        return sent(connection, commands)

    monkeypatch.setattr(pipeline, "together", counted)
    return seen


@contextmanager
def _inside(papers: Any) -> Iterator[None]:
    with current.in_scope(papers.acme):
        statements.rows(FOLDERS, [])  # From now on the session follows the scope.
        with transaction.atomic():
            yield


def test_goes_with_the_next_statement_in_one_round_trip(papers: Any, trips: list[int]) -> None:
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "first"])
        statements.later(RENAME, ["second", "first"], then=_require_one)
        assert trips == []
        assert statements.rows(FOLDERS, []) == [("ours",), ("second",)]
        # The beginning of the transaction, two changes, and the question.
        assert trips == [4]


def test_is_done_before_the_transaction_ends(papers: Any, trips: list[int]) -> None:
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "last"])
    # The beginning, the change and the end.
    assert trips == [3]
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",), ("last",)]


def test_is_seen_by_every_kind_of_statement(papers: Any) -> None:
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "seen"])
        with connection.cursor() as cursor:
            cursor.execute(FOLDERS)
            assert cursor.fetchall() == [("ours",), ("seen",)]
        statements.later(INSERT, [papers.acme, "looked at"])
        with CaptureQueriesContext(connection):
            assert statements.count(FOLDERS, []) == 3


def test_is_done_at_once_outside_a_transaction(papers: Any) -> None:
    with current.in_scope(papers.acme):
        statements.later(INSERT, [papers.acme, "at once"])
        with pytest.raises(Refused):
            statements.later(RENAME, ["a", "nobody's"], then=_require_one)
        assert statements.rows(FOLDERS, []) == [("ours",), ("at once",)]


def test_a_refusal_undoes_the_transaction(papers: Any) -> None:
    with pytest.raises(Refused), _inside(papers):
        statements.later(INSERT, [papers.acme, "undone"])
        statements.later(RENAME, ["a", "nobody's"], then=_require_one)
        statements.rows(FOLDERS, [])
    with pytest.raises(Refused), _inside(papers):
        statements.later(INSERT, [papers.acme, "undone"])
        statements.later(RENAME, ["a", "nobody's"], then=_require_one)
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",)]


def test_a_refusal_undoes_its_savepoint_and_no_more(papers: Any) -> None:
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "kept"])
        with pytest.raises(Refused), transaction.atomic():
            statements.later(INSERT, [papers.acme, "undone"])
            statements.later(RENAME, ["a", "nobody's"], then=_require_one)
        statements.later(INSERT, [papers.acme, "kept, too"])
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",), ("kept",), ("kept, too",)]


def test_hears_nothing_of_a_transaction_that_was_undone(papers: Any) -> None:
    heard: list[str] = []
    with pytest.raises(Refused), _inside(papers):
        transaction.on_commit(lambda: heard.append("committed"))
        statements.later(RENAME, ["a", "nobody's"], then=_require_one)
    with _inside(papers):
        statements.rows(FOLDERS, [])
    assert heard == []


def test_what_follows_may_change_more(papers: Any) -> None:
    def insert(changed: int) -> None:
        if not changed:
            statements.later(INSERT, [papers.acme, "made"])

    with _inside(papers):
        statements.later(RENAME, ["made", "nobody's"], then=insert)
        statements.rows(FOLDERS, [])
        assert statements.rows(FOLDERS, []) == [("ours",), ("made",)]


def test_an_error_is_djangos_and_stops_what_comes_after(papers: Any) -> None:
    with pytest.raises(IntegrityError), _inside(papers):
        statements.later(INSERT, [papers.acme, None])
        statements.later(INSERT, [papers.acme, "never"])
        statements.rows(FOLDERS, [])
    with pytest.raises(IntegrityError), _inside(papers):
        statements.later(INSERT, [papers.acme, None])
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",)]


def test_nothing_is_done_of_what_was_given_up(papers: Any, trips: list[int]) -> None:
    with pytest.raises(Refused), _inside(papers):
        statements.later(INSERT, [papers.acme, "given up"])
        raise Refused
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "kept"])
        with pytest.raises(Refused), transaction.atomic():
            statements.later(INSERT, [papers.acme, "given up"])
            raise Refused
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",), ("kept",)]


def test_is_done_in_the_scope_in_which_it_was_asked(papers: Any) -> None:
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "own"])
        with current.in_scope(papers.other):
            assert statements.rows(FOLDERS, []) == [("theirs",)]
            statements.later(INSERT, [papers.other, "other's"])
        statements.later(INSERT, [papers.acme, "own again"])
        assert statements.rows(FOLDERS, []) == [("ours",), ("own",), ("own again",)]
    with pytest.raises(DatabaseError, match="row-level security"), _inside(papers):
        statements.later(INSERT, [papers.other, "foreign"])


def test_follows_the_scope_when_it_was_asked_last(papers: Any) -> None:
    with transaction.atomic():
        with current.in_scope(papers.acme):
            statements.later(INSERT, [papers.acme, "own"])
        with current.in_scope(papers.other), connection.cursor() as cursor:
            cursor.execute(FOLDERS)
            assert cursor.fetchall() == [("theirs",)]
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",), ("own",)]


@pytest.mark.parametrize("statement", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_prepares_anew_what_was_taken_away(papers: Any, statement: str) -> None:
    with _inside(papers):
        statements.later(RENAME, ["ours", "ours"])
    with current.in_scope(papers.acme), connection.cursor() as cursor:
        cursor.execute(statement)
    with _inside(papers):
        statements.later(RENAME, ["mine", "ours"], then=_require_one)
        assert statements.rows(FOLDERS, []) == [("mine",)]


def test_prepares_anew_what_another_session_changed(papers: Any) -> None:
    everything = "SELECT * FROM trial_folder"
    with current.in_scope(papers.acme):
        statements.rows(everything, [])
    papers.owner_sql("ALTER TABLE trial_folder ADD COLUMN shelf text DEFAULT 'a'")
    try:
        with _inside(papers):
            statements.later(RENAME, ["mine", "ours"], then=_require_one)
            assert statements.rows(everything, [])[0][-1] == "a"
    finally:
        papers.owner_sql("ALTER TABLE trial_folder DROP COLUMN shelf")


def test_a_session_that_ended_is_an_operational_error(papers: Any) -> None:
    with pytest.raises(OperationalError), _inside(papers):
        statements.rows(FOLDERS, [])
        pid = connection.connection.info.backend_pid
        other = connection.copy()
        with current.as_owner(why="test"), other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        other.close()
        statements.later(INSERT, [papers.acme, "lost"])
        statements.rows(FOLDERS, [])
    connection.close()
    with _inside(papers):
        statements.later(INSERT, [papers.acme, "kept"])
    with current.in_scope(papers.acme):
        assert statements.rows(FOLDERS, []) == [("ours",), ("kept",)]


def test_who_waits_for_a_lock_lets_its_holder_work(papers: Any) -> None:
    """Both are threads of one process: a wait with the interpreter in hand would never end."""
    has_lock, seen = threading.Event(), []

    def hold() -> None:
        with _inside(papers):
            statements.count(RENAME, ["held", "ours"])
            has_lock.set()
            seen.append(sum(range(2_000_000)))
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert has_lock.wait(10)
    with _inside(papers):
        statements.later("SELECT 1 FROM trial_folder FOR UPDATE", [])
        assert statements.rows(FOLDERS, []) == [("held",)]
    holder.join(10)
    assert not holder.is_alive()


def test_sends_more_than_the_network_holds(papers: Any) -> None:
    name = "x" * 400_000
    with _inside(papers):
        for _ in range(20):
            statements.later("SELECT %s::text FROM trial_folder", [name])
        assert statements.rows(FOLDERS, []) == [("ours",)]


def test_a_question_goes_ahead_of_the_next_statement(papers: Any, trips: list[int]) -> None:
    told: list[Any] = []
    with current.in_scope(papers.acme):
        statements.rows(FOLDERS, [])
        statements.ahead("SELECT %s::bigint", [7], tell=told.extend)
        assert (trips, told) == ([], [])
        assert statements.rows(FOLDERS, []) == [("ours",)]
        assert (trips, told) == ([2], [(7,)])
        statements.ahead("SELECT %s::bigint", [8], tell=told.extend)
        statements.catch_up()
        statements.catch_up()
        assert (trips, told) == ([2, 1], [(7,), (8,)])


def test_a_question_that_was_dropped_is_not_asked(papers: Any, trips: list[int]) -> None:
    told: list[Any] = []
    with current.in_scope(papers.acme):
        statements.ahead("SELECT %s::bigint", [7], tell=told.extend)
        statements.drop()
        assert statements.rows(FOLDERS, []) == [("ours",)]
    assert (trips, told) == ([], [])


def test_what_follows_from_an_answer_stops_what_asked_next(papers: Any) -> None:
    def refuse(rows: Any) -> None:
        raise Refused(rows)

    with current.in_scope(papers.acme):
        statements.ahead("SELECT %s::bigint", [7], tell=refuse)
        with pytest.raises(Refused):
            statements.rows(FOLDERS, [])
        statements.ahead("SELECT %s::bigint", [7], tell=refuse)
        with pytest.raises(Refused), transaction.atomic():
            statements.count(INSERT, [papers.acme, "undone"])
        assert statements.rows(FOLDERS, []) == [("ours",)]
