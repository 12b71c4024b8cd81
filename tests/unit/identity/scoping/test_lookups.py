"""Questions asked before a scope is known, on both engines."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from django.db import connection, migrations, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.utils import ProgrammingError

from identity.scoping import current, lookups, operations, roles
from identity.scoping.postgresql import session

PAPER_DOOR = lookups.Lookup(
    name="trial_paper_door",
    arguments=(("paper", "uuid"), ("name", "text")),
    columns=(
        ("scope_id", "uuid"),
        ("name", "text"),
        ("pages", "bigint"),
        ("facts", "jsonb"),
        ("written_at", "timestamptz"),
        ("is_final", "boolean"),
        ("stamp", "bytea"),
        ("folder_name", "text"),
    ),
    # The same words for arguments and columns on purpose: they must not be mixed up.
    sql="""
SELECT paper.scope_id, paper.name, paper.pages, paper.facts, paper.written_at, paper.is_final,
       paper.stamp, folder.name
FROM trial_paper AS paper JOIN trial_folder AS folder ON folder.id = paper.folder_id
WHERE paper.id = %(paper)s AND paper.name LIKE '%%' AND paper.name = %(name)s
""",
)
WRITTEN_SINCE = lookups.Lookup(
    name="trial_written_since",
    arguments=(("moment", "timestamptz"), ("least", "bigint"), ("final", "boolean")),
    columns=(("name", "text"),),
    sql="SELECT name FROM trial_paper WHERE written_at >= %(moment)s AND pages >= %(least)s "
    "AND is_final = %(final)s ORDER BY name",
)
# A column without its table, of the same name as the argument.
FOLDER_NAMED = lookups.Lookup(
    name="trial_folder_named",
    arguments=(("name", "text"),),
    columns=(("scope_id", "uuid"),),
    sql="SELECT scope_id FROM trial_folder WHERE name = %(name)s",
)
NOON = datetime(2026, 5, 4, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def door(trial: Any) -> Any:
    """The look-ups made, and one paper in each scope."""
    for lookup in (PAPER_DOOR, WRITTEN_SINCE, FOLDER_NAMED):
        operations.LookupFunction(lookup).apply(connection)
    trial.ours = trial.paper(
        trial.folder(trial.acme, "ours"),
        "alpha",
        pages=3_000_000,
        facts={"key": ["a", 1]},
        written_at=NOON,
        is_final=True,
        stamp=b"\x00\xff",
    )
    trial.theirs = trial.paper(trial.folder(trial.other, "theirs"), "gamma")
    return trial


def test_answers_before_a_scope_is_known(door: Any) -> None:
    assert lookups.call(connection, PAPER_DOOR, door.ours.id, "alpha") == [
        (door.acme, "alpha", 3_000_000, {"key": ["a", 1]}, NOON, True, b"\x00\xff", "ours")
    ]


def test_gives_none_for_null_and_nothing_for_no_row(door: Any) -> None:
    ((_, _, pages, facts, written_at, is_final, stamp, _),) = lookups.call(
        connection, PAPER_DOOR, door.theirs.id, "gamma"
    )
    assert (pages, facts, written_at, is_final, stamp) == (1, {}, None, False, None)
    assert lookups.call(connection, PAPER_DOOR, door.theirs.id, "alpha") == []


@pytest.mark.parametrize(
    ("arguments", "expected_names"),
    [((NOON, 1, True), ["alpha"]), ((NOON, 2**40, True), []), ((NOON, 1, False), [])],
)
def test_takes_moments_numbers_and_truths(
    door: Any, arguments: tuple[Any, ...], expected_names: list[str]
) -> None:
    rows = lookups.call(connection, WRITTEN_SINCE, *arguments)
    assert [name for (name,) in rows] == expected_names


def test_tells_a_column_from_an_argument_of_the_same_name(door: Any) -> None:
    assert lookups.call(connection, FOLDER_NAMED, "theirs") == [(door.other,)]


def test_answers_in_every_state_and_leaves_it_alone(door: Any) -> None:
    for entered, expected in (
        (current.in_scope(door.other), door.other),
        (current.across_scopes(why="asking"), None),
        (current.as_owner(why="asking"), None),
    ):
        with entered:
            assert len(lookups.call(connection, PAPER_DOOR, door.ours.id, "alpha")) == 1
            assert current.scope_in_force() == expected


@pytest.mark.parametrize("count", [0, 1, 3])
def test_refuses_a_wrong_count_of_arguments(door: Any, count: int) -> None:
    with pytest.raises(TypeError, match="takes 2"):
        lookups.call(connection, PAPER_DOOR, *["x"] * count)


@pytest.mark.usefixtures("on_postgresql")
class TestFunctions:
    def test_keep_the_table_closed(self, door: Any) -> None:
        assert lookups.call(connection, PAPER_DOOR, door.ours.id, "alpha")
        assert door.names() == []

    def test_cost_no_change_of_scope_on_a_session_that_follows_one(self, door: Any) -> None:
        with current.in_scope(door.acme):
            door.names()
        before = session.changes(connection.connection)
        lookups.call(connection, PAPER_DOOR, door.ours.id, "alpha")
        with current.in_scope(door.acme):
            assert door.names() == ["alpha"]
        assert session.changes(connection.connection) == before
        # Any other statement outside the scope is another matter.
        assert door.names() == []
        assert session.changes(connection.connection) == before + 1

    def test_run_as_the_run_time_role_whatever_was_before(self, door: Any) -> None:
        with current.across_scopes(why="asking"):
            door.names()
            with current.at_the_door():
                assert door.sql("SELECT current_user") == [(roles.RUN,)]

    def test_may_be_called_by_the_run_time_role_alone(self, door: Any) -> None:
        call = f"SELECT * FROM {PAPER_DOOR.function}(%s, 'alpha')"
        with (
            current.across_scopes(why="trying"),
            pytest.raises(ProgrammingError, match="permission denied for function"),
            transaction.atomic(),
        ):
            door.sql(call, door.ours.id)
        assert len(door.sql(call, door.ours.id)) == 1

    def test_mean_our_tables_whatever_the_caller_has_set(self, door: Any) -> None:
        door.sql("CREATE TEMPORARY TABLE trial_paper (LIKE trial_paper)")
        door.sql("SET LOCAL search_path = pg_temp, public")
        assert len(lookups.call(connection, PAPER_DOOR, door.ours.id, "alpha")) == 1

    def test_do_not_see_what_a_quote_would_let_out(self, door: Any) -> None:
        assert lookups.call(connection, PAPER_DOOR, door.ours.id, "x' OR '1' = '1") == []

    def test_are_made_anew_when_their_shape_has_changed(self, door: Any) -> None:
        shorter = lookups.Lookup(
            PAPER_DOOR.name,
            arguments=(("paper", "uuid"),),
            columns=(("scope_id", "uuid"),),
            sql="SELECT scope_id FROM trial_paper WHERE id = %(paper)s",
        )
        operations.LookupFunction(shorter).apply(connection)
        assert lookups.call(connection, shorter, door.ours.id) == [(door.acme,)]
        operations.LookupFunction(shorter).unapply(connection)
        with pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
            lookups.call(connection, shorter, door.ours.id)

    def test_keep_their_plan_in_the_session(self, door: Any) -> None:
        # SQL functions are planned at each call before PostgreSQL 18; see docs/decisions/0002.
        language = door.sql(
            "SELECT l.lanname, p.prosecdef, p.provolatile::text, p.proconfig "
            "FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE proname = %s",
            PAPER_DOOR.function,
        )
        assert language == [
            ("plpgsql", True, "s", ["search_path=pg_catalog, public, pg_temp"]),
        ]


class TestRegistry:
    @pytest.fixture(autouse=True)
    def _restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lookups, "registry", {})

    def _define(self, **changes: Any) -> lookups.Lookup:
        given: dict[str, Any] = {
            "arguments": [("paper", "uuid")],
            "columns": [("scope_id", "uuid")],
            "sql": "SELECT scope_id FROM trial_paper WHERE id = %(paper)s",
        }
        return lookups.define("trial_scope_of", **{**given, **changes})

    def test_knows_each_name_once(self) -> None:
        assert lookups.registry == {"trial_scope_of": self._define()}
        with pytest.raises(ValueError, match="already defined"):
            self._define()

    @pytest.mark.parametrize(
        "changes",
        [
            {"arguments": []},
            {"arguments": [("paper", "uuid"), ("more", "uuid")]},
            {"arguments": [("paper", "varchar")]},
            {"arguments": [("paper); DROP", "uuid")]},
            {"columns": []},
            {"columns": [("scope id", "uuid")]},
            {"sql": "SELECT 1 WHERE %(paper)s = %(paper)s; SELECT 2"},
            {"sql": "SELECT %(paper)s, '$countersign$'"},
        ],
    )
    def test_refuses_what_could_not_become_a_function(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="trial_scope_of"):
            self._define(**changes)

    @pytest.mark.usefixtures("on_postgresql")
    def test_tells_functions_that_are_missing_or_old(self, trial: Any) -> None:
        lookup = self._define()
        assert lookups.stale(connection) == ["trial_scope_of"]
        operations.LookupFunction(lookup).apply(connection)
        assert lookups.stale(connection) == []
        lookups.registry.clear()
        self._define(sql="SELECT scope_id FROM trial_paper WHERE id = %(paper)s LIMIT 1")
        assert lookups.stale(connection) == ["trial_scope_of"]


def test_can_be_written_into_a_migration() -> None:
    class Doors(migrations.Migration):
        operations: ClassVar = [operations.LookupFunction(PAPER_DOOR)]

    writer = MigrationWriter(Doors("0002_doors", "identity"), include_header=False)
    text = writer.as_string()
    assert "name='trial_paper_door'" in text
    assert "identity.scoping.lookups.Lookup(" in text
