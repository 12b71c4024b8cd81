"""Work on the tables themselves runs as their owner: schema changes and test databases."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from identity.scoping import current


class OwnerSchemaEditor(DatabaseSchemaEditor):
    """Everything inside a migration, its Python included, runs as the owner."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(current.as_owner(why="schema changes"))
            super().__enter__()
            self._as_owner = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._as_owner:
            super().__exit__(exc_type, exc_value, traceback)


class OwnerCreation(DatabaseCreation):
    """Test databases are made before the roles are known in them."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        """Django's, as the owner."""
        with current.as_owner(why="test database"):
            return super().create_test_db(*args, **kwargs)

    def clone_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Django's, as the owner."""
        with current.as_owner(why="test database"):
            super().clone_test_db(*args, **kwargs)

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Django's, as the owner."""
        with current.as_owner(why="test database"):
            super().destroy_test_db(*args, **kwargs)

    def serialize_db_to_string(self) -> str:
        """Django's, as the owner."""
        with current.as_owner(why="test database"):
            return super().serialize_db_to_string()

    def deserialize_db_from_string(self, data: str) -> None:
        """Django's, as the owner."""
        with current.as_owner(why="test database"):
            super().deserialize_db_from_string(data)
