"""Invitations, proposals and policies in the admin."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts import queries as accounts
from identity import ids
from identity.admin import ReadOnlyAdmin, actor_of, site
from identity.api.enterprise import results
from identity.errors import DomainError
from identity.pages import staff_acts
from invitations import queries
from invitations.models import Invitation, Policy, Proposal
from invitations.services.governance import Done


class InviteForm(forms.Form):
    """Whom to invite: a new person, or a known one for a further device."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    hours = forms.IntegerField(min_value=1, max_value=720, initial=72, label="Valid for (hours)")


@admin.register(Invitation, site=site)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations: issue one, see its bundle once, revoke."""

    view_permission = "invitations:list"
    list_display = ("user", "state_now", "created_at", "expires_at", "used_at", "alarm", "act")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("user__username_folded",)
    ordering = ("-created_at",)
    fields = ("id", "user", "state", "wrong_tries", "created_at", "expires_at", "used_at", "device")
    change_list_template = "admin/invitations.html"

    @admin.display(description="state")
    def state_now(self, invitation: Invitation) -> str:
        """The state that a reader should see: expiry is judged when read."""
        return invitation.state_at(datetime.now(UTC))

    @admin.display(description="alarm", boolean=True)
    def alarm(self, invitation: Invitation) -> bool:
        """Whether somebody else tried to use it."""
        return invitation.alarmed_at is not None

    @admin.display(description="")
    def act(self, invitation: Invitation) -> str:
        """The way to revoke it."""
        if invitation.state not in {Invitation.State.OPEN, Invitation.State.PENDING}:
            return ""
        return format_html(
            '<a href="{}">Revoke…</a>', reverse("admin:invitation_revoke", args=[invitation.id])
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that issue and revoke."""
        issue = self.admin_site.admin_view(never_cache(self.issue))
        revoke = self.admin_site.admin_view(self.revoke)
        return [
            path("issue/", issue, name="invitation_issue"),
            path("<uuid:invitation_id>/revoke/", revoke, name="invitation_revoke"),
            *super().get_urls(),
        ]

    def issue(self, request: HttpRequest) -> HttpResponse:
        """Issue an invitation and show its bundle in this one answer."""
        form = InviteForm(request.POST or None)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Issue an invitation",
            "form": form,
            "back": reverse("admin:invitations_invitation_changelist"),
        }
        if request.method == "POST" and form.is_valid():
            command, details = _invitation_of(form.cleaned_data)
            try:
                answer = staff_acts.submit(
                    command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
                )
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                if not isinstance(answer, Done):
                    staff_acts.report(request, answer, done="")
                    return HttpResponseRedirect(context["back"])
                bundle = results.bundle(answer.result)
                context |= {"bundle": json.dumps(bundle, indent=2), "title": "Invitation"}
                context["email"] = form.cleaned_data["email"]
                return TemplateResponse(request, "admin/invitation_bundle.html", context)
        return TemplateResponse(request, "admin/issue_invitation.html", context)

    def revoke(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        """Ask once, then revoke."""
        back = reverse("admin:invitations_invitation_changelist")
        if request.method == "POST":
            try:
                answer = staff_acts.submit(
                    command="invitation.revoke",
                    details={"invitation": str(invitation_id)},
                    by=actor_of(request),
                    now=datetime.now(UTC),
                )
                staff_acts.report(request, answer, done="The invitation is revoked.")
            except DomainError as refusal:
                messages.error(request, str(refusal))
            return HttpResponseRedirect(back)
        try:
            row = queries.invitation(invitation_id, now=datetime.now(UTC))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": "Revoke the invitation",
            "invitation": row,
            "back": back,
        }
        return TemplateResponse(request, "admin/revoke_invitation.html", context)


class VoteForm(forms.Form):
    """A decision; the hash says what exactly was on the page."""

    reason = forms.CharField(max_length=512, required=False, help_text="Needed to reject.")
    proposal_hash = forms.CharField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(choices=[("approve", "Approve"), ("reject", "Reject")])


@admin.register(Proposal, site=site)
class ProposalAdmin(ReadOnlyAdmin):
    """Proposals: what would change, who has decided, and the staff member's own vote."""

    view_permission = "proposals:list"
    list_display = ("resource", "action", "state_now", "created_at", "expires_at", "reason")
    list_filter = ("state",)
    ordering = ("-created_at",)
    change_form_template = "admin/proposal.html"

    @admin.display(description="state")
    def state_now(self, proposal: Proposal) -> str:
        """The state that a reader should see."""
        return str(proposal.state_at(datetime.now(UTC)))

    def get_urls(self) -> list[URLPattern]:
        """Add the address that votes are sent to."""
        vote = self.admin_site.admin_view(self.vote)
        return [path("<uuid:proposal_id>/vote/", vote, name="proposal_vote"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one proposal."""
        try:
            detail = queries.proposal(UUID(object_id), now=datetime.now(UTC))
        except (DomainError, ValueError):
            return super().change_view(request, object_id, form_url, extra_context)
        context = {
            **(extra_context or {}),
            "detail": detail,
            "changes": [
                {"command": item["command"], "details": sorted(item["details"].items())}
                for item in detail.commands
            ],
            "vote_url": reverse("admin:proposal_vote", args=[detail.row.id]),
            "is_pending": detail.row.state == Proposal.State.PENDING,
            "obstacle": _obstacle(detail, actor_of(request).public_id),
        }
        return super().change_view(request, object_id, form_url, context)

    def vote(self, request: HttpRequest, proposal_id: UUID) -> HttpResponse:
        """Take the staff member's vote."""
        back = reverse("admin:invitations_proposal_change", args=[proposal_id])
        form = VoteForm(request.POST)
        if request.method != "POST" or not form.is_valid():
            messages.error(request, "Choose approve or reject.")
            return HttpResponseRedirect(back)
        try:
            state = staff_acts.vote(
                **form.cleaned_data,
                proposal_id=proposal_id,
                by=actor_of(request),
                now=datetime.now(UTC),
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Your vote is recorded; the proposal is {state}.")
        return HttpResponseRedirect(back)


@admin.register(Policy, site=site)
class PolicyAdmin(ReadOnlyAdmin):
    """The policies of this scope in the order in which they are tried."""

    view_permission = "policies:list"
    list_display = (
        "name",
        "action",
        "resource",
        "decision_on_true",
        "priority",
        "status",
        "is_locked",
    )
    ordering = ("-is_locked", "priority", "public_id")
    exclude = ("scope", "id")


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


def _obstacle(detail: queries.ProposalDetail, voter: UUID | None) -> str:
    mine = next((item for item in detail.electors if item.user == voter), None)
    if mine is None:
        return "You hold no role in this scope that approves anything."
    return f"A person who {mine.obstacle} may not decide it." if mine.obstacle else ""
