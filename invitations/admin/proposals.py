"""Proposals in the admin: what would change, who has decided, and the own vote."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.models import User
from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.errors import DomainError
from identity.pages import deciding, staff_session
from identity.pages.filters import StateFilter
from invitations import queries
from invitations.models import Proposal, Vote


class Queue(admin.SimpleListFilter):
    """Whose turn it is. Who may decide sees first what waits for them."""

    title = "show"
    parameter_name = "show"
    WAITING, PENDING, MINE, DECIDED, ALL = "waiting", "pending", "mine", "decided", "all"

    def __init__(self, request: HttpRequest, *rest: Any) -> None:
        self._by = actor_of(request)
        # Who asks for a state wants it from all of them.
        self._is_by_state = "state" in request.GET
        super().__init__(request, *rest)

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Operators have no proposals of their own and decide none."""
        own = [(self.WAITING, "waiting for me"), (self.MINE, "proposed by me")]
        others = [(self.PENDING, "all pending"), (self.DECIDED, "decided"), (self.ALL, "all")]
        return others if self._by.is_operator else [own[0], others[0], own[1], *others[1:]]

    def value(self) -> str:
        """What was chosen, or what this person comes for."""
        chosen = super().value()
        if chosen in dict(self.lookup_choices):
            return str(chosen)
        if self._is_by_state:
            return self.ALL
        decides = self._by.may("proposals:approve") and not self._by.is_operator
        return self.WAITING if decides else self.PENDING

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's own "all", which would be the choice that was not made."""
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value}, ["state"])
            is_chosen = self.value() == value
            yield {"selected": is_chosen, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Expiry is judged now."""
        now = datetime.now(UTC)
        is_pending = Q(state=Proposal.State.PENDING, expires_at__gt=now)
        match self.value():
            case self.WAITING:
                return queryset.filter(id__in=queries.waiting_for(by=self._by, now=now))
            case self.PENDING:
                return queryset.filter(is_pending)
            case self.MINE:
                return queryset.filter(proposer_id=self._by.user_id)
            case self.DECIDED:
                return queryset.exclude(is_pending)
        return queryset


class ProposalStates(StateFilter):
    """Proposals by state."""

    living = Proposal.State.PENDING
    states = Proposal.State.values


@admin.register(Proposal, site=site)
class ProposalAdmin(ReadOnlyAdmin):
    """Proposals: what would change, who has decided, and the staff member's own vote."""

    view_permission = "proposals:list"
    list_display = ("what", "proposed_by", "state_now", "approvals", "created_at", "expires_at")
    list_filter = (Queue, ProposalStates)
    list_per_page = 25
    ordering = ("-created_at",)
    change_form_template = "admin/proposal.html"
    when_empty = "No change has waited for approval yet. Policies say which changes do."

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With what a line says beside the proposal itself."""
        proposer = User.objects.filter(id=OuterRef("proposer_id")).values("username")
        votes = Vote.objects.filter(
            proposal_id=OuterRef("pk"), retracted_at__isnull=True, decision=Vote.Decision.APPROVE
        )
        counted = votes.order_by().values("proposal_id").annotate(count=Count("id"))
        rows: QuerySet[Any] = super().get_queryset(request)
        told: QuerySet[Any] = rows.annotate(
            proposer_name=Subquery(proposer[:1]),
            approved=Coalesce(Subquery(counted.values("count")[:1]), 0),
        )
        return told

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The queue; where it is empty, the way to everything else."""
        context = dict(extra_context or {})
        if Proposal.objects.exists():
            context["when_empty"] = "Nothing is here now. Choose “All” to see every proposal."
        return super().changelist_view(request, context)

    def object_title(self, row: Proposal) -> str:
        """The change in words."""
        return queries.words_of(row)

    @admin.display(description="change")
    def what(self, proposal: Proposal) -> str:
        """The change in words."""
        return queries.words_of(proposal)

    @admin.display(description="proposed by")
    def proposed_by(self, proposal: Any) -> str:
        """A person's name, or what it is that proposed it."""
        actor = proposal.actor
        nobody = "operator" if actor["is_operator"] else str(actor["kind"])
        return str(proposal.proposer_name or nobody)

    @admin.display(description="approvals")
    def approvals(self, proposal: Any) -> str:
        """How many have approved it so far."""
        return str(proposal.approved)

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
