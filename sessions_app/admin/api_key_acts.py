"""What is done with API keys in the admin: made, renewed, bound, switched and revoked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from identity.actor import Actor
from identity.admin import site
from identity.admin.acts import ConfirmForm
from identity.errors import DomainError
from identity.models import ApiKey
from identity.pages import sent_once, staff_acts
from identity.pages.staff_session import recently_proved
from invitations.services.governance import Done
from sessions_app.admin.api_key_forms import ApiKeyForm, LimitsForm, RotationForm
from sessions_app.models import MachineSession

LIST: Final = "admin:identity_apikey_changelist"
PAGE: Final = "admin:identity_apikey_change"
_MAKING: Final = "The secret is shown once, after you make the key."
_RENEWING: Final = "The new secret is shown once. Give it to the program before the old one ends."


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a key and show its secret in this one answer."""
    by = acting.require(request, "api-keys:create")
    form = ApiKeyForm(request.POST or None, by=by)
    if request.method == "POST" and form.is_valid():
        answer = _secret(request, form, "api-key.create", form.details, by=by)
        if answer is not None:
            return answer
    around = _around(
        title="Make an API key", form=form, about=_MAKING, button="Make the key", back=reverse(LIST)
    )
    return _page(request, "admin/api_key_form.html", around)


@recently_proved
def rotate(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """Make a new secret and show it in this one answer."""
    by = acting.require(request, "api-keys:edit")
    row = _found(api_key_id)
    form = RotationForm(request.POST or None)

    def details(_: datetime) -> dict[str, Any]:
        overlap = int(form.cleaned_data["overlap"])
        return {"api_key": str(api_key_id), "overlap_minutes": overlap}

    if request.method == "POST" and form.is_valid():
        answer = _secret(request, form, "api-key.rotate", details, by=by)
        if answer is not None:
            return answer
    around = _around(
        title=f"New secret for {row.name}",
        form=form,
        about=_RENEWING,
        button="Make a new secret",
        back=reverse(PAGE, args=[row.pk]),
        back_name="The API key",
    )
    return _page(request, "admin/api_key_form.html", around)


def _secret(
    request: HttpRequest, form: forms.Form, command: str, details: Any, *, by: Actor
) -> HttpResponse | None:
    """The page that shows a secret, once; None where the form says what is wrong."""
    now = datetime.now(UTC)
    try:
        answer = sent_once.once(
            str(form.cleaned_data["sent"]),
            lambda: staff_acts.submit(command=command, details=details(now), by=by, now=now),
            by=by,
            now=now,
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return None
    if not isinstance(answer, Done):
        staff_acts.report(request, answer, done="")
        return HttpResponseRedirect(reverse(LIST))
    key = answer.result["api_key"]
    around = _around(
        title="API key",
        name=key["name"],
        kind=key["kind"],
        called=key["called"],
        secret=answer.result["secret"],
        page=reverse(PAGE, args=[key["id"]]),
        back=reverse(LIST),
    )
    return _page(request, "admin/api_key_once.html", around)


@recently_proved
def bind(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """Change to what a key is bound."""
    acting.require(request, "api-keys:edit")
    row = _found(api_key_id)
    act = _act(
        row,
        "api-key.edit",
        title=f"Limits of {row.name}",
        button="Change the limits",
        done="The limits are changed.",
        about=("They count from the next request on, for its tokens, too.",),
        is_foreseen=False,
    )
    form = LimitsForm.of(row, request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda data: {"api_key": str(row.pk), **data})


@recently_proved
def disable(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """Switch a key off."""
    acting.require(request, "api-keys:edit")
    row = _found(api_key_id)
    act = _act(
        row,
        "api-key.disable",
        title=f"Switch off {row.name}",
        button="Switch the key off",
        done="The API key is switched off.",
        about=("Its next request is refused, and its sessions end. It can be switched on again.",),
        is_dangerous=True,
    )
    return _confirmed(request, act, {"api_key": str(api_key_id)})


@recently_proved
def enable(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """Switch a key on again."""
    acting.require(request, "api-keys:edit")
    row = _found(api_key_id)
    act = _act(
        row,
        "api-key.enable",
        title=f"Switch on {row.name}",
        button="Switch the key on",
        done="The API key is switched on.",
        about=("It may do again what its permissions say.",),
    )
    return _confirmed(request, act, {"api_key": str(api_key_id)})


@recently_proved
def revoke(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """End a key for ever."""
    acting.require(request, "api-keys:delete")
    row = _found(api_key_id)
    act = _act(
        row,
        "api-key.revoke",
        title=f"Revoke {row.name}",
        button="Revoke the key",
        done="The API key is revoked.",
        about=(
            "Its next request is refused. This can't be taken back; make another key instead.",
            "Keys that it made go on. They are listed on its page.",
        ),
        is_dangerous=True,
    )
    return _confirmed(request, act, {"api_key": str(api_key_id)})


@recently_proved
def end_session(request: HttpRequest, api_key_id: UUID, machine_session_id: UUID) -> HttpResponse:
    """End one session of a program."""
    acting.require(request, "sessions:end")
    row = _found(api_key_id)
    acting.found(MachineSession.objects.filter(api_key_id=row.pk), machine_session_id)
    act = _act(
        row,
        "machine-session.end",
        title=f"End a session of {row.name}",
        button="End the session",
        done="The session is ended.",
        about=("Its tokens are refused from the next request on. The key can begin another one.",),
        is_dangerous=True,
    )
    named = {"api_key": str(api_key_id), "machine_session": str(machine_session_id)}
    return _confirmed(request, act, named)


def _confirmed(request: HttpRequest, act: Act, details: Mapping[str, Any]) -> HttpResponse:
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def _act(row: Any, command: str, **words: Any) -> Act:
    return Act(command=command, back=reverse(PAGE, args=[row.pk]), back_name="The API key", **words)


def _found(api_key_id: UUID) -> Any:
    return acting.found(ApiKey.objects.all(), api_key_id)


def _around(**more: Any) -> dict[str, Any]:
    return {"back_name": "API keys", **more}


def _page(request: HttpRequest, template: str, around: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**site.each_context(request), **around})
