"""The abstract model of everything that a scope owns."""

from typing import Any

from django.db import models

from identity.scoping import current
from identity.scoping.manager import ScopeManager


class ScopeOwned(models.Model):
    """A row of exactly one scope, for ever.

    `objects` is the base manager too, also of models that derive from this one with a Meta of
    their own: following a foreign key, `refresh_from_db()`, validation and `save()` go through
    the filter. Saving or deleting a row of another scope than the one in force raises
    ForeignScopeError; outside every scope NoScopeError.
    """

    scope = models.ForeignKey("identity.Scope", on_delete=models.PROTECT, related_name="+")

    objects = ScopeManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Django's innermost save, which `create()` and fixtures go through as well."""
        current.check_writable(self.scope_id)
        super().save_base(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Django's; it deletes by primary key alone and asks no manager."""
        current.check_writable(self.scope_id)
        return super().delete(*args, **kwargs)
