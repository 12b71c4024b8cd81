"""Solutions in the admin: the list, and the page of one with its contexts."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import related, solution_acts
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Context, Solution
from identity.admin import actor_of, components, site
from identity.admin.components import Action


@admin.register(Solution, site=site)
class SolutionAdmin(WithRelated):
    """The applications of a scope, the newest first."""

    view_permission = "solutions:list"
    list_display = ("called", "public_id", "created_at")
    ordering = ("-created_at", "-id")
    lead = "A solution is an application or product. Its circles of users are contexts."
    when_empty = "There is no solution yet. Make one, and then a context in it."
    fields = ("known_as", "name", "created_at", "made_by", "updated_at")
    readonly_fields = ("known_as", "made_by")

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one, and to contexts."""
        by, actions = actor_of(request), []
        if by.may("solutions:create"):
            actions.append(Action("Make a solution", reverse("admin:solution_create")))
        if by.may("contexts:list"):
            actions.append(Action("Contexts", reverse("admin:accounts_context_changelist")))
        return actions

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with it."""
        return solution_acts.offered(row, by=actor_of(request))

    def audit_subject(self, row: Solution) -> str:
        """The record knows solutions by the id that programs know."""
        return row.public_id

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The contexts that belong to it, and those that others share with it."""
        by = actor_of(request)
        if not by.may("contexts:list"):
            return ()
        make = Action("Make a context", reverse("admin:context_create", args=[row.pk]))
        own = Context.objects.filter(solution=row).order_by("-created_at", "-id")
        borrowed = Context.objects.filter(shares__solution=row).order_by("-created_at", "-id")
        return [
            _section(
                "Its contexts",
                own,
                empty="It has no context yet.",
                actions=(make,) if by.may("contexts:create") else (),
                is_linked=by.may("contexts:get"),
            ),
            _section(
                "Shared with it",
                borrowed,
                empty="No other solution shares a context with it.",
                is_linked=by.may("contexts:get"),
            ),
        ]

    @admin.display(description="name")
    def called(self, row: Solution) -> str:
        """The name, or the id of what has none."""
        return str(row)

    @admin.display(description="id")
    def known_as(self, row: Solution) -> str:
        """The id that programs know."""
        return components.copyable(row.public_id)

    @admin.display(description="made by")
    def made_by(self, row: Solution) -> str:
        """Who made it."""
        return related.maker(row.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts."""
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in solution_acts.VIEWS.items()
            ),
            *super().get_urls(),
        ]


def _section(
    title: str,
    contexts: "QuerySet[Context]",
    *,
    empty: str,
    is_linked: bool,
    actions: Sequence[Action] = (),
) -> Section:
    found = list(contexts[: MOST + 1])
    return Section(
        title=title if len(found) <= MOST else f"{title}: the newest {MOST}",
        columns=("Context", "State", "Members", "Made"),
        rows=[_cells(each, is_linked=is_linked) for each in found[:MOST]],
        when_empty=empty,
        actions=actions,
    )


def _cells(context: Context, *, is_linked: bool) -> Sequence[str]:
    page = reverse("admin:accounts_context_change", args=[context.pk])
    return (
        related.link(page, context) if is_linked else str(context),
        related.status(context.status),
        f"{context.member_count:,}",
        components.moment(context.created_at),
    )
