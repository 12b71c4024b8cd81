"""Invitations in the admin: issue one, see its bundle once, revoke."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts import queries as accounts
from identity import ids
from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.admin.components import Action
from identity.api.enterprise import results
from identity.errors import DomainError
from identity.pages import staff_acts
from identity.pages.filters import StateFilter
from invitations import queries
from invitations.models import Invitation
from invitations.services.governance import Done

_LIST: Final = "admin:invitations_invitation_changelist"


class InviteForm(forms.Form):
    """Whom to invite: a new person, or a known one for a further device."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    hours = forms.IntegerField(min_value=1, max_value=720, initial=72, label="Valid for (hours)")


class InvitationStates(StateFilter):
    """Invitations by state."""

    living = Invitation.State.OPEN
    states = Invitation.State.values


@admin.register(Invitation, site=site)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations: issue one, see its bundle once, revoke."""

    view_permission = "invitations:list"
    list_display = ("user", "state_now", "created_at", "expires_at", "used_at", "alarm", "act")
    list_filter = (InvitationStates,)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the invited user's name begins"
    ordering = ("-created_at",)
    fields = (
        "id",
        "user",
        "state_now",
        "wrong_tries",
        "created_at",
        "expires_at",
        "used_at",
        "device",
    )
    readonly_fields = ("state_now",)
    when_empty = (
        "Nobody has been invited yet. Issue the first invitation: whoever holds it registers a "
        "device with keys that never leave it."
    )

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to issue one."""
        if not actor_of(request).may("users:invite"):
            return ()
        return (Action("Issue an invitation", reverse("admin:invitation_issue")),)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Without the way to revoke for who may not."""
        names = super().get_list_display(request)
        may_revoke = actor_of(request).may("invitations:delete")
        return tuple(str(name) for name in names if name != "act" or may_revoke)

    def object_title(self, row: Invitation) -> str:
        """Whose it is."""
        return f"Invitation of {row.user.username}"

    @admin.display(description="state")
    def state_now(self, invitation: Invitation) -> str:
        """The state that a reader should see: expiry is judged when read."""
        return components.badge(invitation.state_at(datetime.now(UTC)))

    @admin.display(description="alarm")
    def alarm(self, invitation: Invitation) -> str:
        """Whether somebody else tried to use it."""
        return "-" if invitation.alarmed_at is None else "used again with other keys"

    @admin.display(description="action")
    def act(self, invitation: Invitation) -> str:
        """The way to revoke it."""
        if invitation.state_at(datetime.now(UTC)) not in {"open", "pending"}:
            return "-"
        return format_html(
            '<a href="{}">Revoke…</a>', reverse("admin:invitation_revoke", args=[invitation.id])
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that issue and revoke."""
        issue = self.admin_site.admin_view(never_cache(self.issue))
        revoke = self.admin_site.admin_view(never_cache(self.revoke))
        return [
            path("issue/", issue, name="invitation_issue"),
            path("<uuid:invitation_id>/revoke/", revoke, name="invitation_revoke"),
            *super().get_urls(),
        ]

    def issue(self, request: HttpRequest) -> HttpResponse:
        """Issue an invitation and show its bundle in this one answer."""
        if not actor_of(request).may("users:invite"):
            raise PermissionDenied
        form = InviteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            answer = self._issued(request, form)
            if answer is not None:
                return answer
        context = self._context(request, title="Issue an invitation", form=form)
        return TemplateResponse(request, "admin/issue_invitation.html", context)

    def revoke(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Ask once, then revoke."""
        if not actor_of(request).may("invitations:delete"):
            raise PermissionDenied
        now = datetime.now(UTC)
        try:
            row = queries.invitation(invitation_id, now=now)
            if request.method == "POST":
                answer = staff_acts.submit(
                    command="invitation.revoke",
                    details={"invitation": str(invitation_id)},
                    by=actor_of(request),
                    now=now,
                )
                staff_acts.report(request, answer, done="The invitation is revoked.")
                return HttpResponseRedirect(reverse(_LIST))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse(_LIST))
        context = self._context(request, title="Revoke the invitation", invitation=row)
        return TemplateResponse(request, "admin/revoke_invitation.html", context)

    def _issued(self, request: HttpRequest, form: InviteForm) -> HttpResponse | None:
        command, details = _invitation_of(form.cleaned_data)
        try:
            answer = staff_acts.submit(
                command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return None
        if not isinstance(answer, Done):
            staff_acts.report(request, answer, done="")
            return HttpResponseRedirect(reverse(_LIST))
        bundle = json.dumps(results.bundle(answer.result), indent=2)
        email = form.cleaned_data["email"]
        context = self._context(request, title="Invitation", bundle=bundle, email=email)
        context["is_invitation"] = True
        return TemplateResponse(request, "admin/invitation_bundle.html", context)

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "back": reverse(_LIST),
            "back_name": "Invitations",
            **more,
        }


def _invitation_of(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    known = accounts.user_by_name(data["email"])
    minutes = data["hours"] * 60
    if known is not None:
        return "device.invite", {"user": str(known), "life_minutes": minutes}
    return "user.invite", {
        "user": str(ids.new()),
        "email": data["email"],
        "first_name": data["first_name"],
        "last_name": data["last_name"],
        "life_minutes": minutes,
    }
