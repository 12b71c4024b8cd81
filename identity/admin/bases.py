"""Bases of the admin's pages about rows."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from identity.admin.standing import actor_of


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Lists and pages to read; changes are actions that call one service each."""

    view_permission = ""
    actions = None
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "admin/list.html"
    change_form_template = "admin/read.html"
    when_empty = "Nothing is here yet."

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a word of its own where it is empty."""
        context = {
            "title": str(self.opts.verbose_name_plural).capitalize(),
            "when_empty": self.when_empty,
            "may_invite": False,
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One row to read, with the way to its history for who may read that."""
        context = {"may_audit": actor_of(request).may("audit:list"), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row is in the audit record, not in Django's log."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request):
            raise PermissionDenied
        query = urlencode({"q": self.audit_subject(row)})
        return HttpResponseRedirect(f"{reverse('admin:identity_auditevent_changelist')}?{query}")

    def audit_subject(self, row: Any) -> str:
        """The id under which the audit record knows a row."""
        return str(row.pk)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """By the staff member's role in the scope."""
        del obj
        actor = getattr(request, "actor", None)
        return actor is not None and actor.may(self.view_permission)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the page is listed."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is added by form."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is changed by form."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is deleted."""
        del request, obj
        return False
