"""The staff's admin: one site, in which every page belongs to one scope."""

from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from accounts import queries as accounts
from identity import queries
from identity.actor import Actor
from identity.models import AuditEvent, ServerKey
from identity.scoping import current

CHOSEN_SCOPE = "admin_scope"


class SignInForm(AdminAuthenticationForm):
    """User name and password; scope staff name their scope, operators leave it empty."""

    scope = forms.SlugField(
        required=False, help_text="Leave this empty if you are a platform operator."
    )
    field_order = ("scope", "username", "password")

    def clean(self) -> dict[str, Any]:
        """Check the name inside the named scope."""
        scope = self.cleaned_data.get("scope", "")
        username = self.cleaned_data.get("username", "")
        if scope:
            self.cleaned_data["username"] = f"{scope}/{username}"
        return super().clean()


class Site(admin.AdminSite):
    """Django's admin inside the walls of one scope.

    Scope staff work in their own scope. Operators choose one and stand outside its quorum.
    """

    site_header = "Countersign"
    site_title = "Countersign"
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
            actor = staff_actor(request)
            if actor is None:
                return self.choose_scope(request)
            request.actor = actor  # type: ignore[attr-defined]
            with current.in_scope(actor.scope_id):
                return _rendered(inner(request, *args, **kwargs))

        return scoped

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's pages and the choice of a scope."""
        return [path("scope/", self.choose_scope, name="scope"), *super().get_urls()]

    def choose_scope(self, request: HttpRequest) -> HttpResponse:
        """Operators choose the scope to work in; an empty platform says how to make one."""
        if not self.has_permission(request):
            return self.login(request)
        if not request.user.is_operator:  # type: ignore[union-attr]
            raise PermissionDenied
        scopes = queries.every_scope()
        chosen = request.POST.get("scope")
        if request.method == "POST" and chosen in {scope.slug for scope in scopes}:
            request.session[CHOSEN_SCOPE] = chosen
            return HttpResponseRedirect(reverse("admin:index"))
        context = {**self.each_context(request), "title": "Choose a scope", "scopes": scopes}
        return _rendered(TemplateResponse(request, "admin/choose_scope.html", context))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows: the scope it is about."""
        context = super().each_context(request)
        context["scope_name"] = request.session.get(CHOSEN_SCOPE) or getattr(
            request.user, "scope_slug", ""
        )
        context["may_choose_scope"] = getattr(request.user, "is_operator", False)
        return context


site = Site(name="admin")


def staff_actor(request: HttpRequest) -> Actor | None:
    """The staff member in the scope of this page; None while an operator has chosen none."""
    user: Any = request.user
    if not user.is_operator:
        return accounts.staff_actor(user, scope_id=user.scope_id)
    slug = request.session.get(CHOSEN_SCOPE)
    found = next((scope for scope in queries.every_scope() if scope.slug == slug), None)
    return None if found is None else accounts.staff_actor(user, scope_id=found.id)


def actor_of(request: HttpRequest) -> Actor:
    """The actor that `admin_view` put on the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


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
    list_display = ("sequence", "at", "name", "subject_kind", "subject_id", "who")
    list_filter = ("name", "subject_kind")
    search_fields = ("subject_id",)
    ordering = ("-sequence",)

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
