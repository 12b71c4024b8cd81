"""The staff's admin: one site, in which every page belongs to one scope."""

from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.cache import never_cache

from accounts.errors import Busy
from identity import queries
from identity.actor import Actor
from identity.models import AuditEvent, ServerKey
from identity.pages import passwords, staff_session
from identity.paging import Page
from identity.scoping import current
from invitations import queries as invitations

CHOSEN_SCOPE = staff_session.CHOSEN_SCOPE


class SignInForm(AdminAuthenticationForm):
    """User name and password; scope staff name their scope, operators leave it empty."""

    error_messages = AdminAuthenticationForm.error_messages | {
        "invalid_login": (
            "Scope, user name and password don't fit together. Operators leave the scope empty; "
            "staff name theirs. After ten wrong tries an account has to wait for 15 minutes."
        ),
    }
    scope = forms.SlugField(
        required=False, help_text="Leave this empty if you are a platform operator."
    )
    field_order = ("scope", "username", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["scope"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Check the name inside the named scope."""
        if self.errors:
            return self.cleaned_data
        scope = self.cleaned_data["scope"]
        if scope:
            self.cleaned_data["username"] = f"{scope}/{self.cleaned_data['username']}"
        try:
            return super().clean()
        except Busy as refusal:
            raise forms.ValidationError(str(refusal)) from None


class Site(admin.AdminSite):
    """Django's admin inside the walls of one scope.

    Scope staff work in their own scope. Operators choose one and stand outside its quorum.
    """

    site_header = "Countersign"
    site_title = "Countersign"
    site_url = None
    index_title = "This scope"
    login_form = SignInForm
    login_template = "admin/sign_in.html"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff only."""
        user = request.user
        return bool(user.is_active and getattr(user, "is_staff", False))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 Django's signature
        """Run a page, rendering included, inside the scope it is about."""
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return _rendered(inner(request, *args, **kwargs))
            actor = staff_session.actor_of(request)
            if actor is None:
                return HttpResponseRedirect(reverse("admin:scope"))
            request.actor = actor  # type: ignore[attr-defined]
            with current.in_scope(actor.scope_id):
                return _rendered(inner(request, *args, **kwargs))

        return scoped

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign in; from then on dangerous acts are allowed for ten minutes."""
        answer = super().login(request, extra_context)
        if request.method == "POST" and isinstance(answer, HttpResponseRedirect):
            staff_session.prove(request, datetime.now(UTC))
        return answer

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's pages and the choice of a scope."""
        return [path("scope/", never_cache(self.choose_scope), name="scope"), *super().get_urls()]

    def choose_scope(self, request: HttpRequest) -> HttpResponse:
        """Operators choose the scope to work in; an empty platform says how to make one."""
        if not self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:login"))
        if not request.user.is_operator:  # type: ignore[union-attr]
            raise PermissionDenied
        # The platform's own scope is seldom the one that is wanted.
        scopes = sorted(queries.every_scope(), key=lambda scope: scope.is_platform)
        chosen = request.POST.get("scope")
        if request.method == "POST" and chosen in {scope.slug for scope in scopes}:
            request.session[CHOSEN_SCOPE] = chosen
            return HttpResponseRedirect(reverse("admin:index"))
        context = {**self.each_context(request), "title": "Choose a scope", "scopes": scopes}
        context["error"] = "Choose one of these scopes." if request.method == "POST" else ""
        return _rendered(TemplateResponse(request, "admin/choose_scope.html", context))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The first page: what waits, and the lists."""
        waiting = 0
        if actor_of(request).may("proposals:list"):
            page = Page(limit=1, filters={"state": "pending"})
            now = datetime.now(UTC)
            waiting = invitations.proposals_page(page, by=actor_of(request), now=now).total
        return super().index(request, {**(extra_context or {}), "waiting": waiting})

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change one's own password through the service, which counts, checks and records."""
        form = passwords.ChangeForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and passwords.change(request, form):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            **(extra_context or {}),
            "title": "Change your password",
            "form": form,
            "back": reverse("admin:index"),
        }
        return TemplateResponse(request, "admin/change_password.html", context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows: the scope it is about, and as what one works in it."""
        context = super().each_context(request)
        actor = getattr(request, "actor", None)
        is_operator = getattr(request.user, "is_operator", False)
        own = "" if is_operator else getattr(request.user, "scope_slug", "")
        context["scope_name"] = request.session.get(CHOSEN_SCOPE, "") if is_operator else own
        context["may_choose_scope"] = is_operator
        context["standing"] = _standing(actor)
        context["may_invite"] = actor is not None and actor.may("users:invite")
        return context


site = Site(name="admin")


def actor_of(request: HttpRequest) -> Actor:
    """The actor that `admin_view` put on the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _standing(actor: Actor | None) -> str:
    if actor is None:
        return ""
    if actor.is_operator:
        return "a platform operator"
    return ", ".join(sorted(actor.roles)) or "somebody without a role"


def _rendered(response: HttpResponse) -> HttpResponse:
    # Templates run queries, so they must run before the scope is left.
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        return response.render()
    return response


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


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdmin):
    """What happened in this scope."""

    view_permission = "audit:list"
    list_display = ("sequence", "when", "name", "subject_kind", "subject_id", "who")
    list_filter = ("subject_kind",)
    search_fields = ("=subject_id", "^name")
    search_help_text = "The whole id of a subject, or how the name of an event begins."
    ordering = ("-sequence",)
    fields = ("sequence", "when", "name", "subject_kind", "subject_id", "actor", "facts")
    readonly_fields = ("when",)

    @admin.display(description="at", ordering="at")
    def when(self, event: AuditEvent) -> str:
        """To the second."""
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="by")
    def who(self, event: AuditEvent) -> str:
        """The actor in words."""
        return " ".join(str(value) for value in event.actor.values())


@admin.register(ServerKey, site=site)
class ServerKeyAdmin(ReadOnlyAdmin):
    """The scope's server keys; private parts are never shown."""

    view_permission = "server-keys:get"
    list_display = ("purpose", "kid", "status", "activated_at", "expires_at")
    fields = ("purpose", "kid", "public", "status", "activated_at", "expires_at")
    ordering = ("purpose", "-activated_at")
