"""Pages about applications: programs whose users sign in here."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from identity import ids
from identity import queries as ground
from identity.admin import facts, trail
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Invalid, Missing
from identity.pages import staff_session
from sessions_app.queries import applications as queries
from sessions_app.queries.applications import ApplicationRow
from sessions_app.services import return_addresses, tokens

LIST: Final = "admin:applications"
_BACK: Final = {"back_name": "Applications"}


class ApplicationForm(forms.Form):
    """A name, and where users may be sent back to."""

    name = forms.CharField(max_length=100, help_text="People see it while they sign in.")
    return_addresses = forms.CharField(
        label="Return addresses",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One on each line, exactly as the application gives them. Users go nowhere else.",
    )
    application = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_return_addresses(self) -> list[str]:
        """Each in its one plain form."""
        try:
            return return_addresses.checked(self.cleaned_data["return_addresses"].split())
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from None


class ApplicationPages(Pages):
    """The list, the page of one application, and what is done with them."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        one = "applications/<uuid:application_id>/"
        return [
            path("applications/", self.framed(self.listed), name="applications"),
            path("applications/create/", self.framed(self.create), name="application_create"),
            path(one, self.framed(self.read), name="application"),
            path(f"{one}edit/", self.framed(self.edit), name="application_edit"),
            path(f"{one}switch/", self.framed(self.switch), name="application_switch"),
            path(f"{one}delete/", self.framed(self.delete), name="application_delete"),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All applications, the oldest first."""
        require(request, "applications:list")
        actor = actor_of(request)
        return self.shown(
            request,
            "application_list",
            title="Applications",
            rows=queries.all_applications(),
            may_create=actor.may("applications:create"),
            may_read=actor.may("applications:get"),
        )

    def read(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """One application: what it is told, where users go, its trail."""
        require(request, "applications:get")
        row, actor = found(application_id), actor_of(request)
        return self.shown(
            request,
            "application",
            title=row.name,
            row=row,
            facts=_facts(row),
            trail=trail.of("application", str(application_id), by=actor),
            may_edit=actor.may("applications:edit"),
            may_delete=actor.may("applications:delete"),
            back=reverse(LIST),
            **_BACK,
        )

    @staff_session.recently_proved
    def create(self, request: HttpRequest) -> HttpResponse:
        """Make one, or propose it."""
        require(request, "applications:create")
        form = ApplicationForm(request.POST or None)

        def act(given: dict[str, Any]) -> HttpResponse:
            # The form's own id: the same form sent twice makes one application.
            details = {**given, "application": str(given["application"] or ids.new())}
            done = "The application is made. Its page has what the program needs."
            return acted(request, "application.create", details, done=done, then=reverse(LIST))

        form.fields["application"].initial = ids.new()
        return asked(form, act) or self._asked(request, "application_form", "New application", form)

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """Change its name or where its users go."""
        require(request, "applications:edit")
        row = found(application_id)
        initial = {"name": row.name, "return_addresses": "\n".join(row.return_addresses)}
        form = ApplicationForm(request.POST or None, initial=initial)

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {**given, "application": str(application_id)}
            done = "The application is changed."
            return acted(request, "application.edit", details, done=done, then=_page(row))

        title = "Change the application"
        return asked(form, act) or self._asked(request, "application_form", title, form, row)

    @staff_session.recently_proved
    def switch(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """Switch it off, or on again."""
        require(request, "applications:edit")
        row = found(application_id)
        is_on = row.status == "active"
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            status = "disabled" if is_on else "active"
            details = {"application": str(application_id), "status": status}
            word = "off" if is_on else "on"
            done = f"The application is switched {word}."
            return acted(request, "application.edit", details, done=done, then=_page(row))

        title = "Switch the application off" if is_on else "Switch the application on"
        return asked(form, act) or self._asked(request, "application_switch", title, form, row)

    @staff_session.recently_proved
    def delete(self, request: HttpRequest, application_id: UUID) -> HttpResponse:
        """Remove it, or propose that."""
        require(request, "applications:delete")
        row = found(application_id)
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {"application": str(application_id)}
            done = "The application is removed."
            return acted(request, "application.delete", details, done=done, then=reverse(LIST))

        title = "Delete the application"
        return asked(form, act) or self._asked(request, "application_delete", title, form, row)

    def _asked(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        form: forms.Form,
        row: ApplicationRow | None = None,
    ) -> HttpResponse:
        return self.shown(
            request,
            template,
            title=title,
            form=form,
            row=row,
            is_on=row is not None and row.status == "active",
            back=_page(row) if row else reverse(LIST),
            back_name=row.name if row else "Applications",
        )


def found(application_id: UUID) -> ApplicationRow:
    """One application of the scope. Raises Http404."""
    try:
        return queries.application(application_id)
    except Missing:
        raise Http404 from None


def _page(row: ApplicationRow) -> str:
    return reverse("admin:application", args=[row.id])


def _facts(row: ApplicationRow) -> list[tuple[str, str]]:
    issuer = tokens.issuer(ground.scope().slug)
    shown = {
        "Client id": row.id,
        "Return addresses": "\n".join(row.return_addresses),
        "Sign-in page": f"{issuer}/login",
        "Tokens from": f"{issuer}/v1/token",
        "Made": row.created_at,
        "Changed": row.updated_at,
    }
    return [(name, facts.value_of(value, name)) for name, value in shown.items()]
