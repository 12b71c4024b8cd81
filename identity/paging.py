"""One page of a list: what is asked for and what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: `limit` 1 to 200, `sort_by` `created_at` or `updated_at`."""

    limit: int = 50
    offset: int = 0
    sort_by: str = "created_at"
    is_descending: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """The rows of the page and how many there are in all."""

    rows: Sequence[Row]
    total: int
