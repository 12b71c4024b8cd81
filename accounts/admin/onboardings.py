"""Onboardings in the admin: how far each is while it happens, why one failed, and acts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts.admin import acting, onboarding_acts, onboarding_words, related
from accounts.models import Onboarding, User
from accounts.models.onboarding import OPEN_STATES
from accounts.queries import onboardings as queries
from accounts.queries.onboardings import OnboardingRow, StepRow
from identity import queries as ground
from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.admin.components import Action
from identity.errors import Missing
from sessions_app.services import tokens

_SECONDS = {"waiting": 5, "queued": 2, "running": 1}


@admin.register(Onboarding, site=site)
class OnboardingAdmin(ReadOnlyAdmin):
    """The onboardings of the scope, the newest first."""

    view_permission = "onboardings:list"
    list_display = ("name", "state_badge", "action", "role", "belongs_to", "created_at")
    list_filter = ("state", "action", "role")
    list_select_related = ("parent",)
    search_prefixes = ("username_folded",)
    search_help_text = "The whole id, or how the user name begins"
    lead = (
        "Work that makes a user with a ledger account, a DID and a part in a registry, step by"
        " step, whatever breaks on the way."
    )
    when_empty = (
        "Nobody was onboarded yet. A registry comes first; users are then onboarded under it, here"
        " or over the API."
    )
    ordering = ("-created_at", "-id")
    readonly_fields = ("of_whom", "belongs_to", "asked_by", "ledger_account", "progress_page")
    audit_kind = "onboarding"
    change_form_template = "admin/onboarding.html"
    fields = (
        *("id", "action", "username", "role", "belongs_to", "of_whom", "ledger_account"),
        *("asked_by", "progress_page", "created_at", "started_at", "ended_at"),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Without what no page shows."""
        return super().get_queryset(request).defer("sealed_request", "sealed_result")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The one of an id; else by user name."""
        try:
            return queryset.filter(id=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    def object_title(self, row: Onboarding) -> str:
        """Whom it makes."""
        return f"Onboarding of {onboarding_acts.name_of(row)}"

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to another one."""
        if not actor_of(request).may("onboardings:create"):
            return ()
        return (Action("Onboard somebody", reverse("admin:onboarding_start")),)

    def object_actions(self, request: HttpRequest, row: Onboarding) -> Sequence[Action]:
        """What can be done about it now."""
        return onboarding_acts.offered(row, by=actor_of(request))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """With its steps, and how it stands."""
        row, steps = queries.one(obj.pk), queries.steps(obj.pk)
        context |= {
            **_standing(row, steps),
            "onboarding": row,
            "steps": steps,
            "advice": onboarding_words.advice(row),
            "progress": reverse("admin:onboarding_progress", args=[obj.pk]),
            "may_see_proposal": actor_of(request).may("proposals:get"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts, and what the page asks while it is open."""
        wrap = self.admin_site.admin_view
        acts, one = onboarding_acts, "<uuid:onboarding_id>/"
        return [
            path("new/", wrap(never_cache(acts.start)), name="onboarding_start"),
            path(f"{one}retry/", wrap(never_cache(acts.retry)), name="onboarding_retry"),
            path(f"{one}cancel/", wrap(never_cache(acts.cancel)), name="onboarding_cancel"),
            path(f"{one}progress/", wrap(never_cache(progress)), name="onboarding_progress"),
            *super().get_urls(),
        ]

    @admin.display(description="user name")
    def name(self, row: Onboarding) -> str:
        """Whom it makes; a name may be long."""
        return format_html('<span class="wrapped">{}</span>', onboarding_acts.name_of(row))

    @admin.display(description="state")
    def state_badge(self, row: Onboarding) -> str:
        """How it stands."""
        return components.badge(row.state)

    @admin.display(description="registry")
    def belongs_to(self, row: Onboarding) -> str:
        """The registry of the new user."""
        return _user(row.parent)

    @admin.display(description="user")
    def of_whom(self, row: Onboarding) -> str:
        """The user that it made, makes, or took back."""
        return _user(row.user)

    @admin.display(description="asked for by")
    def asked_by(self, row: Onboarding) -> str:
        """Who asked; what nobody asked for as a user came from a program or an operator."""
        if row.requested_by is None:
            return "no user of this scope"
        return _user(User.objects.filter(public_id=row.requested_by).first())

    @admin.display(description="ledger account")
    def ledger_account(self, row: Onboarding) -> str:
        """The account on the ledger, once there is one."""
        return components.copyable(row.account.account_id) if row.account else ""

    @admin.display(description="page for the new user")
    def progress_page(self, row: Onboarding) -> str:
        """Where whoever has the address sees how far it is, and nothing else."""
        return components.copyable(f"{tokens.issuer(ground.scope().slug)}/onboarding/{row.pk}")


def progress(request: HttpRequest, onboarding_id: UUID) -> HttpResponse:
    """How far it is, for the page that is open."""
    acting.require(request, "onboardings:get")
    try:
        row = queries.one(onboarding_id)
    except Missing:
        raise Http404 from None
    steps = queries.steps(onboarding_id)
    told = _standing(row, steps)
    told |= {"state": row.state, "tone": components.tone_of(row.state)}
    return JsonResponse({**told, "steps": [_step(step) for step in steps]})


def _standing(row: OnboardingRow, steps: Sequence[StepRow]) -> dict[str, Any]:
    present = next((step for step in steps if step.state == "running"), None)
    return {
        "done": sum(step.state in {"completed", "skipped"} for step in steps),
        "lines": len(steps),
        "told": onboarding_words.standing(row, present, now=datetime.now(UTC)),
        "is_busy": row.state in OPEN_STATES,
        "seconds": _SECONDS.get(row.state, 0),
    }


def _step(step: StepRow) -> dict[str, Any]:
    return {
        "number": step.number,
        "state": step.state,
        "tone": components.tone_of(step.state),
        "attempts": str(step.attempts),
        "began": _moment(step.started_at) or "\N{EN DASH}",
        "ended": _moment(step.ended_at),
    }


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _user(user: User | None) -> str:
    if user is None:
        return ""
    return related.link(reverse("admin:accounts_user_change", args=[user.pk]), user.username)
