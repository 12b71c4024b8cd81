"""Acts on devices: revoke, suspend, resume, rename."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.models import Device
from identity.actor import Actor
from identity.admin.acts import ConfirmForm, ReasonForm
from identity.admin.components import Action
from identity.admin.standing import actor_of
from identity.crypto import check_code
from identity.pages.people_forms import DeviceNameForm
from identity.pages.staff_session import recently_proved

_LIST: Final = "admin:accounts_device_changelist"
_PAGE: Final = "admin:accounts_device_change"


def offered(device: Device, *, by: Actor) -> Sequence[Action]:
    """The buttons on a device's page."""
    if device.status == Device.Status.REVOKED:
        return ()
    is_suspended = device.status == Device.Status.SUSPENDED
    wanted = (
        (by.may("devices:edit"), "Rename", "device_rename", False),
        (by.may("devices:edit") and is_suspended, "Resume", "device_resume", False),
        (by.may("devices:edit") and not is_suspended, "Suspend", "device_suspend", True),
        (by.may("devices:delete"), "Revoke", "device_revoke", True),
    )
    return [
        Action(name, reverse(f"admin:{view}", args=[device.pk]), is_dangerous=is_dangerous)
        for may, name, view, is_dangerous in wanted
        if may
    ]


@recently_proved
def revoke(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Ask why, then revoke or propose it; one's own needs no right."""
    device = _looked_up(device_id)
    by = actor_of(request)
    is_own = device is not None and device.user_id == by.user_id
    if not (is_own or by.may("devices:delete")):
        raise PermissionDenied
    device = _there(device)
    end = (
        "Once it is revoked, its next request is refused. This can't be taken back: its owner "
        "needs a new invitation."
    )
    act = Act(
        command="device.revoke",
        title=f"Revoke {device.name}",
        button="Revoke the device",
        done="The device is revoked.",
        back=reverse(_LIST),
        back_name="Devices",
        about=(_said(device), end),
        is_dangerous=True,
    )
    form = ReasonForm(request.POST or None)
    return acting.page(
        request, act, form, lambda data: {**_named(device), "reason": data.get("reason", "")}
    )


@recently_proved
def suspend(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Stop the device until it is resumed."""
    device = _required(request, device_id)
    act = _act(
        device,
        ("Suspend", "The device is suspended."),
        f"{_said(device)} Its requests are refused until somebody resumes it; its keys stay.",
        is_dangerous=True,
    )
    form = ReasonForm(request.POST or None)
    return acting.page(
        request,
        act,
        form,
        lambda data: {
            **_named(device),
            "status": "suspended",
            "reason": data.get("reason", ""),
        },
    )


@recently_proved
def resume(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Accept the device again."""
    device = _required(request, device_id)
    about = f"{_said(device)} Its requests are accepted again: compare the check code first."
    act = _act(device, ("Resume", "The device is accepted again."), about)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {**_named(device), "status": "active"})


@recently_proved
def rename(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Call the device otherwise."""
    device = _required(request, device_id)
    form = DeviceNameForm(request.POST or None, initial={"name": device.name})
    act = _act(device, ("Rename", "The device is renamed."), _said(device), is_foreseen=False)
    return acting.page(request, act, form, lambda _: {**_named(device), **form.changes()})


def _act(device: Device, words: tuple[str, str], about: str, **more: Any) -> Act:
    verb, done = words
    return Act(
        command="device.edit",
        title=f"{verb} {device.name}",
        button=f"{verb} the device",
        done=done,
        back=reverse(_PAGE, args=[device.pk]),
        back_name="The device",
        about=(about,),
        **more,
    )


def _required(request: HttpRequest, device_id: UUID) -> Device:
    acting.require(request, "devices:edit")
    return _there(_looked_up(device_id))


def _looked_up(device_id: UUID) -> Device | None:
    return Device.objects.select_related("user").filter(id=device_id).first()


def _there(device: Device | None) -> Device:
    if device is None:
        raise Http404
    return device


def _named(device: Device) -> dict[str, Any]:
    return {"user": str(device.user.public_id), "device": str(device.id)}


def _said(device: Device) -> str:
    code = check_code.of_key(device.signature_key)
    owner = device.user.username
    return f"The device {device.name} of {owner} is {device.status}; its check code is {code}."


View = Callable[..., HttpResponse]
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "device_revoke": ("revoke", revoke),
        "device_suspend": ("suspend", suspend),
        "device_resume": ("resume", resume),
        "device_rename": ("rename", rename),
    }
)
