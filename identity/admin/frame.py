"""The admin's site: each page runs inside the walls of one scope."""

from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.cache import never_cache

from identity import queries
from identity.admin import standing
from identity.admin.signing_in import SignInForm
from identity.admin.standing import actor_of
from identity.pages import passwords, staff_session
from identity.pages.staff_session import CHOSEN_SCOPE
from identity.paging import Page
from identity.scoping import current
from invitations import queries as invitations


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
        context["standing"] = standing.in_words(actor)
        context["may_invite"] = actor is not None and actor.may("users:invite")
        return context


site = Site(name="admin")


def _rendered(response: HttpResponse) -> HttpResponse:
    # Templates run queries, so they must run before the scope is left.
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        return response.render()
    return response
