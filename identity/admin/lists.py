"""Lists that stay quick however long they are: bounded counts, few pages, searches by prefix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.utils.functional import cached_property

from identity.admin import charts
from identity.admin.charts import MOST_COUNTED
from identity.scoping import keyset


class BoundedPaginator(Paginator[Any]):
    """Counts up to a bound and no further: a million rows are "10,000+".

    Rows behind the bound are reached by a search or a filter, not by leafing.
    """

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most one more than the bound."""
        rows: Any = self.object_list
        return int(rows.order_by()[: MOST_COUNTED + 1].count())


@dataclass(frozen=True, slots=True)
class Pages:
    """Where one is in a list; the addresses of the pages before and after are empty at its ends."""

    words: str
    before: str
    after: str


def pages_of(shown: ChangeList) -> Pages:
    """The foot of a list."""
    total, size = int(shown.result_count), int(shown.list_per_page)
    number = int(shown.page_num)
    first = (number - 1) * size + 1
    last = min(number * size, total)
    nouns = shown.opts.verbose_name if total == 1 else shown.opts.verbose_name_plural
    words = f"{charts.number(total, MOST_COUNTED)} {nouns}"
    if total > size:
        words = f"{first:,} to {last:,} of {words}"
    before = shown.get_query_string({"p": number - 1}) if number > 1 else ""
    after = shown.get_query_string({"p": number + 1}) if last < total else ""
    return Pages(words, before, after)


def beginning_with(rows: QuerySet[Any], terms: Mapping[str, str]) -> QuerySet[Any]:
    """Rows of which a column begins with its term, in the order of the first column.

    One column's index gives the order. Where the first of several fills the list up to its bound,
    it stands alone; else each gives its first rows: sorting all that fit would take seconds.
    """
    found = [
        _in_order(keyset.beginning_with(rows, name, term), name) for name, term in terms.items()
    ]
    if len(found) == 1 or found[0].order_by()[: MOST_COUNTED + 1].count() > MOST_COUNTED:
        return found[0]
    ids = {key for each in found for key in each.values_list("pk", flat=True)[: MOST_COUNTED + 1]}
    return _in_order(rows.filter(pk__in=ids), next(iter(terms)))


def _in_order(rows: QuerySet[Any], name: str) -> QuerySet[Any]:
    return rows.order_by(keyset.ByteOrder(F(name)), "pk")
