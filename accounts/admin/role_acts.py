"""Acts on custom roles: make, change, disable, enable, delete."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import queries
from accounts.admin import acting, related
from accounts.admin.acting import Act
from accounts.models import Role, RoleAssignment
from identity import ids
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.people_forms import RoleForm
from identity.pages.staff_session import recently_proved

_LIST: Final = "admin:accounts_role_changelist"
_PAGE: Final = "admin:accounts_role_change"
_MOST_HOLDERS: Final = 1000


def offered(role: Role, *, by: Actor) -> Sequence[Action]:
    """The buttons on a role's page."""
    is_active = role.status == Role.Status.ACTIVE
    wanted = (
        (by.may("roles:edit"), "Edit", "role_edit", False),
        (by.may("roles:edit") and is_active, "Disable", "role_disable", True),
        (by.may("roles:edit") and not is_active, "Enable", "role_enable", False),
        (by.may("roles:delete"), "Delete", "role_delete", True),
    )
    return [
        Action(name, reverse(f"admin:{view}", args=[role.pk]), is_dangerous=is_dangerous)
        for may, name, view, is_dangerous in wanted
        if may
    ]


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a role of rules."""
    acting.require(request, "roles:create")
    form = RoleForm(request.POST or None)
    act = Act(
        command="role.create",
        title="Make a role",
        button="Make the role",
        done="The role is made. Grant it on the page of a user.",
        back=reverse(_LIST),
        back_name="Roles & rules",
        about=("A role allows what its rules allow together; it holds nothing of its own.",),
        is_foreseen=False,
    )
    return acting.page(request, act, form, lambda data: {"role": str(ids.new()), **data})


@recently_proved
def edit(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Change name, description and rules."""
    acting.require(request, "roles:edit")
    role = _found(role_id)
    held = queries.role(str(role.public_id)).rules
    initial = {
        "name": role.name,
        "description": role.description,
        "rules": [str(rule) for rule in held],
    }
    form = RoleForm(request.POST or None, initial=initial, held=held)
    act = Act(
        command="role.edit",
        title=f"Edit {role.name}",
        button="Save",
        done="The role is changed.",
        back=reverse(_PAGE, args=[role.pk]),
        back_name="The role",
        about=(f"{_holders(role)} It means something new to all of them at once.",),
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"role": str(role.public_id), **form.changes()}
    )


@recently_proved
def disable(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Let the role allow nothing until it is enabled again."""
    about = "It allows nothing while it is disabled; those who hold it keep it."
    return _with_status(request, role_id, Role.Status.DISABLED, ("Disable", about))


@recently_proved
def enable(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Let the role allow what its rules say."""
    about = "It allows again what its rules say."
    return _with_status(request, role_id, Role.Status.ACTIVE, ("Enable", about))


@recently_proved
def delete(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Remove a role that nobody holds."""
    acting.require(request, "roles:delete")
    role = _found(role_id)
    act = Act(
        command="role.delete",
        title=f"Delete {role.name}",
        button="Delete the role",
        done="The role is deleted.",
        back=reverse(_LIST),
        back_name="Roles & rules",
        about=(
            _holders(role),
            "Only a role that nobody holds can be deleted: withdraw it first, or disable it.",
        ),
        is_dangerous=True,
    )
    return _confirmed(request, act, {"role": str(role.public_id)})


def _with_status(
    request: HttpRequest, role_id: UUID, status: str, words: tuple[str, str]
) -> HttpResponse:
    acting.require(request, "roles:edit")
    role = _found(role_id)
    verb, about = words
    act = Act(
        command="role.edit",
        title=f"{verb} {role.name}",
        button=f"{verb} the role",
        done=f"The role is {verb.lower()}d.",
        back=reverse(_PAGE, args=[role.pk]),
        back_name="The role",
        about=(f"{_holders(role)} {about}",),
        is_dangerous=status == Role.Status.DISABLED,
    )
    return _confirmed(request, act, {"role": str(role.public_id), "status": str(status)})


def _confirmed(request: HttpRequest, act: Act, details: Mapping[str, Any]) -> HttpResponse:
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def _found(role_id: UUID) -> Role:
    role: Role = acting.found(Role.objects.all(), role_id)
    return role


def _holders(role: Role) -> str:
    count = RoleAssignment.objects.filter(role=role)[: _MOST_HOLDERS + 1].count()
    if count == 0:
        return "Nobody holds it."
    if count == 1:
        return "One user holds it."
    return f"{related.many(count, _MOST_HOLDERS)} users hold it."


View = Callable[..., HttpResponse]
_ONE: Final = "<uuid:role_id>"
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "role_create": ("new", create),
        "role_edit": (f"{_ONE}/edit", edit),
        "role_disable": (f"{_ONE}/disable", disable),
        "role_enable": (f"{_ONE}/enable", enable),
        "role_delete": (f"{_ONE}/end", delete),
    }
)
