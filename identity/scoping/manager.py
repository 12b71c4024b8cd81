"""The first wall: querysets of scope-owned models see the scope in force and nothing else.

What this wall does not hold, and the second one (row-level security) does: joins that reach the
table from another model, raw SQL, querysets made without a manager, and rows written by SQL.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, TypeVar

from django.core.exceptions import FullResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from identity.scoping import current

M = TypeVar("M", bound=models.Model)

SCOPE_SLOT: Final = object()
"""Stands for the scope among the parameters of SQL compiled by `identity.scoping.prepared`."""


class CurrentScope(models.Expression):
    """The scope in force when the SQL is compiled, not when the query is built.

    As the right side of a comparison in a filter it lets every row through across scopes. Raises
    NoScopeError when it is compiled outside every scope.
    """

    def __init__(self) -> None:
        super().__init__(output_field=models.UUIDField())

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Django's hook: one parameter, the scope."""
        del compiler
        if current.sees_all():
            # Django drops the comparison around this expression from the WHERE clause.
            raise FullResultSet
        if current.state().reach is current.Reach.TEMPLATE:
            return "%s", (SCOPE_SLOT,)
        scope_id = current.required_scope()
        return "%s", (self.output_field.get_db_prep_value(scope_id, connection),)


class ScopeQuerySet(models.QuerySet[M]):
    """Base of querysets of scope-owned models: guards the writes that pass `save()` by."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """Django's, after every row was seen to belong to the scope in force."""
        rows = list(objs)
        for row in rows:
            current.check_writable(getattr(row, "scope_id", None))
        return super().bulk_create(rows, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Django's; raises ForeignScopeError when it would move rows to another scope."""
        if _moves_rows(kwargs) and not current.sees_all():
            raise current.ForeignScopeError("rows do not move from one scope to another")
        return super().update(**kwargs)


class ScopeManager(models.Manager[M]):
    """Rows of the scope in force; all rows across scopes; NoScopeError outside.

    A model with querysets of its own derives them from ScopeQuerySet and writes
    `objects = ScopeManager.from_queryset(OwnQuerySet)()`.
    """

    _queryset_class = ScopeQuerySet

    def get_queryset(self) -> models.QuerySet[M]:
        """Every queryset of the model starts here."""
        return super().get_queryset().filter(scope_id=CurrentScope())


def _moves_rows(values: Collection[str]) -> bool:
    return "scope" in values or "scope_id" in values
