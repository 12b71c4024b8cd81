"""Issuing one invitation, for the first time or again: a form, and an answer shown once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import queries as accounts
from accounts.models import User
from identity import ids
from identity.admin import actor_of, site
from identity.errors import DomainError
from identity.pages import handing_over, sent_once, staff_acts, staff_session
from identity.pages.invitation_forms import AgainForm, IssueForm, OfferForm
from identity.paging import Page
from invitations import queries
from invitations.services import bulk_fates, resending
from invitations.services.governance import Done, Step

_LIST: Final = "admin:invitations_invitation_changelist"


@staff_session.recently_proved
def issue(request: HttpRequest) -> HttpResponse:
    """Issue an invitation, with roles if asked for, and show it in this one answer."""
    by = actor_of(request)
    if not by.may("users:invite"):
        raise PermissionDenied
    form = IssueForm(request.POST or None, by=by)
    context = {"title": "Issue an invitation", "template": "admin/issue_invitation.html"}

    def steps() -> Sequence[Step]:
        mails_link = form.cleaned_data.get("mails_link", False)
        return bulk_fates.plan(form.entry(), user=ids.new(), mails_link=mails_link).steps

    return _page(request, form, steps, context, name=lambda: str(form.cleaned_data["email"]))


@staff_session.recently_proved
def again(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Issue an invitation in place of an old one, whose link then ends."""
    by = actor_of(request)
    if not by.may("devices:invite"):
        raise PermissionDenied
    now = datetime.now(UTC)
    try:
        row = queries.invitation(invitation_id, now=now)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(_LIST))
    has_joined = bool(accounts.devices_of(row.user, Page(limit=1)).rows)
    form = AgainForm(request.POST or None, has_joined=has_joined)
    context = {
        "title": "Issue the invitation again",
        "template": "admin/issue_again.html",
        "invitation": row,
    }

    def steps() -> Sequence[Step]:
        data = form.cleaned_data
        step = resending.again(
            invitation_id=invitation_id,
            now=now,
            hours=data["hours"],
            mails_link=data.get("mails_link", False),
            is_for_further_device=data.get("is_for_further_device", False),
        )
        return [step]

    return _page(request, form, steps, context, name=lambda: row.username)


@staff_session.recently_proved
def further(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Invite somebody who is a user already, for a further device."""
    by = actor_of(request)
    if not by.may("devices:invite"):
        raise PermissionDenied
    user = User.objects.filter(id=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise Http404
    form = OfferForm(request.POST or None)
    context = {
        "title": f"Invite a further device of {user.username}",
        "template": "admin/invite_further.html",
        "back": reverse("admin:accounts_user_change", args=[user.pk]),
        "back_name": "The user",
    }

    def steps() -> Sequence[Step]:
        details = {"user": str(user.public_id), "life_minutes": form.cleaned_data["hours"] * 60}
        if form.cleaned_data.get("mails_link"):
            details["mails_link"] = True
        return [Step("device.invite", details)]

    return _page(request, form, steps, context, name=lambda: user.username)


def _page(
    request: HttpRequest,
    form: OfferForm,
    steps: Callable[[], Sequence[Step]],
    context: dict[str, Any],
    *,
    name: Callable[[], str],
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            return _answer(request, form, steps, name=name())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
    template = context.pop("template")
    return TemplateResponse(request, template, _around(request, form=form, **context))


def _answer(
    request: HttpRequest, form: OfferForm, steps: Callable[[], Sequence[Step]], *, name: str
) -> HttpResponse:
    by, now = actor_of(request), datetime.now(UTC)
    answer = sent_once.once(
        str(form.cleaned_data["sent"]),
        lambda: staff_acts.submit_together(steps=steps(), by=by, now=now),
        by=by,
        now=now,
    )
    if not isinstance(answer, Done):
        staff_acts.report(request, answer, done="")
        return HttpResponseRedirect(reverse(_LIST))
    result = answer.results[0]
    context = _around(
        request,
        title="Invitation",
        handover=handing_over.of(result),
        email=name,
        is_mailed=form.cleaned_data.get("mails_link", False),
        expires_at=datetime.fromtimestamp(result["expires_at"], UTC),
        invitation_url=reverse("admin:invitations_invitation_change", args=[result["invitation"]]),
    )
    return TemplateResponse(request, "admin/invitation_once.html", context)


def _around(request: HttpRequest, **more: Any) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "back": reverse(_LIST),
        "back_name": "Invitations",
        **more,
    }
