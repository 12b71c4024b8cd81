"""Contexts in the admin: the list, the page of one with its members and the solutions it has."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts.admin import acl_pages, context_acts, context_members, member_acts, related
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Context, ContextMember, ContextShare
from identity import paging
from identity.actor import Actor
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.scoping import keyset

_SEES: Final = {
    "everyone": "every member",
    "staff": "staff members only; staff members see everybody",
}
_JOINS: Final = {
    "closed": "nobody: members are added",
    "open": "whoever shows to hold a key",
}


@admin.register(Context, site=site)
class ContextAdmin(WithRelated):
    """Circles of users, the newest first."""

    view_permission = "contexts:list"
    list_display = ("called", "whose", "visibility", "status_badge", "members", "created_at")
    list_filter = ("status", "visibility")
    list_select_related = ("solution",)
    ordering = ("-created_at", "-id")
    lead = "A context is a circle of users who know each other by their keys."
    when_empty = "There is no context yet. Make a solution first, and then a context in it."
    readonly_fields = ("known_as", "whose", "sees", "joins", "status_badge", "members", "made_by")
    fields = (
        *("known_as", "whose", "description", "status_badge", "visibility", "sees", "joins"),
        *("members", "policy", "created_at", "made_by", "updated_at"),
    )

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one, and to solutions."""
        by, actions = actor_of(request), []
        if by.may("contexts:create"):
            actions.append(Action("Make a context", reverse("admin:context_solutions")))
        if by.may("solutions:list"):
            actions.append(Action("Solutions", reverse("admin:accounts_solution_changelist")))
        return actions

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with it."""
        return context_acts.offered(row, by=actor_of(request))

    def audit_subject(self, row: Context) -> str:
        """The record knows contexts by the id that programs know."""
        return row.public_id

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Its members, a page at a time, and the solutions with which it is shared."""
        by = actor_of(request)
        shown = [_shares(row, by)]
        if by.may("members:list"):
            shown.insert(0, _members(request, row, by))
        return shown

    @admin.display(description="name")
    def called(self, row: Context) -> str:
        """The name, or the id of what has none."""
        return str(row)

    @admin.display(description="id")
    def known_as(self, row: Context) -> str:
        """The id that programs know."""
        return components.copyable(row.public_id)

    @admin.display(description="solution")
    def whose(self, row: Context) -> str:
        """The solution that it belongs to."""
        page = reverse("admin:accounts_solution_change", args=[row.solution_id])
        return related.link(page, row.solution)

    @admin.display(description="members see")
    def sees(self, row: Context) -> str:
        """Whom a member may establish communication with."""
        return _SEES[row.contacts]

    @admin.display(description="may join")
    def joins(self, row: Context) -> str:
        """Who comes in without being added."""
        return _JOINS[row.joining]

    @admin.display(description="members")
    def members(self, row: Context) -> str:
        """How many there are now."""
        return f"{row.member_count:,}"

    @admin.display(description="made by")
    def made_by(self, row: Context) -> str:
        """Who made it."""
        return related.maker(row.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts and those of members."""
        wrap = self.admin_site.admin_view
        views = {
            **context_acts.VIEWS,
            **context_members.VIEWS,
            **member_acts.VIEWS,
            **acl_pages.VIEWS,
        }
        return [
            *(
                path(f"{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in views.items()
            ),
            *super().get_urls(),
        ]


def _members(request: HttpRequest, context: Context, by: Actor) -> Section:
    term, after = request.GET.get("q", ""), request.GET.get("after", "")
    found = list(_found(context, term, after)[: MOST + 1])
    shown = found[:MOST]
    more = ""
    if len(found) > MOST:
        more = "?" + urlencode({"q": term, "after": str(shown[-1].position)})
    actions = []
    if by.may("members:create") and context.status == Context.Status.ACTIVE:
        actions.append(Action("Add a member", reverse("admin:member_add", args=[context.pk])))
    return Section(
        title="Members",
        columns=("User id and key", "Possession", "Since"),
        rows=[_cells(context, member, is_linked=by.may("members:get")) for member in shown],
        when_empty="No member has such an id or key." if term else _nobody(context),
        actions=actions,
        more=more,
        search=term if term or after or more else None,
        search_label="How a user id begins, or a public key",
    )


def _nobody(context: Context) -> str:
    if context.joining == Context.Joining.OPEN:
        return "Nobody is in it yet. Users join with a signature of their key, or are added here."
    return "Nobody is in it yet. Add the users who shall know each other."


def _found(context: Context, term: str, after: str) -> "QuerySet[ContextMember]":
    living = ContextMember.objects.filter(context=context, ended_at__isnull=True)
    if term:
        if not paging.is_usable(term):
            return living.none()
        by_key = living.filter(public_key=term)
        living = by_key if by_key.exists() else keyset.beginning_with(living, "member_id", term)
    living = living.order_by("-position")
    is_place = after.isascii() and after.isdecimal() and len(after) <= len(str(2**62))
    return living.filter(position__lt=int(after)) if is_place else living


def _cells(context: Context, member: ContextMember, *, is_linked: bool) -> Sequence[str]:
    page = reverse("admin:member", args=[context.pk, member.pk])
    name = related.link(page, member.member_id) if is_linked else member.member_id
    staff = components.badge("staff", "note") if member.is_staff else ""
    return (
        format_html(
            '{} {}<div><code class="wrapped">{}</code></div>', name, staff, member.public_key
        ),
        context_members.possession(member),
        components.moment(member.created_at),
    )


def _shares(context: Context, by: Actor) -> Section:
    may_edit = by.may("contexts:edit")
    rows = ContextShare.objects.filter(context=context).select_related("solution")
    is_private = context.visibility == Context.Visibility.PRIVATE
    share = Action("Share", reverse("admin:context_solutions_to_share", args=[context.pk]))
    return Section(
        title="Shared with",
        columns=("Solution", "Since", *(("",) if may_edit else ())),
        rows=[
            _share(context, each, may_edit=may_edit)
            for each in rows.order_by("shared_at", "id")[:MOST]
        ],
        when_empty="It is private: its own solution alone sees it."
        if is_private
        else "No other solution sees it yet.",
        actions=(share,) if may_edit and not is_private else (),
    )


def _share(context: Context, share: ContextShare, *, may_edit: bool) -> Sequence[str]:
    page = reverse("admin:accounts_solution_change", args=[share.solution_id])
    cells = [related.link(page, share.solution), components.moment(share.shared_at)]
    if may_edit:
        url = reverse("admin:context_unshare", args=[context.pk, share.solution_id])
        cells.append(related.act_link(url, "Take away", share.solution))
    return cells
