"""Migration operations of the second wall: roles, policies, grants, look-up functions.

All are no-ops on other databases than PostgreSQL, can be reversed, and may be declared again for
the same table in a later migration, which replaces the earlier declaration.
"""

from collections.abc import Sequence
from typing import Any

from django.db import ProgrammingError, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

from identity.scoping import roles, wall_sql
from identity.scoping.lookups import Lookup

_INSUFFICIENT_PRIVILEGE = "42501"


class RolesRefusedError(Exception):
    """The login may not make the roles; the text says what an administrator has to run."""


class WallOperation(Operation):
    """Statements that run one by one as the owner of the tables, on PostgreSQL only."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, forwards: Sequence[str], backwards: Sequence[str], description: str) -> None:
        self.forwards = forwards
        self.backwards = backwards
        self.description = description

    def describe(self) -> str:
        """One line for `showmigrations --plan`."""
        return self.description

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing: the state of Django's models knows no roles and no policies."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """What `migrate` calls."""
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            self._run(schema_editor, self.forwards)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """What `migrate` calls on the way back."""
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            self._run(schema_editor, self.backwards)

    def apply(self, connection: BaseDatabaseWrapper) -> None:
        """Run it outside a migration."""
        if connection.vendor == "postgresql":
            with connection.schema_editor() as schema_editor:
                self._run(schema_editor, self.forwards)

    def unapply(self, connection: BaseDatabaseWrapper) -> None:
        """The reverse of `apply`."""
        if connection.vendor == "postgresql":
            with connection.schema_editor() as schema_editor:
                self._run(schema_editor, self.backwards)

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        for statement in statements:
            schema_editor.execute(statement, params=None)


class CreateRoles(WallOperation):
    """Make the two roles if the cluster lacks them, and let the login that migrates take them.

    Going back leaves them: other databases of the cluster may use them. Raises
    RolesRefusedError when the login may not make them.
    """

    def __init__(self) -> None:
        super().__init__(
            forwards=[*map(wall_sql.role_created, roles.ALL), wall_sql.schema_opened()],
            backwards=[wall_sql.schema_closed()],
            description=f"Create the database roles {' and '.join(roles.ALL)}",
        )

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
        try:
            super()._run(schema_editor, statements)
        except ProgrammingError as refusal:
            if getattr(refusal.__cause__, "sqlstate", "") != _INSUFFICIENT_PRIVILEGE:
                raise
            login = schema_editor.connection.connection.info.user
            raise RolesRefusedError(
                f"The database login {login} may not create roles ({refusal}). Have an "
                "administrator run this once in the cluster, then migrate again:\n"
                f"{roles.administrator_sql(login)}"
            ) from refusal


class IsolateTable(WallOperation):
    """Show the run-time role the rows of the scope in force and let it write no others.

    `append_only` withholds UPDATE and DELETE from both roles: only the owner can change history.
    """

    def __init__(
        self, table: str, scope_column: str = "scope_id", *, append_only: bool = False
    ) -> None:
        rights = "SELECT, INSERT" if append_only else wall_sql.ALL_RIGHTS
        super().__init__(
            forwards=[
                *wall_sql.policies(table, scope_column),
                *wall_sql.granted([table], rights),
            ],
            backwards=[*wall_sql.policies_dropped(table), *wall_sql.revoked([table])],
            description=f"Isolate the scopes in table {table}",
        )


class GrantSharedTables(WallOperation):
    """Open deployment-wide tables, which belong to no scope, to both roles.

    `tables` may be read and written, `readable` only read. The migration must depend on those
    that make the tables.
    """

    def __init__(self, tables: Sequence[str] = (), readable: Sequence[str] = ()) -> None:
        super().__init__(
            forwards=[
                *wall_sql.granted(tables, wall_sql.ALL_RIGHTS),
                *wall_sql.granted(readable, "SELECT"),
            ],
            backwards=wall_sql.revoked([*tables, *readable]),
            description=f"Share the tables {', '.join([*tables, *readable])}",
        )


class ShareTable(GrantSharedTables):
    """Open one deployment-wide table to both roles, for reading and writing."""

    def __init__(self, table: str) -> None:
        super().__init__([table])


class LookupFunction(WallOperation):
    """Make, or make anew, the function behind a look-up; see `identity.scoping.lookups`."""

    def __init__(self, lookup: Lookup) -> None:
        super().__init__(
            forwards=wall_sql.function_created(lookup),
            backwards=[wall_sql.function_dropped(lookup)],
            description=f"Make the look-up {lookup.name}",
        )
