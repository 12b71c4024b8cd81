"""Many rows that go, so many in a transaction: nobody waits long, and a crash loses little."""

from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

SIZE: Final = 1000


def delete(due: "QuerySet[Any]", *, size: int = SIZE) -> int:
    """Remove the rows of an ordered queryset, `size` in each transaction; how many those were.

    What goes with them is not counted. Not to be called in a transaction.
    """
    removed = 0
    while True:
        with transaction.atomic():
            keys = list(due.values_list("pk", flat=True)[:size])
            due.model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001 ours
        removed += len(keys)
        if len(keys) < size:
            return removed
