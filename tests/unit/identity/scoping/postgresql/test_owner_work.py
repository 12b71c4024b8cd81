"""Work on the tables themselves: who does it, and that it ends."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, migrations
from django.db.migrations.state import ProjectState
from django.db.utils import ProgrammingError

from identity.scoping import current

pytestmark = pytest.mark.usefixtures("on_postgresql")


def test_is_what_migrate_does(committed: Any, capsys: Any) -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", "--check", verbosity=0)


def test_is_what_flush_does(shelf: Any) -> None:
    call_command("flush", interactive=False, verbosity=0)


def test_makes_cache_tables_that_can_be_used(committed: Any, settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "trial_cache",
        }
    }
    call_command("createcachetable", verbosity=0)
    try:
        assert committed.sql("SELECT count(*) FROM trial_cache") == [(0,)]
    finally:
        committed.owner_sql("DROP TABLE trial_cache")


def test_covers_the_python_inside_a_migration(committed: Any) -> None:
    seen = []

    def look(apps: Any, schema_editor: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT current_user = session_user")
            seen.append(cursor.fetchone())

    state = ProjectState()
    with connection.schema_editor() as editor:
        migrations.RunPython(look).database_forwards("identity", editor, state, state)
    assert seen == [(True,)]
    assert committed.sql("SELECT current_user = session_user") == [(False,)]


def test_ends_when_a_schema_change_fails(trial: Any) -> None:
    with pytest.raises(ProgrammingError), connection.schema_editor() as editor:
        editor.execute("ALTER TABLE trial_nowhere ADD COLUMN more integer")
    assert not current.is_owner()
