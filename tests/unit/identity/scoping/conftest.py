"""Two scopes and three tables of the trial's own, behind both walls."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from identity import ids
from identity.scoping import current, operations
from identity.scoping.manager import ScopeManager, ScopeQuerySet
from identity.scoping.owned import ScopeOwned

ACME = UUID("01900000-0000-7000-8000-00000000000a")
OTHER = UUID("01900000-0000-7000-8000-00000000000b")

# In a registry of their own: no other test may meet these models.
with isolate_apps():

    class Scope(models.Model):
        id = models.UUIDField(primary_key=True)

        class Meta:
            app_label = "identity"
            db_table = "trial_scope"

    class Folder(ScopeOwned):
        name = models.CharField(max_length=50)

        class Meta:
            app_label = "identity"
            db_table = "trial_folder"

    class PaperQuerySet(ScopeQuerySet[Any]):
        def long(self) -> "PaperQuerySet":
            return self.filter(pages__gte=100)

    class Paper(ScopeOwned):
        id = models.UUIDField(primary_key=True, default=ids.new)
        folder = models.ForeignKey(Folder, models.CASCADE, related_name="papers")
        name = models.CharField(max_length=50)
        pages = models.IntegerField(default=1)
        facts = models.JSONField(default=dict)
        written_at = models.DateTimeField(null=True)
        is_final = models.BooleanField(default=False)
        stamp = models.BinaryField(null=True)

        objects = ScopeManager.from_queryset(PaperQuerySet)()

        class Meta:
            app_label = "identity"
            db_table = "trial_paper"
            indexes: ClassVar = [models.Index(fields=["scope", "name"], name="trial_paper_name")]

    class Note(models.Model):
        """Belongs to no scope; each note is about a paper."""

        paper = models.ForeignKey(Paper, models.CASCADE, related_name="notes")
        text = models.CharField(max_length=50)

        class Meta:
            app_label = "identity"
            db_table = "trial_note"


SHELF = "CREATE TABLE trial_shelf (id {kind} PRIMARY KEY, scope_id {uuid} NOT NULL, name text)"


class Trial:
    """What the tests use: models, the two scopes, and a way to run migration operations."""

    Scope, Folder, Paper, Note = Scope, Folder, Paper, Note
    acme, other = ACME, OTHER
    shelf_sql = SHELF.format(kind="serial", uuid="uuid")

    @property
    def on_postgresql(self) -> bool:
        return connection.vendor == "postgresql"

    def folder(self, scope_id: UUID, name: str) -> Any:
        with current.in_scope(scope_id):
            return Folder.objects.create(scope_id=scope_id, name=name)

    def paper(self, folder: Any, name: str, **columns: Any) -> Any:
        with current.in_scope(folder.scope_id):
            return Paper.objects.create(
                scope_id=folder.scope_id, folder=folder, name=name, **columns
            )

    def sql(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def owner_sql(self, *statements: str) -> None:
        with current.as_owner(why="work on a table for the test"):
            for statement in statements:
                self.sql(statement)

    def names(self, opened: Any = connection) -> list[str]:
        """Names of all papers that plain SQL shows on a connection."""
        with opened.cursor() as cursor:
            cursor.execute("SELECT name FROM trial_paper ORDER BY name")
            return [name for (name,) in cursor.fetchall()]


TABLES = (Scope, Folder, Paper, Note)
WALL = (
    operations.CreateRoles(),
    operations.IsolateTable("trial_scope", scope_column="id"),
    operations.IsolateTable("trial_folder"),
    operations.IsolateTable("trial_paper"),
    operations.ShareTable("trial_note"),
)


@pytest.fixture(scope="session")
def _tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[Trial]:
    trial = Trial()
    with django_db_blocker.unblock():
        for model in TABLES:
            with connection.schema_editor() as editor:
                editor.create_model(model)
        for operation in WALL:
            operation.apply(connection)
        connection.close()
    yield trial
    with django_db_blocker.unblock():
        for model in reversed(TABLES):
            with connection.schema_editor() as editor:
                editor.delete_model(model)
        connection.close()


def _seeded(trial: Trial) -> Trial:
    for scope_id in (ACME, OTHER):
        with current.in_scope(scope_id):
            Scope._default_manager.create(id=scope_id)
    return trial


@pytest.fixture
def trial(_tables: Trial, db: None) -> Trial:
    """The two scopes, in a transaction that is rolled back."""
    return _seeded(_tables)


@pytest.fixture
def committed(_tables: Trial, django_db_blocker: Any) -> Iterator[Trial]:
    """The two scopes, committed: for threads, rollbacks and connections that come and go.

    Only tables of the trial's own are written, so nothing else has to be flushed.
    """
    with django_db_blocker.unblock():
        yield _seeded(_tables)
        with current.as_owner(why="tidying up after a test"):
            for model in reversed(TABLES):
                model._base_manager.all().delete()
        connection.close()


@pytest.fixture
def shelf(committed: Trial) -> Iterator[Trial]:
    """A table that is behind no wall yet; its ids come from a sequence."""
    on_sqlite = SHELF.format(kind="integer", uuid="char(32)")
    committed.owner_sql(committed.shelf_sql if committed.on_postgresql else on_sqlite)
    yield committed
    committed.owner_sql("DROP TABLE trial_shelf")


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest) -> None:
    """For what only PostgreSQL has."""
    if connection.vendor != "postgresql":
        pytest.skip("this run is for SQLite: DATABASE_URL names no PostgreSQL")
