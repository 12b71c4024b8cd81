"""Users in the admin: the list, the page of one and what belongs to it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import (
    programs,
    registries,
    related,
    user_acts,
    user_keys,
    user_profile,
    user_roles,
    user_sessions,
)
from accounts.admin.related import Section, WithRelated
from accounts.models import Device, GroupMember, Profile, RoleAssignment, User
from accounts.queries import names
from identity.actor import Actor
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from invitations.models import Invitation
from invitations.queries import hidden_signs

_LIVING: Final = ("open", "pending")


@admin.register(User, site=site)
class UserAdmin(WithRelated):
    """Persons and programs of this scope."""

    view_permission = "users:list"
    list_display = ("username", "called", "kind", "status_badge", "created_at")
    list_filter = ("kind", "status")
    search_prefixes = ("username_folded", "email")
    search_help_text = "How a user name or address begins"
    lead = "Persons and programs that can act in this scope."
    when_empty = "Nobody is here yet. An invitation makes the first user of this scope."
    ordering = ("-created_at",)
    readonly_fields = ("state", "may_call_from", "password_is_set", "made_by")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Deleted users have pages, since history leads to them, but the list has none of them."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and match.url_name == "accounts_user_changelist"
        if not is_list:
            return rows
        said = Profile.objects.filter(user=OuterRef("pk")).values("full_name")[:1]
        living = rows.filter(deleted_at__isnull=True)
        listed: QuerySet[Any] = living.annotate(said_name=Subquery(said))
        return listed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Programs have networks and an expiry; persons a telephone and a password."""
        del request
        names = ["public_id", "username", "email", "first_name", "last_name", "kind", "state"]
        is_program = obj is not None and obj.kind == User.Kind.PROGRAM
        own = ["mobile", "customer_id", "password_is_set", "is_staff"]
        if is_program:
            own = ["may_call_from", "expires_at"]
        return [*names, *own, "created_at", "made_by", "updated_at"]

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to more users."""
        by, actions = actor_of(request), []
        if by.may("users:invite"):
            actions.append(Action("Issue an invitation", reverse("admin:invitation_issue")))
        if by.may("users:create"):
            actions.append(Action("Make a program", reverse("admin:program_create")))
        return actions

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with the account itself."""
        if row.deleted_at is not None:
            return []
        by = actor_of(request)
        return [*user_acts.offered(row, by=by), *user_sessions.offered(row, by=by)]

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """What belongs to the user, as far as one may read it."""
        by = actor_of(request)
        sections = [*user_profile.sections(row, by), _roles(row, by)]
        if by.may("groups:list"):
            sections.append(_groups(row, by))
        if by.may("devices:list"):
            sections.append(_devices(row))
        sections += [*registries.sections(row, by), *user_keys.sections(row, by)]
        if by.may("invitations:list"):
            sections.append(_invitations(row))
        if by.may("sessions:view"):
            sections += [user_sessions.sessions(row, by), user_sessions.history(row)]
        return sections

    @admin.display(description="name", ordering="first_name")
    def called(self, user: User) -> str:
        """The name that the account was made with, else the full name of the user's profile."""
        said = getattr(user, "said_name", None) or ""
        return f"{user.first_name} {user.last_name}".strip() or hidden_signs.shown(said) or "-"

    @admin.display(description="status")
    def state(self, user: User) -> str:
        """The status; a deleted user is told from a disabled one."""
        return components.badge("deleted" if user.deleted_at is not None else user.status)

    @admin.display(description="may call from")
    def may_call_from(self, user: User) -> str:
        """A program's networks."""
        return ", ".join(user.networks) or "everywhere"

    @admin.display(description="account password")
    def password_is_set(self, user: User) -> str:
        """Whether there is one, and no more."""
        return "set" if user.password else "not set"

    @admin.display(description="made by")
    def made_by(self, user: User) -> str:
        """Who invited the person or made the program; else how the person came."""
        came = None if user.created_by else _source(user)
        if came == names.VOUCHED:
            return "a developer's word"
        return f"the user, who came by {came}" if came else related.maker(user.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts."""
        wrap = self.admin_site.admin_view
        views = {**user_acts.VIEWS, **user_roles.VIEWS, **user_sessions.VIEWS, **user_keys.VIEWS}
        return [
            path("programs/new/", wrap(never_cache(programs.create)), name="program_create"),
            *(
                path(f"<uuid:user_id>/{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in views.items()
            ),
            *super().get_urls(),
        ]


def _source(user: User) -> str | None:
    return Profile.objects.filter(user=user).values_list("source", flat=True).first()


def _roles(user: User, by: Actor) -> Section:
    may_edit = by.may("users:edit") and user.deleted_at is None
    held = RoleAssignment.objects.filter(user=user).select_related("role").order_by("id")
    return Section(
        title="Roles",
        columns=("Role", "Granted", *(("",) if may_edit else ())),
        rows=[_role(user, row, may_edit=may_edit) for row in held[: related.MOST]],
        when_empty="The user holds no role and manages only the own account.",
        actions=_one(may_edit, "Grant a role", reverse("admin:user_roles", args=[user.pk])),
    )


def _role(user: User, held: RoleAssignment, *, may_edit: bool) -> Sequence[str]:
    name, word, page = user_roles.described(held)
    cells = [related.link(page, name), components.moment(held.granted_at)]
    if may_edit:
        url = reverse("admin:user_role_withdraw", args=[user.pk])
        cells.append(related.act_link(f"{url}?role={word}", "Withdraw", name))
    return cells


def _groups(user: User, by: Actor) -> Section:
    may_edit = by.may("groups:edit") and user.deleted_at is None
    rows = GroupMember.objects.filter(user=user).select_related("group").order_by("id")
    cells = []
    for row in rows[: related.MOST]:
        page = reverse("admin:accounts_group_change", args=[row.group_id])
        line = [related.link(page, row.group.name), components.moment(row.joined_at)]
        if may_edit:
            url = reverse("admin:group_member_remove", args=[row.group_id, user.pk])
            line.append(related.act_link(f"{url}?from=user", "Take out of", row.group.name))
        cells.append(line)
    return Section(
        title="Groups",
        columns=("Group", "Joined", *(("",) if may_edit else ())),
        rows=cells,
        when_empty="The user is in no group.",
        actions=_one(may_edit, "Put into a group", reverse("admin:user_groups", args=[user.pk])),
    )


def _devices(user: User) -> Section:
    rows = Device.objects.filter(user=user).order_by("status", "id")[: related.MOST]
    return Section(
        title="Devices",
        columns=("Device", "Status", "Last seen"),
        rows=[
            (
                related.link(reverse("admin:accounts_device_change", args=[row.pk]), row.name),
                related.status(row.status),
                components.moment(row.last_seen_at),
            )
            for row in rows
        ],
        when_empty="No device is registered.",
    )


def _invitations(user: User) -> Section:
    now = datetime.now(UTC)
    rows = Invitation.objects.filter(user=user, state__in=_LIVING).order_by("-created_at")
    return Section(
        title="Open invitations",
        columns=("Issued", "State", "Expires"),
        rows=[
            (
                related.link(
                    reverse("admin:invitations_invitation_change", args=[row.pk]),
                    f"{row.created_at:%Y-%m-%d %H:%M}",
                ),
                related.status(row.state_at(now)),
                components.moment(row.expires_at),
            )
            for row in rows[: related.MOST]
        ],
        when_empty="No invitation is open.",
    )


def _one(is_there: bool, name: str, url: str) -> Sequence[Action]:  # noqa: FBT001 a plain fact
    return (Action(name, url),) if is_there else ()
