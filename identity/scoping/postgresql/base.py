"""Database backend `identity.scoping.postgresql`: Django's, whose sessions follow the scope."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.postgresql import base, psycopg_any
from django.utils.functional import cached_property

from identity.scoping.postgresql import cursors, owner_work, session
from identity.scoping.postgresql.straight import Straight


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL backend (psycopg 3) with the second wall between scopes.

    Before each statement of any kind the session takes the role and the scope that
    `identity.scoping.current` says; see `session`. `SCOPING_ROLES = False` in the settings turns
    that off, for databases without the roles. OPTIONS are Django's and `session_pooler`.
    """

    SchemaEditorClass = owner_work.OwnerSchemaEditor
    creation_class = owner_work.OwnerCreation
    _straight: Straight | None = None

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias)
        pool = settings_dict["OPTIONS"].get("pool")
        if pool and self.is_following:
            given = pool if isinstance(pool, dict) else {}
            settings_dict["OPTIONS"]["pool"] = {**given, "reset": session.clear}

    @cached_property
    def is_following(self) -> bool:
        """Whether sessions follow the scope in force."""
        return bool(getattr(settings, "SCOPING_ROLES", True))

    @property
    def scope_changes(self) -> int:
        """Statements this connection spent on changing its state; they are not in `queries`."""
        return session.changes(self.connection)

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, with cursors that follow."""
        if not self.is_following:
            parameters = super().get_connection_params()
        else:
            if self.settings_dict["OPTIONS"].get("assume_role"):
                raise ImproperlyConfigured(
                    'OPTIONS["assume_role"] does not go with scopes: the role follows the scope.'
                )
            parameters = super().get_connection_params()
            parameters["cursor_factory"] = self._cursor_class()
        parameters.pop("session_pooler", None)
        return parameters

    def straight(self) -> Straight | None:
        """What sends hot statements without a cursor; None where one has to be used now.

        That is: where somebody looks on, and where the options ask for anything but prepared
        statements and usual transactions.
        """
        if self.execute_wrappers or self.queries_logged:
            return None
        if not (self.is_following and self._prepares):
            return None
        self.validate_thread_sharing()
        if self.connection is None:
            self.ensure_connection()
        if self._straight is None or self._straight.connection is not self.connection:
            self._straight = Straight(self.connection)
        return self._straight if self._straight.is_open() else None

    def later(self) -> Straight | None:
        """What holds hot statements back until the next one; None where they are to be sent now."""
        return self.straight() if self.in_atomic_block else None

    def catch_up(self) -> None:
        """Do now what was held back."""
        if self._straight is not None:
            self._straight.catch_up()

    def drop_held_back(self) -> None:
        """Do nothing of what was held back."""
        if self._straight is not None:
            self._straight.drop()

    def _commit(self) -> None:
        straight = self._straight
        if straight is None or straight.connection is not self.connection:
            super()._commit()  # type: ignore[misc]
            return
        is_watched = self.queries_logged or bool(self.execute_wrappers)
        try:
            with self.wrap_database_errors:
                if is_watched:
                    straight.catch_up()
                else:
                    straight.commit()
        except DatabaseError:
            raise
        except BaseException:
            # Django rolls back after errors of databases alone.
            self.rollback()
            raise
        if is_watched:
            super()._commit()  # type: ignore[misc]

    def _savepoint_commit(self, sid: str) -> None:
        try:
            with self.wrap_database_errors:
                self.catch_up()
        except DatabaseError:
            raise
        except BaseException:
            self._savepoint_rollback(sid)
            raise
        super()._savepoint_commit(sid)  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        # What was held back inside the savepoint is given up with it.
        self.drop_held_back()
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _rollback(self) -> None:
        self.drop_held_back()
        super()._rollback()  # type: ignore[misc]
        if self.connection is not None:
            session.note_end(self.connection, "ROLLBACK")

    @cached_property
    def _prepares(self) -> bool:
        options = self.settings_dict["OPTIONS"]
        return (
            options.get("server_side_binding") is True
            and bool(options.get("prepare_threshold"))
            and "isolation_level" not in options
        )

    def create_cursor(self, name: str | None = None) -> Any:
        """Django's, with named cursors that follow too."""
        if name is None or not self.is_following:
            return super().create_cursor(name)
        # Outside a transaction the cursor outlives its statement, hence `withhold`.
        cursor = self._named_cursor_class()(
            self.connection,
            name=name,
            scrollable=False,
            withhold=self.connection.autocommit,
        )
        psycopg_any.register_tzloader(self.timezone, cursor)
        return cursor

    def _configure_connection(self, connection: Any) -> bool:
        commits: bool = super()._configure_connection(connection)  # type: ignore[misc]
        options = self.settings_dict["OPTIONS"]
        if not self.is_following or options.get("session_pooler"):
            return commits
        session.refuse_pooler(connection)
        return True

    def _cursor_class(self) -> type[cursors.Following]:
        if self.settings_dict["OPTIONS"].get("server_side_binding") is True:
            return cursors.ServerBindingCursor
        return cursors.ClientBindingCursor

    def _named_cursor_class(self) -> type[Any]:
        if self.settings_dict["OPTIONS"].get("server_side_binding") is True:
            return cursors.ServerBindingNamedCursor
        return cursors.ClientBindingNamedCursor
