"""The audit record in the admin: what happened, found by filters, and one event in full."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html

from identity import queries
from identity.admin import audit_pages, components, facts, trail
from identity.admin.audit_forms import FilterForm
from identity.admin.bases import ReadOnlyAdmin
from identity.admin.frame import site
from identity.admin.standing import actor_of
from identity.models import AuditEvent, SignedHead
from identity.paging import After, CursorInvalid, Window
from identity.queries import AuditRow

_PAGES: Final[Mapping[str, str]] = {
    "user": "admin:accounts_user_change",
    "device": "admin:accounts_device_change",
    "invitation": "admin:invitations_invitation_change",
    "proposal": "admin:invitations_proposal_change",
    "webhook": "admin:webhook",
    "provider": "admin:provider",
    "application": "admin:application",
}
_ASKED: Final = ("q", "kind", "user", "begin", "end", "alarm")


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdmin):
    """What happened in this scope."""

    view_permission = "audit:list"
    change_form_template = "admin/audit_event.html"

    def get_urls(self) -> list[URLPattern]:
        """Beside list and event: the chain, its verification, exports, proofs."""
        return [*audit_pages.AuditPages(site).urls(), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A window of the record; nothing is counted, so a million events are as quick as ten."""
        del extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = FilterForm(request.GET)
        window: Window[AuditRow] = Window([], None)
        if form.is_valid():
            after = After(after=request.GET.get("after", ""), filters=form.filters())
            try:
                window = queries.audit_window(after)
            except CursorInvalid:
                return HttpResponseRedirect(request.path)
        asked = {name: request.GET[name] for name in _ASKED if request.GET.get(name)}
        context = {
            **site.each_context(request),
            "title": "Audit events",
            "form": form,
            "rows": _rows(window.rows),
            "window": window,
            "older": urlencode({**asked, "after": window.next}) if window.next else "",
            "is_narrowed": bool(asked),
            "is_begun": "after" in request.GET,
            "newest": urlencode(asked),
        }
        return TemplateResponse(request, "admin/audit_list.html", context)

    def object_title(self, row: AuditEvent) -> str:
        """Its name and its place."""
        return f"{row.name}, number {row.sequence}"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """None: the page of an event is put together below."""
        del request, obj
        return []

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """One event: what happened, its facts, its place in the chain and the head over it."""
        head = SignedHead.objects.filter(sequence__gte=obj.sequence).order_by("sequence").first()
        context |= {
            "event": obj,
            "is_alarm": obj.is_alarm,
            "happened": _happened(obj),
            "told": _told(obj.facts),
            "place": _place(obj),
            "head": head,
            "behind": head.sequence - obj.sequence if head else 0,
            "subject_trail": trail.of(obj.subject_kind, obj.subject_id, by=actor_of(request)),
            "may_prove": actor_of(request).may("audit:get"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)


def _rows(rows: Sequence[AuditRow]) -> Sequence[tuple[AuditRow, str, bool]]:
    names = trail.names_of(row.actor for row in rows)
    return [(row, trail.who(row.actor, names), row.facts.get("alarm") is True) for row in rows]


def _happened(event: AuditEvent) -> Sequence[tuple[str, str]]:
    by = event.actor
    shown = {
        "At": event.at,
        "Event": event.name,
        "About": _subject(event),
        "By": trail.who(by, trail.names_of([by])),
        "User id": by.get("user"),
        "Device": by.get("device"),
        "From address": by.get("address"),
    }
    return [
        (name, facts.value_of(value, name) if name != "About" else str(value))
        for name, value in shown.items()
        if value
    ]


def _subject(event: AuditEvent) -> str:
    shown = components.copyable(event.subject_id)
    kind = event.subject_kind.replace("-", " ")
    address = _PAGES.get(event.subject_kind)
    if address is None:
        return format_html("{} {}", kind, shown)
    url = reverse(address, args=[event.subject_id])
    return format_html('<a href="{}">{}</a> {}', url, kind, shown)


def _told(given: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(name.replace("_", " "), _fact(name, value)) for name, value in given.items()]


def _fact(name: str, value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(map(str, value)) or components.nothing()
    if isinstance(value, dict | list):
        return facts.code_of(value, name)
    return facts.value_of(value, name)


def _place(event: AuditEvent) -> Sequence[tuple[str, str]]:
    return [
        ("Number", f"{event.sequence:,}"),
        ("Digest", components.copyable(event.digest)),
        ("Digest of the event before", components.copyable(event.previous)),
    ]
