"""Acts on groups: make, change, delete, and put users in and out."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting, finding
from accounts.admin.acting import Act, Choice
from accounts.admin.user_acts import PAGE as USER_PAGE
from accounts.models import Group, GroupMember, User
from identity import ids
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.people_forms import NamedForm
from identity.pages.staff_session import recently_proved

_LIST: Final = "admin:accounts_group_changelist"
_PAGE: Final = "admin:accounts_group_change"
_WITHOUT_GROUP: Final = (
    "Its members stay users of this scope. Policies that ask for this group find nobody "
    "any more: look at them first."
)


def offered(group: Group, *, by: Actor) -> Sequence[Action]:
    """The buttons on a group's page."""
    actions = []
    if by.may("groups:edit"):
        actions.append(Action("Edit", reverse("admin:group_edit", args=[group.pk])))
    if by.may("groups:delete"):
        url = reverse("admin:group_delete", args=[group.pk])
        actions.append(Action("Delete", url, is_dangerous=True))
    return actions


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a group without members."""
    acting.require(request, "groups:create")
    form = NamedForm(request.POST or None)
    act = Act(
        command="group.create",
        title="Make a group",
        button="Make the group",
        done="The group is made. Add its members on its page.",
        back=reverse(_LIST),
        back_name="Groups",
        about=("Policies ask for a group by its name, so choose one that stays.",),
        is_foreseen=False,
    )
    return acting.page(request, act, form, lambda data: {"group": str(ids.new()), **data})


@recently_proved
def edit(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Rename or describe it."""
    acting.require(request, "groups:edit")
    group = _found(group_id)
    initial = {"name": group.name, "description": group.description}
    form = NamedForm(request.POST or None, initial=initial)
    act = Act(
        command="group.edit",
        title=f"Edit {group.name}",
        button="Save",
        done="The group is changed.",
        back=reverse(_PAGE, args=[group.pk]),
        back_name="The group",
        about=("Policies that ask for the old name find nobody under it any more.",),
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"group": str(group.public_id), **form.changes()}
    )


@recently_proved
def delete(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Remove the group; its members stay users."""
    acting.require(request, "groups:delete")
    group = _found(group_id)
    act = Act(
        command="group.delete",
        title=f"Delete {group.name}",
        button="Delete the group",
        done="The group is deleted.",
        back=reverse(_LIST),
        back_name="Groups",
        about=(_WITHOUT_GROUP,),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"group": str(group.public_id)})


def choose_member(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Users by how the user name begins."""
    acting.require(request, "groups:edit")
    group = _found(group_id)
    term = request.GET.get("q", "")
    users = list(finding.users(term))
    members = GroupMember.objects.filter(group=group, user__in=users)
    present = set(members.values_list("user_id", flat=True))
    choices = [
        Choice(
            user.username,
            f"{user.first_name} {user.last_name}".strip(),
            reverse("admin:group_member_add", args=[group.pk, user.pk]),
        )
        for user in users
        if user.pk not in present
    ]
    return acting.choose(
        request,
        choices,
        title=f"Add a member to {group.name}",
        lead=f"The first {acting.MOST_CHOICES} users; a search finds the others.",
        when_empty="Nobody is left to choose here.",
        when_not_found="Nobody else has a user name that begins so.",
        has_search=True,
        search=term,
        search_label="How a user name begins",
        back=reverse(_PAGE, args=[group.pk]),
        back_name="The group",
    )


@recently_proved
def add_member(request: HttpRequest, group_id: UUID, user_id: UUID) -> HttpResponse:
    """Put a user into the group."""
    words = ("Put", "into", "The user is in the group.", "Policies that ask for it count the user.")
    return _membership(request, group_id, user_id, "group.add_member", words)


@recently_proved
def remove_member(request: HttpRequest, group_id: UUID, user_id: UUID) -> HttpResponse:
    """Take a user out of the group."""
    about = "Policies that ask for the group don't count the user any more."
    words = ("Take", "out of", "The user is out of the group.", about)
    return _membership(request, group_id, user_id, "group.remove_member", words)


def _membership(
    request: HttpRequest,
    group_id: UUID,
    user_id: UUID,
    command: str,
    words: tuple[str, str, str, str],
) -> HttpResponse:
    acting.require(request, "groups:edit")
    group = _found(group_id)
    user: User = acting.found(User.objects.filter(deleted_at__isnull=True), user_id)
    verb, preposition, done, about = words
    comes_from_user = request.GET.get("from") == "user"
    back = reverse(USER_PAGE, args=[user.pk])
    act = Act(
        command=command,
        title=f"{verb} {user.username} {preposition} {group.name}",
        button=f"{verb} {preposition} the group",
        done=done,
        back=back if comes_from_user else reverse(_PAGE, args=[group.pk]),
        back_name="The user" if comes_from_user else "The group",
        about=(about,),
        is_dangerous=verb == "Take",
    )
    details = {"group": str(group.public_id), "user": str(user.public_id)}
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def _found(group_id: UUID) -> Group:
    group: Group = acting.found(Group.objects.all(), group_id)
    return group


View = Callable[..., HttpResponse]
_ONE: Final = "<uuid:group_id>"
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "group_create": ("new", create),
        "group_edit": (f"{_ONE}/edit", edit),
        "group_delete": (f"{_ONE}/end", delete),
        "group_members_add": (f"{_ONE}/members", choose_member),
        "group_member_add": (f"{_ONE}/members/<uuid:user_id>/add", add_member),
        "group_member_remove": (f"{_ONE}/members/<uuid:user_id>/remove", remove_member),
    }
)
