"""Role credentials in the admin: who holds which role as a document in a wallet."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import role_credential_acts
from accounts.admin.related import Section, WithRelated
from accounts.models import RoleCredential
from accounts.queries import role_credentials as queries
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.pages.filters import JudgedFilter


class RoleCredentialStates(JudgedFilter):
    """Role credentials by whether they give their role."""

    words = queries.STATES

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """The credentials of this state."""
        return queries.only(rows, state, now=now)


@admin.register(RoleCredential, site=site)
class RoleCredentialAdmin(WithRelated):
    """Role credentials of this scope's users, the newest first."""

    view_permission = "role-credentials:list"
    list_display = ("role", "user", "state_now", "issued_at", "expires_at", "last_used_at")
    list_filter = (RoleCredentialStates,)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the holder's user name begins"
    lead = (
        "A role of a user as a signed document in a wallet. It gives the role only while the user"
        " holds it."
    )
    ordering = ("-issued_at", "-id")
    readonly_fields = ("state_now", "came")
    audit_kind = "role-credential"
    when_empty = (
        "No role credential was issued yet. Issue one to a user who should show a role from a"
        " wallet."
    )
    fields = (
        *("id", "credential_id", "user", "role", "title", "state_now", "came"),
        *("issued_at", "expires_at", "first_used_at", "last_used_at", "revoked_at"),
    )

    def _plural(self) -> str:
        return "Role credentials"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With what tells whether the role is still held."""
        return queries.judged(super().get_queryset(request))

    def object_title(self, row: RoleCredential) -> str:
        """What it says."""
        return f"{row.role} of {row.user.username}"

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one."""
        if not actor_of(request).may("role-credentials:create"):
            return ()
        url = reverse("admin:role_credential_issue")
        return (Action("Issue a role credential", url),)

    def object_actions(self, request: HttpRequest, row: RoleCredential) -> Sequence[Action]:
        """The end, while there is none."""
        is_over = row.status == RoleCredential.Status.REVOKED
        if is_over or not actor_of(request).may("role-credentials:delete"):
            return ()
        url = reverse("admin:role_credential_revoke", args=[row.pk])
        return (Action("Revoke", url, is_dangerous=True),)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The document as the wallet has it."""
        del request
        text = json.dumps(row.document, indent=2, ensure_ascii=False)
        context = {"text": text, "name": "W3C verifiable credential", "id": "document"}
        body = render_to_string("admin/components/code.html", context)
        return [Section(title="The document", body=body)]

    @admin.display(description="state")
    def state_now(self, row: Any) -> str:
        """Whether it gives its role at this moment."""
        return components.badge(queries.state(row, now=datetime.now(UTC)))

    @admin.display(description="came")
    def came(self, row: RoleCredential) -> str:
        """By which way it was issued."""
        return {"invite": "with an invitation", "recover": "asked for by its holder"}.get(
            row.source, "issued by staff or a program"
        )

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        issue, revoke = role_credential_acts.issue, role_credential_acts.revoke
        one = "<uuid:role_credential_id>/revoke/"
        return [
            path("new/", wrap(never_cache(issue)), name="role_credential_issue"),
            path(one, wrap(never_cache(revoke)), name="role_credential_revoke"),
            *super().get_urls(),
        ]
