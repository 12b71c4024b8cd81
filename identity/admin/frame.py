"""The admin's site: each page runs inside the walls of one scope."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from identity.actor import Actor
from identity.admin import access, charts, dashboard, navigation, passkey_access, standing
from identity.admin.api import ApiPages
from identity.admin.applications import ApplicationPages
from identity.admin.deliveries import DeliveryPages
from identity.admin.own_devices import OwnDevicePages
from identity.admin.providers import ProviderPages
from identity.admin.remote_contexts import RemoteContextPages
from identity.admin.remotes import RemotePages
from identity.admin.scope_settings import SettingsPages
from identity.admin.signing_in import SignInForm
from identity.admin.staff import StaffPages
from identity.admin.standing import actor_of
from identity.admin.webhooks import WebhookPages
from identity.pages import passwords, scope_choice, staff_session
from identity.scoping import current

UNWANTED: Final = frozenset({"view_on_site", "autocomplete"})
"""Pages of Django's that look rows up by the content type of the address, past the walls."""


class Site(admin.AdminSite):
    """Django's admin inside the walls of one scope.

    Scope staff work in their own scope. Operators choose one and stand outside its quorum.
    """

    site_header = "Countersign"
    site_title = "Countersign"
    site_url = None
    index_title = "Dashboard"
    login_form = SignInForm
    login_template = "admin/sign_in.html"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff who gave all that signing in asks for."""
        return staff_session.is_signed_in(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 Django's signature
        """Run a page, rendering included, inside the scope it is about."""
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if staff_session.is_enrolment_due(request):
                return HttpResponseRedirect(reverse("admin:set_up_one_time_password"))
            if not self.has_permission(request):
                return _rendered(inner(request, *args, **kwargs))
            actor = staff_session.actor_of(request)
            if actor is None:
                return HttpResponseRedirect(reverse("admin:scope"))
            request.actor = actor  # type: ignore[attr-defined]
            with current.in_scope(actor.scope_id):
                return _rendered(inner(request, *args, **kwargs))

        return scoped

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The first step of signing in."""
        return access.sign_in(self, request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's pages and those on which staff get in."""
        return [
            *access.urls(self),
            *passkey_access.urls(self),
            *OwnDevicePages(self).urls(),
            *StaffPages(self).urls(),
            *WebhookPages(self).urls(),
            *DeliveryPages(self).urls(),
            *ProviderPages(self).urls(),
            *RemotePages(self).urls(),
            *RemoteContextPages(self).urls(),
            *ApplicationPages(self).urls(),
            *ApiPages(self).urls(),
            *SettingsPages(self).urls(),
            *(each for each in super().get_urls() if getattr(each, "name", "") not in UNWANTED),
        ]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The dashboard."""
        actor = actor_of(request)
        now = datetime.now(UTC)
        waiting = dashboard.waiting_count(by=actor, now=now)
        board = dashboard.of(by=actor, waiting=waiting, now=now)
        return super().index(request, {**(extra_context or {}), "board": board})

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
        is_in = staff_session.is_signed_in(request)
        context["scope_name"] = staff_session.scope_slug(request) if is_in else ""
        context["may_choose_scope"] = is_in and scope_choice.has_others(request.user)
        context["standing"] = standing.in_words(actor)
        context["may_invite"] = actor is not None and actor.may("users:invite")
        context["navigation"] = [] if actor is None else _navigation(request, actor)
        return context


site = Site(name="admin")


def _navigation(request: HttpRequest, actor: Actor) -> Sequence[navigation.Group]:
    # Pages outside `admin_view` ask for their context before they enter the scope.
    with current.in_scope(actor.scope_id):
        waiting = dashboard.waiting_count(by=actor, now=datetime.now(UTC))
    counts = {navigation.WAITING: charts.number(waiting, 99)} if waiting else {}
    return navigation.of(actor, path=request.path, counts=counts)


def _rendered(response: HttpResponse) -> HttpResponse:
    # Templates run queries, so they must run before the scope is left.
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        return response.render()
    return response
