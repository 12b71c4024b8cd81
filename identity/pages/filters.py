"""Filters of the admin's lists."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

EXPIRED = "expired"


class JudgedFilter(admin.SimpleListFilter):
    """By a state that is no column: `only` finds the rows that are in it at a moment."""

    title = "state"
    parameter_name = "state"
    words: ClassVar[Sequence[str]]

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """The rows in one of `words`."""
        raise NotImplementedError

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Every state."""
        return [(word, word.replace("-", " ").capitalize()) for word in self.words]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The rows in the state that was chosen; all for a word that is none."""
        state = self.value()
        if state is None or state not in self.words:
            return queryset
        return self.only(queryset, state, now=datetime.now(UTC))


class StateFilter(admin.SimpleListFilter):
    """By state as a reader sees it: `living` ones whose time is over are expired."""

    title = "state"
    parameter_name = "state"
    living: ClassVar[str]
    states: ClassVar[Sequence[str]]

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Each state once."""
        return [(state, state) for state in dict.fromkeys([*self.states, EXPIRED])]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Expiry is judged now; not every row was written down as expired."""
        state = self.value()
        if state is None:
            return queryset
        is_over = Q(state=self.living, expires_at__lte=datetime.now(UTC))
        if state == EXPIRED:
            return queryset.filter(is_over | Q(state=state))
        return queryset.filter(state=state).exclude(is_over)
