"""Bases of the admin's pages about rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import label_for_field, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin as UnfoldModelAdmin

from accounts.models.user import fold
from identity.admin import components, facts, lists, trail
from identity.admin.components import Action
from identity.admin.standing import actor_of
from identity.permissions import NOUNS

if TYPE_CHECKING:  # unfold has no types; it builds on this class
    Base = admin.ModelAdmin[Any]
else:
    Base = UnfoldModelAdmin


class ReadOnlyAdmin(Base):
    """A list and a page for each row, both to read; changes are acts on pages of their own.

    What a page about some rows sets: `view_permission` (of the list; a row's own page asks for
    `get` where the noun has it); `lead`, one sentence under the heading;
    `when_empty`, which says what to do first; `search_prefixes`; `audit_kind`, under which the
    audit record knows them. What it may override: `list_actions`, `object_actions`,
    `audit_subject`.
    """

    view_permission = ""
    lead = ""
    when_empty = "Nothing is here yet."
    search_prefixes: tuple[str, ...] = ()
    """Columns that begin with what is searched for; those named `…_folded` hold folded names."""
    audit_kind = ""
    actions = None
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    sortable_by: ClassVar[tuple[str, ...]] = ()
    """Columns to sort by: name one only if an index begins with the scope and that column."""
    paginator = lists.BoundedPaginator
    change_list_template = "admin/list.html"
    change_form_template = "admin/read.html"

    # unfold keeps the latest request on this object, which all threads share; nobody reads it.
    request = property(lambda _: None, lambda _, __: None)

    @property
    def media(self) -> forms.Media:
        """No script and no sheet beside those of the frame."""
        return forms.Media()

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """Buttons above the list, the most important one first."""
        del request
        return ()

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """Buttons above the page of a row."""
        del request, row
        return ()

    def object_title(self, row: Any) -> str:
        """What a row is called at the head of its page."""
        return str(row)

    def audit_subject(self, row: Any) -> str:
        """The id under which the audit record knows a row."""
        return str(row.pk)

    @property
    def read_permission(self) -> str:
        """The word for the page of one row, as the API asks for it."""
        noun = self.view_permission.partition(":")[0]
        return f"{noun}:get" if "get" in NOUNS[noun] else self.view_permission

    def may_read(self, request: HttpRequest) -> bool:
        """Whether the staff member may open the page of a row."""
        actor = getattr(request, "actor", None)
        return actor is not None and actor.may(self.read_permission)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """No way to pages that the reader may not open."""
        if not self.may_read(request):
            return None
        return super().get_list_display_links(request, list_display)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a word of its own where it is empty."""
        context = {
            "title": self._plural(),
            "lead": self.lead,
            "when_empty": self.when_empty,
            "list_actions": self.list_actions(request),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The page of one row: its facts, what can be done with it, its audit trail."""
        kind = self.audit_kind or str(self.opts.model_name)
        context |= {
            "list_name": self._plural(),
            "object_title": self.object_title(obj),
            "facts": facts.of(self, obj, request=request),
            "object_actions": self.object_actions(request, obj),
            "trail": trail.of(kind, self.audit_subject(obj), by=actor_of(request)),
        }
        answer: HttpResponse = super().render_change_form(
            request, context, add, change, form_url, obj
        )
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row is in the audit record, not in Django's log."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.may_read(request):
            raise PermissionDenied
        query = urlencode({"q": self.audit_subject(row)})
        return HttpResponseRedirect(f"{reverse('admin:identity_auditevent_changelist')}?{query}")

    def get_search_fields(self, request: HttpRequest) -> list[str] | tuple[str, ...]:
        """Shows the search where there is something to search."""
        return self.search_prefixes or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Rows in which one of `search_prefixes` begins with the whole term, in their order."""
        if not self.search_prefixes:
            return super().get_search_results(request, queryset, search_term)
        if not search_term or "\x00" in search_term:
            return (queryset.none() if search_term else queryset), False
        folded = fold(search_term)
        terms = {
            name: folded if name.endswith("_folded") else search_term
            for name in self.search_prefixes
        }
        return lists.beginning_with(queryset, terms), False

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """By the staff member's role in the scope: one word for the list, one for a row."""
        if obj is not None:
            return self.may_read(request)
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

    @admin.display(description="status")
    def status_badge(self, row: Any) -> str:
        """For `list_display`: the column `status` as a badge."""
        return components.badge(str(row.status))

    def label_of(self, name: str) -> str:
        """A field's name for people."""
        label = str(label_for_field(name, self.model, model_admin=self))
        return label[:1].upper() + label[1:]

    def _plural(self) -> str:
        plural = str(self.opts.verbose_name_plural)
        return plural[:1].upper() + plural[1:]
