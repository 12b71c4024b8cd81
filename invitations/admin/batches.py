"""Inviting many: upload, dry run, confirmation, progress, and the links shown once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from identity.actor import Actor
from identity.admin import actor_of, site
from identity.errors import DomainError, Missing
from identity.pages import handing_over, staff_session
from identity.pages.invitation_forms import ManyForm
from invitations import batch_queries, bulk_lines
from invitations.services import bulk

_LIST: Final = "admin:invitation_batches"
_ONE: Final = "admin:invitation_batch"
FATES: Final = (
    ("new", "New people", "good"),
    ("again", "Invited again", "good"),
    ("further", "Further devices", "note"),
    ("waits", "Wait for approval", "attention"),
    ("duplicate", "Duplicates", ""),
    ("forbidden", "Rights you lack", "bad"),
    ("refused", "Refused", "bad"),
)
STATES: Final = (
    ("issued", "Issued", "good"),
    ("pending", "Wait for approval", "attention"),
    ("refused", "Not issued", "bad"),
)


def urls(wrap: Callable[..., Any]) -> list[URLPattern]:
    """The pages below those of invitations."""
    one = "many/<uuid:batch_id>"
    return [
        path("many/", wrap(never_cache(upload)), name="invitation_batches"),
        path(f"{one}/", wrap(never_cache(show)), name="invitation_batch"),
        path(f"{one}/progress/", wrap(never_cache(progress)), name="invitation_batch_progress"),
        path(f"{one}/confirm/", wrap(never_cache(confirm)), name="invitation_batch_confirm"),
        path(f"{one}/discard/", wrap(never_cache(discard)), name="invitation_batch_discard"),
        path(f"{one}/continue/", wrap(never_cache(go_on)), name="invitation_batch_continue"),
        path(f"{one}/links/", wrap(never_cache(take)), name="invitation_batch_links"),
    ]


def upload(request: HttpRequest) -> HttpResponse:
    """Take a list; show those that were uploaded before."""
    by = _inviter(request)
    form = ManyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            lines = bulk_lines.read(file.read(bulk_lines.MOST_BYTES + 1))
            batch = bulk.upload(
                lines=lines,
                name=file.name,
                mails_links=form.cleaned_data.get("mails_link", False),
                by=by,
                now=datetime.now(UTC),
            )
        except DomainError as refusal:
            form.add_error("file", str(refusal))
        else:
            return _to(batch.id)
    context = _around(request, "Invite many", form=form, batches=batch_queries.batches(by=by))
    context |= {"columns": bulk_lines.COLUMNS, "back": reverse(_INVITATIONS)}
    context |= {"back_name": "Invitations"}
    return TemplateResponse(request, "admin/invite_many.html", context)


def show(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The dry run, the progress or the result of one batch."""
    by = _inviter(request)
    batch = _found(batch_id, by)
    is_draft = batch.state == "draft"
    counted, names = (batch.fates, FATES) if is_draft else (batch.states, STATES)
    context = _around(
        request,
        batch.name or "Invitations of many",
        batch=batch,
        is_draft=is_draft,
        is_busy=batch.state == "running" or not batch.is_checked,
        counts=[(name, counted.get(word, 0), tone) for word, name, tone in names],
        lines=batch_queries.lines(batch_id, by=by),
    )
    return TemplateResponse(request, "admin/invitation_batch.html", context)


def progress(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """How far the work is, for the page that waits for it."""
    batch = _found(batch_id, _inviter(request))
    is_busy = batch.state == "running" or not batch.is_checked
    return JsonResponse({"done": batch.done, "lines": batch.lines, "is_busy": is_busy})


@require_POST
@staff_session.recently_proved
def confirm(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Have the list done, once."""
    return _act(
        request,
        batch_id,
        lambda by: bulk.confirm(batch_id=batch_id, by=by, now=datetime.now(UTC)),
    )


@require_POST
def discard(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Remove a draft."""
    by = _inviter(request)
    try:
        bulk.discard(batch_id=batch_id, by=by, now=datetime.now(UTC))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return _to(batch_id)
    messages.success(request, "The list is discarded. Nobody was invited.")
    return HttpResponseRedirect(reverse(_LIST))


@require_POST
def go_on(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Ask for the work once more."""
    return _act(request, batch_id, lambda by: bulk.go_on(batch_id=batch_id, by=by))


@require_POST
@staff_session.recently_proved
def take(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The links, as a page or as CSV, in this one answer."""
    by = _inviter(request)
    batch = _found(batch_id, by)
    is_csv = request.POST.get("as") == "csv"
    # What can't be shown was not taken: one transaction around both.
    with transaction.atomic():
        taken = bulk.take(batch_id=batch_id, by=by, now=datetime.now(UTC))
        table = handing_over.table(taken) if is_csv else b""
        shown = [] if is_csv else handing_over.of_many(taken)
    if not taken:
        messages.error(request, "These links were taken before, or there are none.")
        return _to(batch_id)
    if is_csv:
        answer = HttpResponse(table, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="invitations-{batch_id}.csv"'
        return answer
    context = _around(request, "Links", handovers=shown, batch=batch)
    context |= {"back": reverse(_ONE, args=[batch_id]), "back_name": "The list"}
    return TemplateResponse(request, "admin/invitation_links.html", context)


_INVITATIONS: Final = "admin:invitations_invitation_changelist"


def _act(request: HttpRequest, batch_id: UUID, act: Callable[[Actor], object]) -> HttpResponse:
    try:
        act(_inviter(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return _to(batch_id)


def _inviter(request: HttpRequest) -> Actor:
    by = actor_of(request)
    if not by.may("users:invite"):
        raise PermissionDenied
    return by


def _found(batch_id: UUID, by: Actor) -> batch_queries.BatchRow:
    try:
        return batch_queries.batch(batch_id, by=by)
    except Missing:
        raise Http404 from None


def _to(batch_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse(_ONE, args=[batch_id]))


def _around(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": title,
        "back": reverse(_LIST),
        "back_name": "Invite many",
        **more,
    }
