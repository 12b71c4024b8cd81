"""Sessions in the admin: who is signed in, how and from where; ended here."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import acting
from accounts.admin.acting import Act
from identity.admin import ReadOnlyAdmin, actor_of, facts, site
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.staff_session import recently_proved
from sessions_app.models import Session
from sessions_app.queries import applications

LIST: Final = "admin:sessions_app_session_changelist"
PAGE: Final = "admin:sessions_app_session_change"


@admin.register(Session, site=site)
class SessionAdmin(ReadOnlyAdmin):
    """Signed-in periods of this scope's users, the newest first."""

    view_permission = "sessions:view"
    list_display = (
        *("user", "status_badge", "provider_name", "address"),
        *("created_at", "last_seen_at"),
    )
    list_display_links = ("user", "status_badge")
    list_filter: ClassVar[tuple[str, ...]] = ("status", "method")
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the user name begins"
    fields = (
        *("id", "user", "status", "method", "provider_name", "entered", "role"),
        *("address", "user_agent", "visitor", "wallet_os", "device"),
        *("created_at", "proven_at", "last_seen_at", "expires_at", "refresh_serial"),
        *("ended_at", "ended_reason"),
    )
    ordering = ("-created_at", "-id")
    audit_kind = "session"
    lead = "Signed-in users of apps and of the API. Staff's own pages have sessions of their own."
    when_empty = "Nobody is signed in and nobody was lately."

    @admin.display(description="for")
    def entered(self, row: Session) -> str:
        """The application's name, or the word for what tokens of this session open."""
        return applications.name_of(row.audience) or row.audience

    @admin.display(description="last proof")
    def proven_at(self, row: Session) -> str:
        """When the person last proved who it is, if that was in this session."""
        if not row.has_proof:
            return "not in this session"
        return facts.value_of(row.authenticated_at, "proven_at")

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to the history."""
        del request
        return (Action("Sign-ins", reverse("admin:sessions_app_signin_changelist")),)

    def object_title(self, row: Session) -> str:
        """Whose it is."""
        return f"Session of {row.user.username}"

    def object_actions(self, request: HttpRequest, row: Session) -> Sequence[Action]:
        """The end, while it goes on."""
        is_on = row.status == Session.Status.ACTIVE
        if not is_on or not actor_of(request).may("sessions:end"):
            return ()
        url = reverse("admin:session_end", args=[row.pk])
        return (Action("End the session", url, is_dangerous=True),)

    def get_urls(self) -> list[URLPattern]:
        """With the page that ends one."""
        view = self.admin_site.admin_view(never_cache(end))
        return [path("<uuid:session_id>/end/", view, name="session_end"), *super().get_urls()]


@recently_proved
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one session."""
    acting.require(request, "sessions:end")
    row: Any = acting.found(Session.objects.select_related("user"), session_id)
    act = Act(
        command="session.end",
        title=f"End a session of {row.user.username}",
        button="End the session",
        done="The session is ended.",
        back=reverse(PAGE, args=[row.pk]),
        back_name="The session",
        about=("Its tokens are refused from the next request on. The user can sign in again.",),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"session": str(session_id)})
