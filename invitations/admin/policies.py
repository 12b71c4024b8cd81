"""Policies in the admin: in the order in which they are tried, and the page of each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import Case, F, Q, Value, When
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from accounts.admin import related
from accounts.admin.related import Section, WithRelated
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from invitations.admin import policy_editing, policy_words
from invitations.models import Policy, Proposal

# Django would write "policys".
Policy._meta.verbose_name_plural = "policies"  # noqa: SLF001
_SHOWN: Final = 20


@admin.register(Policy, site=site)
class PolicyAdmin(WithRelated):
    """The policies of this scope in the order in which they are tried."""

    view_permission = "policies:list"
    lead = (
        "Tried from the top: the first one that holds decides. Locked ones are then added as a "
        "floor. Where none holds, what rights grant is done at once."
    )
    change_list_template = "admin/policy_list.html"
    change_form_template = "admin/policy.html"
    list_display = ("name", "about", "condition", "decides", "place", "state")
    ordering: ClassVar = (
        Case(When(status=Policy.Status.ACTIVE, then=Value(0)), default=Value(1)).asc(),
        "is_locked",
        "priority",
        Case(
            When(Q(decision_on_true="DENY"), then=Value(0)),
            When(Q(decision_on_true="REVIEW"), then=Value(1)),
            default=Value(2),
        ).asc(),
        F("public_id").asc(),
    )
    fields = (
        "description",
        "about",
        "condition",
        "decision",
        "review_text",
        "place",
        "state",
        "steps_back",
        "version",
        "public_id",
        "created_at",
        "updated_at",
    )
    readonly_fields = (
        "about",
        "condition",
        "decision",
        "review_text",
        "place",
        "state",
        "steps_back",
    )

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one, and to the words that they are written in."""
        languages = Action("How policies are written", reverse("admin:policy_languages"))
        if not actor_of(request).may("policies:create"):
            return ()
        return (Action("Write a policy", reverse("admin:policy_create")), languages)

    def object_actions(self, request: HttpRequest, row: Policy) -> Sequence[Action]:
        """What can be done with it; with a locked one, nothing."""
        if row.is_locked:
            return ()
        by, actions = actor_of(request), []
        if by.may("policies:edit"):
            name = "Edit or try out"
            actions.append(Action(name, reverse("admin:policy_edit", args=[row.pk])))
        if by.may("policies:delete"):
            url = reverse("admin:policy_delete", args=[row.pk])
            actions.append(Action("Delete", url, is_dangerous=True))
        return actions

    def audit_subject(self, row: Policy) -> str:
        """Policies are known by the id that clients chose."""
        return str(row.public_id)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The proposals to change it."""
        if not actor_of(request).may("proposals:list"):
            return ()
        asked = Proposal.objects.filter(resource=f"/policies/{row.public_id}")
        now = datetime.now(UTC)
        return [
            Section(
                title="Proposed changes",
                columns=("What", "State", "When", "Reason"),
                rows=[_proposal(each, now) for each in asked.order_by("-created_at")[:_SHOWN]],
                when_empty="No change of this policy was proposed yet.",
            )
        ]

    def get_urls(self) -> list[URLPattern]:
        """Add the editor and the pages beside it."""
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in policy_editing.VIEWS.items()
            ),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *given: Any, **more: Any
    ) -> Any:
        """With the reason why a locked one stays as it is."""
        context["why_locked"] = policy_words.WHY_LOCKED
        return super().render_change_form(request, context, *given, **more)

    @admin.display(description="is about")
    def about(self, row: Policy) -> str:
        """Which acts on which resources."""
        return policy_words.about(row)

    @admin.display(description="only if")
    def condition(self, row: Policy) -> str:
        """When it holds."""
        return policy_words.condition(row)

    @admin.display(description="then")
    def decides(self, row: Policy) -> SafeString:
        """What it decides, briefly."""
        return policy_words.decision_badge(row)

    @admin.display(description="then")
    def decision(self, row: Policy) -> str:
        """What it decides, in a sentence."""
        return policy_words.decision(row)

    @admin.display(description="review expression")
    def review_text(self, row: Policy) -> SafeString:
        """The review as it is stored."""
        if not row.review_expression:
            return components.nothing()
        return format_html("<code>{}</code>", row.review_expression)

    @admin.display(description="priority")
    def place(self, row: Policy) -> str:
        """When it is tried."""
        return "after all others" if row.is_locked else str(row.priority)

    @admin.display(description="state")
    def state(self, row: Policy) -> SafeString:
        """Whether it is asked, and why a locked one stays as it is."""
        return policy_words.state_badge(row)

    @admin.display(description="too few people")
    def steps_back(self, row: Policy) -> str:
        """What it does where nobody could approve."""
        return policy_words.steps_back(row)


def _proposal(row: Proposal, now: datetime) -> Sequence[str]:
    url = reverse("admin:invitations_proposal_change", args=[row.pk])
    return [
        related.link(url, row.action),
        related.status(row.state_at(now)),
        components.moment(row.created_at),
        row.reason or components.nothing(),
    ]
