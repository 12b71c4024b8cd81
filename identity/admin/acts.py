"""Pages on which staff act: a form, one submission through the door, and the way back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from identity.actor import Actor
from identity.admin.frame import site
from identity.errors import DomainError
from identity.pages import staff_acts
from invitations.services import dry_run
from invitations.services.dry_run import Outcome
from invitations.services.governance import Done, Pending


class ReasonForm(forms.Form):
    """Why it is done: for acts that confirm and ask for nothing else."""

    reason = forms.CharField(max_length=512, help_text="Kept in the audit record.")


class ConfirmForm(forms.Form):
    """Nothing but the button."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page asks for. `template` extends `admin/act.html`; `done` is said afterwards."""

    title: str
    template: str
    back: str
    back_name: str
    done: str
    context: dict[str, Any] = field(default_factory=dict)


def page(
    request: HttpRequest,
    ask: Ask,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Done | Pending],
) -> HttpResponse:
    """Show the form; sent and valid, act once and go back with what became of it.

    `act` takes the cleaned data and submits the command; what it refuses stands in the form. Both
    shapes of success are told: done, or waiting for approval with a link to the proposal.
    """
    if request.method == "POST" and form.is_valid():
        try:
            answer = act(form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            staff_acts.report(request, answer, done=ask.done)
            return HttpResponseRedirect(ask.back)
    context = {
        **site.each_context(request),
        "title": ask.title,
        "form": form,
        "back": ask.back,
        "back_name": ask.back_name,
        **ask.context,
    }
    return TemplateResponse(request, ask.template, context)


def foreseen(
    command: str, details: Mapping[str, Any], *, by: Actor, now: datetime
) -> Mapping[str, str] | None:
    """What the door would make of a command now, for `components/alert.html`.

    None where it would simply be done.
    """
    verdict = dry_run.decide(action=command, details=details, by=by, now=now)
    if verdict.outcome is Outcome.ALLOWED:
        return None
    if verdict.outcome is Outcome.REVIEW:
        needs = "; ".join(verdict.missing) or "policies ask others to decide about it"
        return {
            "tone": "attention",
            "title": "This will wait for approval.",
            "text": f"{needs[:1].upper()}{needs[1:]}.",
        }
    return {"tone": "bad", "title": "This would be refused now.", "text": verdict.reason}
