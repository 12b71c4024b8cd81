"""What the database and the system checks say of the wall."""

import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from identity.scoping import checks, current, lookups, operations, protection, roles


def test_finds_nothing_amiss_in_the_whole_house(trial: Any) -> None:
    assert protection.unprotected_tables(connection) == []
    assert protection.ungranted_tables(connection) == []
    assert protection.loose_roles(connection) == []
    assert lookups.stale(connection) == []


@pytest.mark.usefixtures("on_postgresql")
def test_finds_a_table_without_row_level_security(shelf: Any) -> None:
    assert "trial_shelf" in protection.unprotected_tables(connection)
    assert "trial_shelf" in protection.ungranted_tables(connection)
    operations.IsolateTable("trial_shelf").apply(connection)
    assert "trial_shelf" not in protection.unprotected_tables(connection)
    assert "trial_shelf" not in protection.ungranted_tables(connection)


@pytest.mark.usefixtures("on_postgresql")
@pytest.mark.parametrize(
    "breach",
    [
        "ALTER TABLE trial_shelf DISABLE ROW LEVEL SECURITY",
        "DROP POLICY countersign_run ON trial_shelf",
        "CREATE POLICY wide ON trial_shelf USING (true)",
        "CREATE POLICY wide ON trial_shelf FOR INSERT WITH CHECK (true)",
        f"CREATE POLICY wide ON trial_shelf TO {roles.RUN} USING (name = 'public')",
    ],
)
def test_finds_a_breach(shelf: Any, breach: str) -> None:
    operations.IsolateTable("trial_shelf").apply(connection)
    shelf.owner_sql(breach)
    assert "trial_shelf" in protection.unprotected_tables(connection)


@pytest.mark.usefixtures("on_postgresql")
def test_finds_a_view_that_reads_with_its_owners_rights(shelf: Any) -> None:
    operations.IsolateTable("trial_shelf").apply(connection)
    for options, is_found in (("", True), ("WITH (security_invoker = true)", False)):
        shelf.owner_sql(f"CREATE VIEW trial_window {options} AS SELECT * FROM trial_shelf")
        found = protection.unprotected_tables(connection)
        shelf.owner_sql("DROP VIEW trial_window")
        assert ("trial_window" in found) is is_found


@pytest.mark.usefixtures("on_postgresql")
def test_finds_a_role_that_may_pass(trial: Any) -> None:
    with current.as_owner(why="loosening, rolled back with the test"):
        trial.sql(f"ALTER ROLE {roles.RUN} BYPASSRLS")
    assert protection.loose_roles(connection) == [roles.RUN]


@pytest.mark.usefixtures("on_postgresql")
def test_is_a_system_check_but_for_the_owner(shelf: Any) -> None:
    found = checks.check_wall(None, ["default"])
    assert "trial_shelf has no row-level security." in [message.msg for message in found]
    assert {message.id for message in found} >= {"scoping.E001"}
    with current.as_owner(why="migrating"):
        assert checks.check_wall(None, ["default"]) == []


def test_is_registered_when_the_house_starts() -> None:
    program = (
        "import django; django.setup(); from django.core.checks.registry import registry; "
        "print([c.__module__ for c in registry.get_checks() + registry.get_checks(True)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "identity.scoping.checks" in done.stdout
