"""Invitations in the admin: the list, the page of one, revoking it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from identity.admin import ReadOnlyAdmin, actor_of, acts, components, site
from identity.admin.components import Action
from identity.errors import DomainError
from identity.pages import staff_acts
from identity.pages.filters import StateFilter
from invitations import batch_queries, queries
from invitations.admin import batches, issuing
from invitations.models import Invitation

_LIST: Final = "admin:invitations_invitation_changelist"
_PAGE: Final = "admin:invitations_invitation_change"
_LIVING: Final = frozenset({"open", "pending"})


class InvitationStates(StateFilter):
    """Invitations by state."""

    living = Invitation.State.OPEN
    states = Invitation.State.values


@admin.register(Invitation, site=site)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations: who invited whom, when, and how it stands."""

    view_permission = "invitations:list"
    lead = "Whoever holds an invitation registers a device with keys that never leave it."
    list_display = (
        "user",
        "state_now",
        "invited_by_name",
        "created_at",
        "expires_at",
        "mail_state",
    )
    list_filter = (InvitationStates,)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the invited user's name begins"
    ordering = ("-created_at",)
    change_form_template = "admin/invitation.html"
    fields = (
        "id",
        "user",
        "state_now",
        "invited_by_name",
        "created_at",
        "expires_at",
        "ended_at",
        "device",
        "wrong_tries",
        "alarm",
    )
    readonly_fields = ("state_now", "invited_by_name", "alarm")
    when_empty = "Nobody has been invited yet. Issue the first invitation and hand it over."

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With the names of who issued them and the state of the last mail."""
        del request
        return queries.told()

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to issue one and many."""
        if not actor_of(request).may("users:invite"):
            return ()
        return (
            Action("Issue an invitation", reverse("admin:invitation_issue")),
            Action("Invite many", reverse("admin:invitation_batches")),
        )

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """Issue it again, or revoke it."""
        by, state = actor_of(request), row.state_at(datetime.now(UTC))
        found = []
        if by.may("devices:invite") and state != Invitation.State.PENDING:
            found.append(Action("Issue again", reverse("admin:invitation_again", args=[row.id])))
        if by.may("invitations:delete") and state in _LIVING:
            url = reverse("admin:invitation_revoke", args=[row.id])
            found.append(Action("Revoke", url, is_dangerous=True))
        return found

    def object_title(self, row: Any) -> str:
        """Whose it is."""
        return f"Invitation of {row.user.username}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one, with the mails that were sent about it."""
        context = {"mails": _mails(object_id), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="state")
    def state_now(self, invitation: Any) -> str:
        """The state that a reader should see: expiry is judged when read."""
        state = components.badge(invitation.state_at(datetime.now(UTC)))
        if invitation.alarmed_at is None:
            return state
        return format_html("{} {}", state, components.badge("alarm"))

    @admin.display(description="invited by")
    def invited_by_name(self, invitation: Any) -> str:
        """Who issued it."""
        return str(invitation.maker or ("operator" if invitation.invited_by else "system"))

    @admin.display(description="mail")
    def mail_state(self, invitation: Any) -> str:
        """How the last mail about it stands."""
        return components.badge(invitation.mail) if invitation.mail else components.nothing()

    @admin.display(description="alarm")
    def alarm(self, invitation: Any) -> str:
        """Whether somebody else tried to use it."""
        if invitation.alarmed_at is None:
            return components.nothing()
        return components.badge("used again with other keys", "bad")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that issue, issue again, issue many and revoke."""
        wrap = self.admin_site.admin_view
        one = "<uuid:invitation_id>"
        further = never_cache(issuing.further)
        return [
            path("issue/", wrap(never_cache(issuing.issue)), name="invitation_issue"),
            path("further/<uuid:user_id>/", wrap(further), name="invitation_further"),
            path(f"{one}/again/", wrap(never_cache(issuing.again)), name="invitation_again"),
            path(f"{one}/revoke/", wrap(never_cache(revoke)), name="invitation_revoke"),
            *batches.urls(wrap),
            *super().get_urls(),
        ]


def revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Ask once, then revoke."""
    by = actor_of(request)
    if not by.may("invitations:delete"):
        raise PermissionDenied
    try:
        row = queries.invitation(invitation_id, now=datetime.now(UTC))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(_LIST))
    if row.state not in _LIVING:
        messages.error(request, f"This invitation is {row.state}: it can't be revoked any more.")
        return HttpResponseRedirect(reverse(_PAGE, args=[invitation_id]))
    ask = acts.Ask(
        title="Revoke the invitation",
        template="admin/revoke_invitation.html",
        back=reverse(_LIST),
        back_name="Invitations",
        done="The invitation is revoked.",
        context={"invitation": row},
    )
    return acts.page(
        request,
        ask,
        acts.ConfirmForm(request.POST or None),
        lambda _: staff_acts.submit(
            command="invitation.revoke",
            details={"invitation": str(invitation_id)},
            by=by,
            now=datetime.now(UTC),
        ),
    )


def _mails(object_id: str) -> Sequence[batch_queries.MailRow]:
    try:
        return batch_queries.mails(UUID(object_id))
    except ValueError:
        return ()
