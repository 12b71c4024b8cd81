"""Verifiable credentials in the admin: what was said about whom, and whether it still counts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import acting, credential_acts
from accounts.admin.acting import Act
from accounts.admin.related import Section, WithRelated
from accounts.models import Credential
from accounts.queries import credentials as queries
from identity.admin import actor_of, components, site
from identity.admin.acts import ReasonForm
from identity.admin.components import Action
from identity.pages.filters import JudgedFilter
from identity.pages.staff_session import recently_proved

_PAGE = "admin:accounts_credential_change"


class CredentialStates(JudgedFilter):
    """Credentials by whether they count now."""

    words = queries.STATES

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """The credentials of this state."""
        return queries.only(rows, state, now=now)


@admin.register(Credential, site=site)
class CredentialAdmin(WithRelated):
    """Credentials about this scope's users, the newest first."""

    view_permission = "credentials:list"
    list_display = ("kind", "user", "state_now", "published", "issued_at", "expires_at")
    list_filter = (CredentialStates,)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the user name of whom it is about begins"
    lead = (
        "What an issuer says about a user, signed so that anybody can verify it. A revoked one is"
        " marked in a list that everybody reads."
    )
    ordering = ("-issued_at", "-id")
    readonly_fields = ("kind", "state_now", "published", "listed", "context_address")
    audit_kind = "credential"
    when_empty = (
        "No credential was issued yet. Onboarding a user issues one, and so does POST"
        " /v1/credentials."
    )
    fields = (
        *("id", "kind", "user", "issuer", "state_now", "listed", "context_address"),
        *("issued_at", "expires_at", "revoked_at"),
        *("published", "topic_id", "message_id", "credential_hash"),
    )

    def _plural(self) -> str:
        return "Credentials"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With what its page names of other rows."""
        return super().get_queryset(request).select_related("context", "status_list")

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to a new one, and to the verdict about one that was shown."""
        by = actor_of(request)
        ways = (("create", "Issue a credential", "issue"), ("verify", "Verify", "verify"))
        return [
            Action(name, reverse(f"admin:credential_{act}"))
            for word, name, act in ways
            if by.may(f"credentials:{word}")
        ]

    def object_title(self, row: Credential) -> str:
        """What it says."""
        return f"{row.type_name} of {row.user.username}"

    def object_actions(self, request: HttpRequest, row: Credential) -> Sequence[Action]:
        """The end, while there is none."""
        is_over = row.status == Credential.Status.REVOKED
        if is_over or not actor_of(request).may("credentials:delete"):
            return ()
        url = reverse("admin:credential_revoke", args=[row.pk])
        return (Action("Revoke", url, is_dangerous=True),)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Both forms, as they are shown to verifiers."""
        del request
        forms = (
            ("Data model 2.0", "document", row.document),
            ("Data model 1.1", "document-1-1", row.document_1_1),
        )
        return [
            Section(title=name, body=_code(name, anchor, shown)) for name, anchor, shown in forms
        ]

    @admin.display(description="type", ordering="type_name")
    def kind(self, row: Credential) -> str:
        """What the user is in it."""
        return row.type_name

    @admin.display(description="state")
    def state_now(self, row: Any) -> str:
        """Whether it counts at this moment."""
        return components.badge(queries.state(row, now=datetime.now(UTC)))

    @admin.display(description="on the ledger", ordering="publication")
    def published(self, row: Credential) -> str:
        """Whether it stands there: those that registries do not exchange never do."""
        if row.publication == Credential.Publication.NEW:
            return components.nothing()
        return components.badge(row.publication)

    @admin.display(description="place in the status list")
    def listed(self, row: Credential) -> str:
        """Where anybody sees whether it was revoked."""
        return f"{row.status_index} of list {row.status_list.number}"

    @admin.display(description="what its fields mean")
    def context_address(self, row: Credential) -> str:
        """The address of its context, which is made of the context's bytes."""
        return row.context.address

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        one = "<uuid:credential_id>/revoke/"
        return [
            path("new/", wrap(never_cache(credential_acts.issue)), name="credential_issue"),
            path("verify/", wrap(never_cache(credential_acts.verify)), name="credential_verify"),
            path(one, wrap(never_cache(revoke)), name="credential_revoke"),
            *super().get_urls(),
        ]


@recently_proved
def revoke(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    """Ask why, then end the credential for ever."""
    acting.require(request, "credentials:delete")
    row: Credential = acting.found(Credential.objects.select_related("user"), credential_id)
    act = Act(
        command="credential.revoke",
        title=f"Revoke the credential of {row.user.username} for {row.type_name}",
        button="Revoke the credential",
        done="The credential is revoked.",
        back=reverse(_PAGE, args=[row.pk]),
        back_name="The credential",
        about=(
            "Its holder keeps the document, and the public status list says that it is revoked.",
            "Verifiers that have kept a copy of the list may take up to a day to see it.",
        ),
        is_dangerous=True,
    )
    form = ReasonForm(request.POST or None)
    named = {"credential": str(credential_id)}
    return acting.page(request, act, form, lambda data: {**named, "reason": data.get("reason", "")})


def _code(name: str, anchor: str, shown: Any) -> Any:
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    context = {"text": text, "name": name, "id": anchor}
    return render_to_string("admin/components/code.html", context)
