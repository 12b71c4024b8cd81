"""Making, changing and removing a policy: through the one door, with a dry run beside the form."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.errors import ReauthenticationNeeded
from identity import ids
from identity.actor import Actor
from identity.admin import actor_of, site
from identity.admin.acts import ConfirmForm
from identity.errors import DomainError
from identity.pages import staff_acts, staff_session
from invitations.admin import policy_trials, policy_words
from invitations.admin.policy_forms import PolicyForm
from invitations.admin.policy_trials import Trial
from invitations.models import Policy

LIST: Final = "admin:invitations_policy_changelist"
PAGE: Final = "admin:invitations_policy_change"
TRY: Final = "try"
_UNCHANGED: Final = "Nothing is changed. Change a field, or go back."


def create(request: HttpRequest) -> HttpResponse:
    """Write a policy, try it out, and make or propose it."""
    acting.require(request, "policies:create")
    return _edited(request, None) if request.method == "POST" else _opened(request, None)


def edit(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """The same for one that is there."""
    acting.require(request, "policies:edit")
    row: Policy = acting.found(Policy.objects.all(), policy_id)
    if row.is_locked:
        return _stays(request, row)
    return _edited(request, row) if request.method == "POST" else _opened(request, row)


@staff_session.recently_proved
def delete(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """Remove a policy, or propose that; what would have been decided otherwise is said first."""
    by = acting.require(request, "policies:delete")
    row: Policy = acting.found(Policy.objects.all(), policy_id)
    if row.is_locked:
        return _stays(request, row)
    act = Act(
        command="policy.delete",
        title=f"Delete “{row.name}”",
        button="Delete the policy",
        done="The policy is removed.",
        back=reverse(LIST),
        back_name="Policies",
        about=_without(row, by=by),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"policy": str(row.public_id)})


@staff_session.recently_proved
def _opened(request: HttpRequest, row: Policy | None) -> HttpResponse:
    return _page(request, PolicyForm(row=row), policy_trials.form())


def _edited(request: HttpRequest, row: Policy | None) -> HttpResponse:
    """What was written is kept whatever comes: a session that is too old loses nobody's text."""
    form, trial, shown = PolicyForm(request.POST, row=row), policy_trials.form(request.POST), None
    if TRY in request.POST:
        by, now = actor_of(request), datetime.now(UTC)
        trial, shown = policy_trials.tried(form, trial, by=by, now=now)
    elif form.is_valid():
        answer = _submitted(request, form)
        if answer is not None:
            return answer
    return _page(request, form, trial, shown)


def _submitted(request: HttpRequest, form: PolicyForm) -> HttpResponse | None:
    command, details = _command(form)
    if not details:
        form.add_error(None, _UNCHANGED)
        return None
    try:
        staff_session.require_recent(request)
        answer = staff_acts.submit(
            command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
        )
    except ReauthenticationNeeded:
        form.add_error(None, _prove_first())
    except DomainError as refusal:
        form.refuse(refusal)
    else:
        done = "The policy is changed." if form.row else "The policy is made."
        staff_acts.report(request, answer, done=done)
        return HttpResponseRedirect(_back(form.row))
    return None


def _command(form: PolicyForm) -> tuple[str, Mapping[str, Any]]:
    """The command with its input; an empty one where nothing differs."""
    changes = form.changes()
    if form.row is None:
        # The form's own id: the same form sent twice makes one policy.
        chosen = form.cleaned_data["policy"] or ids.new()
        return "policy.create", {"policy": str(chosen), **changes}
    return "policy.edit", {"policy": str(form.row.public_id), **changes} if changes else {}


def _page(
    request: HttpRequest, form: PolicyForm, trial: Any, shown: Trial | None = None
) -> HttpResponse:
    row = form.row
    context = {
        **site.each_context(request),
        "title": f"Edit “{row.name}”" if row else "Write a policy",
        "form": form,
        "trial_form": trial,
        "trial": shown,
        "languages": reverse("admin:policy_languages"),
        "steps_back": policy_words.steps_back(row) if row and row.only_if_reachable else "",
        "save": "Save" if row else "Make the policy",
        "back": _back(row),
        "back_name": row.name if row else "Policies",
    }
    return TemplateResponse(request, "admin/policy_form.html", context)


def languages(request: HttpRequest) -> HttpResponse:
    """The three languages of policies."""
    acting.require(request, "policies:list")
    context = {
        **site.each_context(request),
        "title": "The languages of policies",
        "back": reverse(LIST),
        "back_name": "Policies",
    }
    return TemplateResponse(request, "admin/policy_languages.html", context)


def _stays(request: HttpRequest, row: Policy) -> HttpResponse:
    messages.info(request, "This policy is locked. Its page says why.")
    return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))


def _without(row: Policy, *, by: Actor) -> list[str]:
    about = [f"The policy is about {policy_words.about(row)}. {policy_words.decision(row)}"]
    past = policy_trials.replayed(
        row.public_id, {"status": Policy.Status.DISABLED}, by=by, now=datetime.now(UTC)
    )
    if past:
        changed = sum(each.is_changed for each in past) or "none"
        latest = f"{changed} of the latest {len(past)} proposals"
        about.append(f"Without it, {latest} would be decided otherwise.")
    return [*about, "To stop it for a while, edit it and switch it off instead."]


def _back(row: Policy | None) -> str:
    return reverse(PAGE, args=[row.pk]) if row else reverse(LIST)


def _prove_first() -> str:
    return format_html(
        'You signed in a while ago. <a href="{}" target="_blank">Show again who you '
        "are</a> in a new tab, then send this form once more: what you wrote is kept here.",
        reverse("admin:reauthenticate"),
    )


VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {
        "policy_create": ("create", create),
        "policy_languages": ("languages", languages),
        "policy_edit": ("<uuid:policy_id>/edit", edit),
        "policy_delete": ("<uuid:policy_id>/end", delete),
    }
)
