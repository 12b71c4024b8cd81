"""Pages about what is carried to a remote: its contexts, what differs there, what is on its way."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from accounts.queries import remotes as queries
from accounts.queries.remotes import CarriedRow, RemoteRow
from identity import ids
from identity.admin import remote_forms, remote_health
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import DomainError, Missing
from identity.pages import staff_session
from identity.paging import After, CursorInvalid

STATES: Final[Mapping[str, str]] = {"pending": "On the way", "failed": "Given up", "done": "Done"}
_ONE: Final = "remotes/<uuid:remote_id>/"
_CARRIED: Final = f"{_ONE}contexts/<uuid:carried_id>/"


class RemoteContextPages(Pages):
    """The contexts of a remote, and its queue."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        check, retry = require_POST(self.check), require_POST(self.retry)
        again = f"{_ONE}changes/<uuid:change_id>/retry/"
        return [
            path(f"{_ONE}carry/", self.framed(self.carry), name="remote_carry"),
            path(_CARRIED, self.framed(self.read), name="remote_context"),
            path(f"{_CARRIED}check/", self.framed(check), name="remote_check"),
            path(f"{_CARRIED}resync/", self.framed(self.resync), name="remote_resync"),
            path(f"{_CARRIED}drop/", self.framed(self.drop), name="remote_drop"),
            path(f"{_ONE}changes/", self.framed(self.queue), name="remote_changes"),
            path(f"{_ONE}retry/", self.framed(retry), name="remote_retry"),
            path(again, self.framed(retry), name="remote_retry_one"),
        ]

    @staff_session.recently_proved
    def carry(self, request: HttpRequest, remote_id: UUID) -> HttpResponse:
        """Choose a context that is carried from now on."""
        row = _remote(request, remote_id, "remotes:edit")
        choices = queries.contexts_to_carry(remote_id)
        form = remote_forms.CarryForm(request.POST or None, contexts=choices)

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {
                "remote": str(remote_id),
                "carried": str(given["carried"] or ids.new()),
                "context": given["context"],
                "context_there": given["context_there"],
            }
            done = "The context is carried from now on."
            return acted(request, "remote.carry", details, done=done, then=_page(row))

        form.fields["carried"].initial = ids.new()
        return asked(form, act) or self._below(
            request, "remote_carry", row, title="Carry a context", form=form
        )

    def read(self, request: HttpRequest, remote_id: UUID, carried_id: UUID) -> HttpResponse:
        """One context: how it stands there, and who stands otherwise."""
        row = _remote(request, remote_id, "remotes:get")
        carried = _carried(remote_id, carried_id)
        return self._below(
            request,
            "remote_context",
            row,
            title=carried.name or carried.context,
            carried=carried,
            health=remote_health.of_carried(carried),
            facts=remote_health.facts_of_carried(carried),
            sums=remote_health.sums(carried),
            differences=remote_health.differences(carried),
            may_edit=actor_of(request).may("remotes:edit"),
        )

    def check(self, request: HttpRequest, remote_id: UUID, carried_id: UUID) -> HttpResponse:
        """Have both sides compared."""
        row = _remote(request, remote_id, "remotes:edit")
        carried = _carried(remote_id, carried_id)
        done = "Both sides are being compared. Look at this page again in a moment."
        then = reverse("admin:remote_context", args=[row.id, carried.id])
        return _sent(request, "remote.check", _named(carried), done=done, then=then)

    @staff_session.recently_proved
    def resync(self, request: HttpRequest, remote_id: UUID, carried_id: UUID) -> HttpResponse:
        """Bring the remote into step with this side."""
        form = remote_forms.ResyncForm(request.POST if request.method == "POST" else None)
        words = ("resync", "Bring it into step", "The remote is being brought into step.")
        return self._confirmed(request, remote_id, carried_id, form, words)

    @staff_session.recently_proved
    def drop(self, request: HttpRequest, remote_id: UUID, carried_id: UUID) -> HttpResponse:
        """Carry one no more."""
        form = forms.Form(request.POST if request.method == "POST" else None)
        words = ("drop", "Carry it no more", "The context is carried no more.")
        return self._confirmed(request, remote_id, carried_id, form, words)

    def queue(self, request: HttpRequest, remote_id: UUID) -> HttpResponse:
        """What is on its way, was given up or was carried, the newest first."""
        row = _remote(request, remote_id, "remotes:get")
        state = request.GET.get("state", "")
        filters = {"state": state} if state in STATES else {}
        after = After(after=request.GET.get("after", ""), filters=filters)
        try:
            window = queries.changes_window(remote_id, after)
        except CursorInvalid:
            return HttpResponseRedirect(request.path)
        return self._below(
            request,
            "remote_changes",
            row,
            title="On the way",
            window=window,
            state=filters.get("state", ""),
            states=STATES.items(),
            may_edit=actor_of(request).may("remotes:edit"),
        )

    def retry(
        self, request: HttpRequest, remote_id: UUID, change_id: UUID | None = None
    ) -> HttpResponse:
        """Try again what was given up: one change, or all."""
        row = _remote(request, remote_id, "remotes:edit")
        details = {"remote": str(row.id), **({"change": str(change_id)} if change_id else {})}
        done = "What was given up is tried again."
        then = reverse("admin:remote_changes", args=[row.id])
        return _sent(request, "remote.retry", details, done=done, then=then)

    def _confirmed(
        self,
        request: HttpRequest,
        remote_id: UUID,
        carried_id: UUID,
        form: forms.Form,
        words: Sequence[str],
    ) -> HttpResponse:
        row = _remote(request, remote_id, "remotes:edit")
        carried = _carried(remote_id, carried_id)
        verb, title, done = words

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {**_named(carried), **given}
            page = reverse("admin:remote_context", args=[row.id, carried.id])
            then = _page(row) if verb == "drop" else page
            return acted(request, f"remote.{verb}", details, done=done, then=then)

        return asked(form, act) or self._below(
            request, f"remote_{verb}", row, title=title, form=form, carried=carried
        )

    def _below(self, request: HttpRequest, page: str, row: RemoteRow, **more: Any) -> HttpResponse:
        return self.shown(request, page, row=row, back=_page(row), back_name=row.name, **more)


def _remote(request: HttpRequest, remote_id: UUID, permission: str) -> RemoteRow:
    require(request, permission)
    try:
        return queries.remote(remote_id)
    except Missing:
        raise Http404 from None


def _carried(remote_id: UUID, carried_id: UUID) -> CarriedRow:
    try:
        return queries.carried(remote_id, carried_id)
    except Missing:
        raise Http404 from None


def _named(carried: CarriedRow) -> dict[str, str]:
    return {"remote": str(carried.remote), "carried": str(carried.id)}


def _page(row: RemoteRow) -> str:
    return reverse("admin:remote", args=[row.id])


def _sent(
    request: HttpRequest, command: str, details: Mapping[str, Any], *, done: str, then: str
) -> HttpResponse:
    """One act behind a button: what is refused is told on the page that it leads to."""
    try:
        return acted(request, command, details, done=done, then=then)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(then)
