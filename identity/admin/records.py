"""The audit record in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from identity import paging
from identity.admin import trail
from identity.admin.bases import ReadOnlyAdmin
from identity.admin.frame import site
from identity.models import AuditEvent
from identity.scoping import keyset

SHORTEST_ID = 32


class SubjectKinds(admin.SimpleListFilter):
    """By what an event is about. The kinds are listed here: asking a long record is slow."""

    title = "about"
    parameter_name = "subject_kind"
    kinds = ("user", "device", "invitation", "proposal", "policy", "role", "rule", "group")
    others = ("recipient", "recipient-group", "webhook", "server-key", "scope")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each kind once."""
        return [(kind, kind.replace("-", " ")) for kind in (*self.kinds, *self.others)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Those of one kind."""
        kind = self.value()
        return queryset if kind is None else queryset.filter(subject_kind=kind)


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdmin):
    """What happened in this scope."""

    view_permission = "audit:list"
    list_display = ("sequence", "when", "name", "subject_kind", "subject_id", "who")
    list_filter = (SubjectKinds,)
    search_fields = ("subject_id", "name")
    search_help_text = "A whole id, or how an event's name begins"
    ordering = ("-sequence",)
    fields = ("sequence", "when", "name", "subject_kind", "subject_id", "actor", "facts")
    readonly_fields = ("when",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Events about a whole id, or those whose name begins so: each by an index."""
        if not search_term or not paging.is_usable(search_term):
            return (queryset.none() if search_term else queryset), False
        if "." in search_term or len(search_term) < SHORTEST_ID:
            return keyset.beginning_with(queryset, "name", search_term), False
        kinds = (*SubjectKinds.kinds, *SubjectKinds.others)
        return queryset.filter(subject_kind__in=kinds, subject_id=search_term), False

    @admin.display(description="at", ordering="at")
    def when(self, event: AuditEvent) -> str:
        """To the second."""
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="by")
    def who(self, event: AuditEvent) -> str:
        """The actor in words."""
        return trail.who(event.actor, {})
