"""Pages about applications: programs whose users sign in here."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from identity import ids
from identity import queries as ground
from identity.admin import facts, trail
from identity.admin.pages import ThingPages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Invalid
from identity.pages import staff_session
from sessions_app import return_addresses
from sessions_app.queries import applications as queries
from sessions_app.queries.applications import ApplicationRow
from sessions_app.services import tokens


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


class ApplicationPages(ThingPages[ApplicationRow]):
    """The list, the page of one application, and what is done with them."""

    noun = "application"
    named = "application_id"

    def find(self, thing_id: UUID) -> ApplicationRow:
        """One application of the scope. Raises `Missing`."""
        return queries.application(thing_id)

    def name_of(self, row: ApplicationRow) -> str:
        """Its name."""
        return row.name

    def making(self) -> list[URLPattern]:
        """Where one is made."""
        create = self.framed(self.create)
        return [path("applications/create/", create, name="application_create")]

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

    def read(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """One application: what it is told, where users go, its trail."""
        row, actor = self.required(request, "get", ids), actor_of(request)
        return self.shown(
            request,
            "application",
            title=row.name,
            row=row,
            facts=_facts(row),
            trail=trail.of("application", str(row.id), by=actor),
            may_edit=actor.may("applications:edit"),
            may_delete=actor.may("applications:delete"),
            back=self.list_page,
            back_name="Applications",
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
            return acted(request, "application.create", details, done=done, then=self.list_page)

        form.fields["application"].initial = ids.new()
        return asked(form, act) or self.below(
            request, "form", None, title="New application", form=form
        )

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Change its name or where its users go."""
        row = self.required(request, "edit", ids)
        initial = {"name": row.name, "return_addresses": "\n".join(row.return_addresses)}
        form = ApplicationForm(request.POST or None, initial=initial)

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {**given, "application": str(row.id)}
            done = "The application is changed."
            return acted(request, "application.edit", details, done=done, then=self.page_of(row))

        title = "Change the application"
        return asked(form, act) or self.below(request, "form", row, title=title, form=form)


def _facts(row: ApplicationRow) -> list[tuple[str, str]]:
    issuer = tokens.issuer(ground.scope().slug)
    shown = {
        "Client id": row.id,
        "Return addresses": "\n".join(row.return_addresses),
        "Sign-in page": f"{issuer}/login",
        "Ready address": _sign_in_address(issuer, row),
        "Tokens from": f"{issuer}/v1/token",
        "Issuer": issuer,
        "Keys (JWKS)": f"{issuer}/.well-known/jwks.json",
        "Made": row.created_at,
        "Changed": row.updated_at,
    }
    return [(name, facts.value_of(value, name)) for name, value in shown.items()]


def _sign_in_address(issuer: str, row: ApplicationRow) -> str:
    """Where the application sends its users, but for what it makes anew each time."""
    told = {
        "response_type": "code",
        "client_id": row.id,
        "redirect_uri": row.return_addresses[0],
        "code_challenge_method": "S256",
    }
    return f"{issuer}/login?{urlencode(told)}&state=…&code_challenge=…"
