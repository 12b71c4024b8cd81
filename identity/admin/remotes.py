"""Pages about remotes: which there are, how they do, linked, changed, paused and unlinked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.queries import remotes as queries
from accounts.queries.remotes import RemoteRow
from identity import ids as new_ids
from identity.admin import remote_forms, remote_health, trail
from identity.admin.pages import ThingPages, acted, asked, require
from identity.admin.standing import actor_of
from identity.pages import staff_session


class RemotePages(ThingPages[RemoteRow]):
    """The list, the page of one remote, and what is done with them."""

    noun = "remote"
    named = "remote_id"

    def find(self, thing_id: UUID) -> RemoteRow:
        """One remote of the scope. Raises `Missing`."""
        return queries.remote(thing_id)

    def name_of(self, row: RemoteRow) -> str:
        """What people here call it."""
        return row.name

    def making(self) -> list[URLPattern]:
        """Where one is linked."""
        return [path("remotes/create/", self.framed(self.create), name="remote_create")]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All remotes with how they do."""
        require(request, "remotes:list")
        actor, now = actor_of(request), datetime.now(UTC)
        return self.shown(
            request,
            "remote_list",
            title="Remotes",
            rows=[(row, remote_health.of(row, now=now)) for row in queries.all_remotes()],
            may_create=actor.may("remotes:create"),
            may_read=actor.may("remotes:get"),
        )

    def read(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """One remote: how it does, the contexts that are carried, its trail."""
        row, actor = self.required(request, "get", ids), actor_of(request)
        carried = queries.carried_by(row.id)
        return self.shown(
            request,
            "remote",
            title=row.name,
            row=row,
            health=remote_health.of(row, now=datetime.now(UTC)),
            facts=remote_health.facts(row),
            carried=[(one, remote_health.of_carried(one)) for one in carried],
            trail=trail.of("remote", str(row.id), by=actor),
            may_edit=actor.may("remotes:edit"),
            may_delete=actor.may("remotes:delete"),
            back=self.list_page,
            back_name="Remotes",
        )

    @staff_session.recently_proved
    def create(self, request: HttpRequest) -> HttpResponse:
        """Link one, or propose it."""
        require(request, "remotes:create")
        form = remote_forms.RemoteForm(request.POST or None)

        def act(given: dict[str, Any]) -> HttpResponse:
            # The form's own id: the same form sent twice links one remote.
            details = remote_forms.details(given, given["remote"] or new_ids.new())
            done = "The remote is linked. Choose the contexts that are carried there."
            return acted(request, "remote.link", details, done=done, then=self.list_page)

        form.fields["remote"].initial = new_ids.new()
        return asked(form, act) or self.below(
            request, "form", None, title="Link a remote", form=form
        )

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Change where it is, or its key."""
        row = self.required(request, "edit", ids)
        form = remote_forms.RemoteForm(
            request.POST or None, row=row, initial=remote_forms.initial(row)
        )

        def act(given: dict[str, Any]) -> HttpResponse:
            details, done = remote_forms.details(given, row.id), "The remote is changed."
            return acted(request, "remote.edit", details, done=done, then=self.page_of(row))

        return asked(form, act) or self.below(
            request, "form", row, title="Change the remote", form=form
        )

    @staff_session.recently_proved
    def switch(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Pause one, or resume it."""
        row = self.required(request, "edit", ids)
        verb = "pause" if row.status == self.on else "resume"

        def act(_: dict[str, Any]) -> HttpResponse:
            details, done = {"remote": str(row.id)}, f"The remote is {verb}d."
            return acted(request, f"remote.{verb}", details, done=done, then=self.page_of(row))

        return self.confirmed(request, "switch", f"{verb.capitalize()} the remote", row, act)

    @staff_session.recently_proved
    def delete(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Unlink one, or propose that."""
        row = self.required(request, "delete", ids)

        def act(_: dict[str, Any]) -> HttpResponse:
            details, done = {"remote": str(row.id)}, "The remote is unlinked."
            return acted(request, "remote.unlink", details, done=done, then=self.list_page)

        return self.confirmed(request, "delete", "Unlink the remote", row, act)
