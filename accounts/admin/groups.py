"""Groups in the admin: the list, the page of one with its members."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import group_acts, related
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Group, GroupMember
from accounts.models.user import fold
from identity import paging
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.scoping import keyset


@admin.register(Group, site=site)
class GroupAdmin(WithRelated):
    """Named circles of users, which policies may ask for."""

    view_permission = "groups:list"
    list_display = ("name", "description", "created_at")
    search_prefixes = ("name",)
    search_help_text = "How a group's name begins"
    ordering = ("-created_at",)
    lead = "Named circles of users. Policies ask for them: “two of the group signers”."
    when_empty = "There is no group yet. Make one to let policies ask for its members."
    fields = ("public_id", "name", "description", "created_at", "made_by", "updated_at")
    readonly_fields = ("made_by",)

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one."""
        if not actor_of(request).may("groups:create"):
            return ()
        return (Action("Make a group", reverse("admin:group_create")),)

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with the group."""
        return group_acts.offered(row, by=actor_of(request))

    def audit_subject(self, row: Group) -> str:
        """Groups are known by the id that clients chose."""
        return str(row.public_id)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The members, a page at a time."""
        by = actor_of(request)
        may_edit = by.may("groups:edit")
        term, after = request.GET.get("q", ""), request.GET.get("after", "")
        members = list(_members(row, term, after)[: MOST + 1])
        shown = members[:MOST]
        more = ""
        if len(members) > MOST:
            more = "?" + urlencode({"q": term, "after": str(shown[-1].user_id)})
        add = Action("Add a member", reverse("admin:group_members_add", args=[row.pk]))
        return [
            Section(
                title="Members",
                columns=("User", "Status", "Joined", *(("",) if may_edit else ())),
                rows=[_member(row, member, may_edit=may_edit) for member in shown],
                when_empty="Nobody fits this search." if term else "Nobody is in the group yet.",
                actions=(add,) if may_edit else (),
                more=more,
                search=term if term or after or more else None,
                search_label="How a member's user name begins",
            )
        ]

    @admin.display(description="made by")
    def made_by(self, group: Group) -> str:
        """Who made it."""
        return related.maker(group.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts."""
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in group_acts.VIEWS.items()
            ),
            *super().get_urls(),
        ]


def _members(group: Group, term: str, after: str) -> "QuerySet[Any]":
    rows = GroupMember.objects.filter(group=group).select_related("user").order_by("user_id")
    if term:
        if not paging.is_usable(term):
            return rows.none()
        rows = keyset.beginning_with(rows, "user__username_folded", fold(term))
    try:
        return rows.filter(user_id__gt=UUID(after)) if after else rows
    except ValueError:
        return rows


def _member(group: Group, member: GroupMember, *, may_edit: bool) -> Sequence[str]:
    user = member.user
    cells = [
        related.link(reverse("admin:accounts_user_change", args=[user.pk]), user.username),
        related.status(user.status),
        components.moment(member.joined_at),
    ]
    if may_edit:
        url = reverse("admin:group_member_remove", args=[group.pk, user.pk])
        cells.append(related.act_link(url, "Take out", user.username))
    return cells
