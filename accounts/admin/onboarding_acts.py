"""Acts on onboardings: begin one, try one again, cancel one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.models import Onboarding
from accounts.services import onboardings
from accounts.services.onboardings import Request
from identity.actor import Actor
from identity.admin import acts, site
from identity.admin.acts import Ask, ConfirmForm
from identity.admin.components import Action
from identity.errors import DomainError
from identity.pages import staff_acts
from identity.pages.onboarding_forms import OnboardForm
from identity.pages.staff_session import recently_proved
from invitations.services import governed_onboardings
from invitations.services.governance import Done, Pending

LIST: Final = "admin:accounts_onboarding_changelist"
PAGE: Final = "admin:accounts_onboarding_change"
State = Onboarding.State
_BEGUN: Final = "The onboarding has begun. This page shows how far it is."
_ABOUT: Final = (
    "Makes a user with a ledger account, a DID and a part in a registry, in the background.",
    "The password is hashed before it is stored. Hand it over on a channel you trust.",
)


def offered(row: Onboarding, *, by: Actor) -> list[Action]:
    """The buttons on the page of one."""
    if not by.may("onboardings:edit"):
        return []
    actions = []
    if row.state == State.FAILED or (row.state == State.QUEUED and row.outages):
        name = "Try again" if row.state == State.FAILED else "Try now"
        actions.append(Action(name, reverse("admin:onboarding_retry", args=[row.pk])))
    if row.state not in {State.COMPLETED, State.CANCELLED}:
        url = reverse("admin:onboarding_cancel", args=[row.pk])
        actions.append(Action("Cancel it", url, is_dangerous=True))
    return actions


@recently_proved
def start(request: HttpRequest) -> HttpResponse:
    """Take name, part and password, and begin or propose it."""
    by = acting.require(request, "onboardings:create")
    form = OnboardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            begun = _begin(form.cleaned_data, by)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            waits = begun.proposal_id
            answer = Done(results=()) if waits is None else Pending(waits)
            staff_acts.report(request, answer, done=_BEGUN)
            return HttpResponseRedirect(reverse(PAGE, args=[begun.onboarding.pk]))
    context = {
        **site.each_context(request),
        "title": "Onboard somebody",
        "act": {"about": _ABOUT, "button": "Onboard"},
        "form": form,
        "back": reverse(LIST),
        "back_name": "Onboardings",
    }
    return TemplateResponse(request, "admin/act_on.html", context)


@recently_proved
def retry(request: HttpRequest, onboarding_id: UUID) -> HttpResponse:
    """Ask once, then queue it anew."""
    about = (
        "It goes on at the step that was not done. What was paid for before is used again.",
        "If somebody else has the user name by now, it can't.",
    )
    words = ("Onboard {} again", "Try it again", "The onboarding goes on.", about)
    return _confirmed(request, onboarding_id, onboardings.retry, words)


@recently_proved
def cancel(request: HttpRequest, onboarding_id: UUID) -> HttpResponse:
    """Ask once, then end it for ever."""
    about = (
        "The user that was being made is deleted, and its name is free.",
        "A ledger account that was made stays, as nobody's. This can't be taken back.",
    )
    title, done = "Cancel the onboarding of {}", "The onboarding is cancelled."
    words = (title, "Cancel the onboarding", done, about)
    return _confirmed(request, onboarding_id, onboardings.cancel, words, is_dangerous=True)


def name_of(row: Onboarding) -> str:
    """What an onboarding is called; ledger accounts of nobody have no user name."""
    return row.username or "a ledger account of nobody"


def _begin(data: dict[str, Any], by: Actor) -> governed_onboardings.Begun:
    request = Request(
        role=data["role"],
        username=data["username"],
        password=data["password"],
        parent=data["parent"],
    )
    return governed_onboardings.start(request=request, by=by, now=datetime.now(UTC))


def _confirmed(
    request: HttpRequest,
    onboarding_id: UUID,
    service: Callable[..., object],
    words: tuple[str, str, str, tuple[str, ...]],
    *,
    is_dangerous: bool = False,
) -> HttpResponse:
    by = acting.require(request, "onboardings:edit")
    row: Onboarding = acting.found(Onboarding.objects.all(), onboarding_id)
    title, button, done, about = words
    back = reverse(PAGE, args=[row.pk])
    context = {"act": {"about": about, "button": button, "is_dangerous": is_dangerous}}
    title = title.format(name_of(row))
    ask = Ask(title, "admin/act_on.html", back, "The onboarding", done, context)
    form = ConfirmForm(request.POST if request.method == "POST" else None)

    def act(_: dict[str, Any]) -> Done:
        service(onboarding_id=onboarding_id, by=by, now=datetime.now(UTC))
        return Done(results=())

    return acts.page(request, ask, form, act)
