"""Acts on the account of a user: edit, disable, enable, reset the password, delete."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.models import Device, User
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.people_forms import EditUserForm
from identity.pages.staff_session import recently_proved
from invitations.models import Invitation

LIST: Final = "admin:accounts_user_changelist"
PAGE: Final = "admin:accounts_user_change"
_FURTHER: Final = "invitation_further"
_UNPROTECTED: Final = (
    "Nobody is told a new password: the old one is removed. Until the owner sets another "
    "one on a device, whoever holds an invitation of this account needs none."
)
ENDS: Final = (
    "All devices are revoked; their next requests are refused.",
    "All roles are withdrawn and the user leaves all groups.",
    "Open invitations can't be used any more.",
    "The account password and the access to this admin end.",
    "What the user did stays on record under the old name; the name itself is free again.",
)


def offered(user: User, *, by: Actor) -> Sequence[Action]:
    """The buttons on a user's page."""
    is_disabled = user.status == User.Status.DISABLED
    is_person = user.kind == User.Kind.PERSON
    further = "Invite a further device"
    wanted = (
        (by.may("users:edit"), "Edit", "user_edit", False),
        (by.may("devices:invite") and is_person and not is_disabled, further, _FURTHER, False),
        (
            by.may("passwords:delete") and bool(user.password),
            "Reset the password",
            "user_reset",
            True,
        ),
        (by.may("users:edit") and is_disabled, "Enable", "user_enable", False),
        (by.may("users:edit") and not is_disabled, "Disable", "user_disable", True),
        (by.may("users:delete"), "Delete", "user_delete", True),
    )
    return [
        Action(name, reverse(f"admin:{view}", args=[user.pk]), is_dangerous=is_dangerous)
        for may, name, view, is_dangerous in wanted
        if may
    ]


def living(user_id: UUID) -> User:
    """A user who is not deleted. Raises `Http404`."""
    user: User = acting.found(User.objects.filter(deleted_at__isnull=True), user_id)
    return user


@recently_proved
def edit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Change names and contact."""
    acting.require(request, "users:edit")
    user = living(user_id)
    form = EditUserForm(request.POST or None, initial=_contact(user))
    act = Act(
        command="user.edit",
        title=f"Edit {user.username}",
        button="Save",
        done="The user is changed.",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"user": str(user.public_id), **form.changes()}
    )


@recently_proved
def disable(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Stop the user until enabled again."""
    about = (
        "Requests of all devices of this user are refused, and nobody signs in as this user. "
        "Devices, roles and groups stay, and enabling brings everything back."
    )
    return _with_status(request, user_id, "disabled", ("Disable", about))


@recently_proved
def enable(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let the user act again."""
    about = "The devices that are not revoked are accepted again, with the roles and groups kept."
    return _with_status(request, user_id, "active", ("Enable", about))


@recently_proved
def reset_password(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Remove the account password."""
    acting.require(request, "passwords:delete")
    user = living(user_id)
    act = Act(
        command="password.reset",
        title=f"Reset the password of {user.username}",
        button="Remove the password",
        done="The account has no password now.",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        about=(_UNPROTECTED,),
        is_dangerous=True,
    )
    return _confirmed(request, act, {"user": str(user.public_id)})


@recently_proved
def delete(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Remove the user for ever."""
    acting.require(request, "users:delete")
    user = living(user_id)
    devices = Device.objects.filter(user=user).exclude(status=Device.Status.REVOKED)
    open_ones = Invitation.objects.filter(user=user, state__in=("open", "pending"))
    counted = f"registered devices: {devices.count()}, open invitations: {open_ones.count()}"
    act = Act(
        command="user.delete",
        title=f"Delete {user.username}",
        button="Delete for ever",
        done="The user is deleted.",
        back=reverse(LIST),
        back_name="Users",
        about=(f"This can't be taken back ({counted}). What ends by it:",),
        ends=ENDS,
        is_dangerous=True,
    )
    return _confirmed(request, act, {"user": str(user.public_id)})


def _with_status(
    request: HttpRequest, user_id: UUID, status: str, words: tuple[str, str]
) -> HttpResponse:
    acting.require(request, "users:edit")
    user = living(user_id)
    verb, about = words
    act = Act(
        command="user.edit",
        title=f"{verb} {user.username}",
        button=f"{verb} the user",
        done=f"The user is {verb.lower()}d.",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        about=(about,),
        is_dangerous=status == User.Status.DISABLED,
    )
    return _confirmed(request, act, {"user": str(user.public_id), "status": status})


def _confirmed(request: HttpRequest, act: Act, details: Mapping[str, Any]) -> HttpResponse:
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def _contact(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in EditUserForm.base_fields}


View = Callable[..., HttpResponse]
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "user_edit": ("edit", edit),
        "user_disable": ("disable", disable),
        "user_enable": ("enable", enable),
        "user_reset": ("reset-password", reset_password),
        "user_delete": ("end", delete),
    }
)
