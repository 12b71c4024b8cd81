"""The history of sign-ins in the admin."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from identity.admin import ReadOnlyAdmin, components, site
from identity.admin.components import Action
from sessions_app.models import SignIn


@admin.register(SignIn, site=site)
class SignInAdmin(ReadOnlyAdmin):
    """Every try to sign in as a user of this scope, the newest first."""

    view_permission = "sessions:view"
    list_display = ("at", "username", "outcome_badge", "provider_name", "address")
    list_filter: ClassVar[tuple[str, ...]] = ("outcome", "method")
    fields = (
        *("id", "username", "at", "outcome", "reason", "method", "provider_name"),
        *("address", "user_agent", "session_id"),
    )
    readonly_fields = ("username",)
    ordering = ("-at", "-id")
    audit_kind = "sign-in"
    lead = "Who came in, and who was refused. Kept for 90 days; the audit record stays."
    when_empty = "Nobody has signed in yet."

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With the name of each user, in the same statement."""
        users = User.objects.filter(id=OuterRef("user_id")).values("username")[:1]
        rows: QuerySet[Any] = super().get_queryset(request)
        named: QuerySet[Any] = rows.annotate(known_as=Subquery(users))
        return named

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to what goes on now."""
        del request
        return (Action("Sessions", reverse("admin:sessions_app_session_changelist")),)

    def object_title(self, row: SignIn) -> str:
        """Who it was, and when."""
        return f"Sign-in of {self.username(row)}"

    @admin.display(description="user")
    def username(self, row: Any) -> str:
        """By name."""
        return str(row.known_as or row.user_id)

    @admin.display(description="outcome")
    def outcome_badge(self, row: SignIn) -> str:
        """As a badge."""
        is_in = row.outcome == SignIn.Outcome.SUCCEEDED
        return components.badge(str(row.outcome), "good" if is_in else "bad")
