"""Proposals in the admin: what would change, who has decided, and the own vote."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.errors import DomainError
from identity.pages import deciding, staff_session
from identity.pages.filters import StateFilter
from invitations import queries
from invitations.models import Proposal


class ProposalStates(StateFilter):
    """Proposals by state."""

    living = Proposal.State.PENDING
    states = Proposal.State.values


@admin.register(Proposal, site=site)
class ProposalAdmin(ReadOnlyAdmin):
    """Proposals: what would change, who has decided, and the staff member's own vote."""

    view_permission = "proposals:list"
    list_display = ("resource", "action", "state_now", "created_at", "expires_at", "reason")
    list_filter = (ProposalStates,)
    ordering = ("-created_at",)
    change_form_template = "admin/proposal.html"
    when_empty = "No change has waited for approval yet. Policies say which changes do."

    @admin.display(description="state")
    def state_now(self, proposal: Proposal) -> str:
        """The state that a reader should see."""
        return components.badge(str(proposal.state_at(datetime.now(UTC))))

    def get_urls(self) -> list[URLPattern]:
        """Add the address that decisions are sent to."""
        decide = self.admin_site.admin_view(never_cache(self.decide))
        own = path("<uuid:proposal_id>/decide/", decide, name="proposal_decide")
        return [own, *super().get_urls()]

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
            **deciding.page(detail, by=actor_of(request)),
            "act_url": reverse("admin:proposal_decide", args=[detail.row.id]),
        }
        return super().change_view(request, object_id, form_url, context)

    def decide(self, request: HttpRequest, proposal_id: UUID) -> HttpResponse:
        """Take the decision and go back to the proposal, or show its answer once."""
        if not self.may_read(request):
            raise PermissionDenied
        back = reverse("admin:invitations_proposal_change", args=[proposal_id])
        form = deciding.DecisionForm(request.POST)
        if request.method != "POST" or not form.is_valid():
            messages.error(request, "Choose what to do with the proposal; a reason is short text.")
            return HttpResponseRedirect(back)
        now = datetime.now(UTC)
        is_recent = staff_session.is_recent(request, now)
        if form.cleaned_data["decision"] in deciding.DANGEROUS and not is_recent:
            return staff_session.proof_of(back)
        try:
            if form.cleaned_data["decision"] == "outcome":
                return self._outcome(request, proposal_id, back=back, now=now)
            deciding.decide(request, proposal_id, form.cleaned_data, by=actor_of(request), now=now)
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(back)

    def _outcome(
        self, request: HttpRequest, proposal_id: UUID, *, back: str, now: datetime
    ) -> HttpResponse:
        detail = queries.proposal(proposal_id, now=now)
        shown = deciding.outcome(proposal_id, detail.commands, by=actor_of(request), now=now)
        if shown is None:
            messages.error(request, "This answer is not yours, or it was shown before.")
            return HttpResponseRedirect(back)
        context = {**self.admin_site.each_context(request), **shown, "title": "Answer"}
        context |= {"back": back, "back_name": "The proposal"}
        return TemplateResponse(request, "admin/invitation_bundle.html", context)
