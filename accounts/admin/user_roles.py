"""Roles and groups of a user: granted, withdrawn, chosen."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts import queries, rights
from accounts.admin import acting, finding
from accounts.admin.acting import Act, Choice
from accounts.admin.user_acts import PAGE, living
from accounts.models import GroupMember, RoleAssignment, User
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.errors import Missing
from identity.pages.staff_session import recently_proved
from identity.paging import Page
from identity.permissions import PREDEFINED_ROLES

_MOST_ROLES: Final = 200


def described(held: RoleAssignment) -> tuple[str, str, str]:
    """Of a role that somebody holds: its name, its word for commands, and its page."""
    if held.role is None:
        page = reverse("admin:predefined_role", args=[held.predefined])
        return held.predefined, held.predefined, page
    page = reverse("admin:accounts_role_change", args=[held.role.pk])
    return held.role.name, str(held.role.public_id), page


def choose_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """The active roles that the user does not hold."""
    by = acting.require(request, "users:edit")
    user = living(user_id)
    held = {
        described(row)[1] for row in RoleAssignment.objects.filter(user=user).select_related("role")
    }
    active = queries.roles(Page(limit=_MOST_ROLES, filters={"status": "active"})).rows
    url = reverse("admin:user_role_grant", args=[user.pk])
    choices = [
        Choice(row.name, f"{row.description}{_beyond(row, by)}", f"{url}?role={row.id}")
        for row in active
        if row.id not in held
    ]
    return acting.choose(
        request,
        choices,
        title=f"Grant {user.username} a role",
        lead="The next page says whether it waits for approval. Disabled roles are not listed.",
        when_empty="The user holds every active role.",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
    )


@recently_proved
def grant(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give the user a role."""
    role = _asked(request)
    about = f"The user may then do everything that the role {role.name} allows."
    words = ("Grant", "to", "The role is granted.", about)
    return _hold(request, user_id, "role.grant", role, words)


@recently_proved
def withdraw(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Take a role from the user."""
    role = _asked(request)
    about = "What no other role of the user allows ends at once. The account and devices stay."
    words = ("Withdraw", "from", "The role is withdrawn.", about)
    return _hold(request, user_id, "role.withdraw", role, words)


def choose_group(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Groups by how the name begins."""
    acting.require(request, "groups:edit")
    user = living(user_id)
    term = request.GET.get("q", "")
    joined = set(GroupMember.objects.filter(user=user).values_list("group_id", flat=True))
    choices = [
        Choice(
            group.name,
            group.description,
            reverse("admin:group_member_add", args=[group.pk, user.pk]) + "?from=user",
        )
        for group in finding.groups(term)
        if group.pk not in joined
    ]
    return acting.choose(
        request,
        choices,
        title=f"Put {user.username} into a group",
        lead=f"The first {acting.MOST_CHOICES} groups; a search finds the others.",
        when_empty="No group is left to choose here.",
        when_not_found="No other group has a name that begins so.",
        has_search=True,
        search=term,
        search_label="How a group's name begins",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
    )


def _hold(
    request: HttpRequest,
    user_id: UUID,
    command: str,
    role: queries.RoleRow,
    words: tuple[str, str, str, str],
) -> HttpResponse:
    user: User = living(user_id)
    verb, preposition, done, about = words
    act = Act(
        command=command,
        title=f"{verb} {role.name} {preposition} {user.username}",
        button=f"{verb} the role",
        done=done,
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        about=(role.description, about) if role.description else (about,),
        is_dangerous=verb == "Withdraw",
    )
    details = {"user": str(user.public_id), "role": role.id}
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def _asked(request: HttpRequest) -> queries.RoleRow:
    acting.require(request, "users:edit")
    try:
        return queries.role(request.GET.get("role", ""))
    except Missing:
        raise Http404 from None


def _beyond(row: queries.RoleRow, by: Actor) -> str:
    given = rights.Rights(frozenset(row.permissions), frozenset(row.approves))
    if row.id not in PREDEFINED_ROLES and not row.permissions:
        return " It allows nothing yet."
    if given.exceed(rights.Rights(by.permissions, by.approves)):
        return " It allows more than your own roles: without a review it is refused."
    return ""


View = Callable[..., HttpResponse]
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "user_roles": ("roles", choose_role),
        "user_role_grant": ("roles/grant", grant),
        "user_role_withdraw": ("roles/withdraw", withdraw),
        "user_groups": ("groups", choose_group),
    }
)
