"""What pages that stand beside the lists of rows have in common: frame, permission, one act."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity.admin.standing import actor_of
from identity.errors import DomainError, Missing
from identity.pages import staff_acts, staff_session


class Pages:
    """Pages with the frame of one site around them; each runs inside the scope."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    def framed(self, view: Callable[..., HttpResponseBase]) -> Any:
        """A view as it is mounted."""
        return self.site.admin_view(never_cache(view))

    def shown(self, request: HttpRequest, template: str, **more: Any) -> HttpResponse:
        """One page; `title`, and `back` with `back_name` where it stands below another."""
        context = {**self.site.each_context(request), **more}
        return TemplateResponse(request, f"admin/{template}.html", context)


class Row(Protocol):
    """What every thing has that can be switched off and on."""

    @property
    def id(self) -> UUID:
        """Its id in addresses."""

    @property
    def status(self) -> str:
        """`active` or `enabled` while it is on."""


Thing = TypeVar("Thing", bound=Row)


class ThingPages(Pages, Generic[Thing]):
    """A list of things of one kind, the page of each, and what is done with them.

    `noun` (`provider`) is what commands, addresses, templates and, with an s, permissions are
    called by; `named` is the id's name in addresses, by which the views of a thing get it; `on` is
    the status of a thing that is switched on.
    """

    noun: ClassVar[str]
    named: ClassVar[str]
    on: ClassVar[str] = "active"

    def find(self, thing_id: UUID) -> Thing:
        """One thing of the scope. Raises `Missing`."""
        raise NotImplementedError

    def name_of(self, row: Thing) -> str:
        """What people call it."""
        raise NotImplementedError

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All of them."""
        raise NotImplementedError

    def read(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """The page of one."""
        raise NotImplementedError

    def edit(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Change one, or propose it."""
        raise NotImplementedError

    def making(self) -> list[URLPattern]:
        """The addresses that stand between the list and one thing."""
        raise NotImplementedError

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        noun, every = self.noun, f"{self.noun}s/"
        one = f"{every}<uuid:{self.named}>/"
        return [
            path(every, self.framed(self.listed), name=f"{noun}s"),
            *self.making(),
            path(one, self.framed(self.read), name=noun),
            path(f"{one}edit/", self.framed(self.edit), name=f"{noun}_edit"),
            path(f"{one}switch/", self.framed(self.switch), name=f"{noun}_switch"),
            path(f"{one}delete/", self.framed(self.delete), name=f"{noun}_delete"),
        ]

    @property
    def list_page(self) -> str:
        """The address of the list."""
        return reverse(f"admin:{self.noun}s")

    def page_of(self, row: Thing) -> str:
        """The address of one."""
        return reverse(f"admin:{self.noun}", args=[row.id])

    def required(self, request: HttpRequest, verb: str, ids: Mapping[str, UUID]) -> Thing:
        """The thing of this address, for who may. Raises `PermissionDenied`, `Http404`."""
        require(request, f"{self.noun}s:{verb}")
        try:
            return self.find(ids[self.named])
        except Missing:
            raise Http404 from None

    @staff_session.recently_proved
    def switch(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Switch one off, or on again."""
        row = self.required(request, "edit", ids)
        is_on = row.status == self.on
        word = "off" if is_on else "on"

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {self.noun: str(row.id), "status": "disabled" if is_on else self.on}
            done = f"The {self.noun} is switched {word}."
            return acted(request, f"{self.noun}.edit", details, done=done, then=self.page_of(row))

        return self.confirmed(request, "switch", f"Switch the {self.noun} {word}", row, act)

    @staff_session.recently_proved
    def delete(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Remove one, or propose that."""
        row = self.required(request, "delete", ids)

        def act(_: dict[str, Any]) -> HttpResponse:
            done, details = f"The {self.noun} is removed.", {self.noun: str(row.id)}
            return acted(request, f"{self.noun}.delete", details, done=done, then=self.list_page)

        return self.confirmed(request, "delete", f"Delete the {self.noun}", row, act)

    def confirmed(
        self,
        request: HttpRequest,
        verb: str,
        title: str,
        row: Thing,
        act: Callable[[dict[str, Any]], HttpResponse],
    ) -> HttpResponse:
        """Ask once, then act."""
        form = forms.Form(request.POST if request.method == "POST" else None)
        return asked(form, act) or self.below(
            request, verb, row, title=title, form=form, is_on=row.status == self.on
        )

    def below(
        self, request: HttpRequest, page: str, row: Thing | None, **more: Any
    ) -> HttpResponse:
        """A page that stands below the page of one, or below the list without one."""
        return self.shown(
            request,
            f"{self.noun}_{page}",
            row=row,
            back=self.page_of(row) if row else self.list_page,
            back_name=self.name_of(row) if row else f"{self.noun.capitalize()}s",
            **more,
        )


def require(request: HttpRequest, permission: str) -> None:
    """Refuse who may not. Raises PermissionDenied."""
    if not actor_of(request).may(permission):
        raise PermissionDenied


def acted(
    request: HttpRequest, command: str, details: Mapping[str, Any], *, done: str, then: str
) -> HttpResponse:
    """Submit one command, say what became of it, and go on. Raises what the door raises."""
    answer = staff_acts.submit(
        command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
    )
    staff_acts.report(request, answer, done=done)
    return HttpResponseRedirect(then)


def asked(form: forms.Form, act: Callable[[dict[str, Any]], HttpResponse]) -> HttpResponse | None:
    """Act once if the form was sent and is valid; None where the form is to be shown.

    What the domain refuses stands in the form, at the field that it names if it names one.
    """
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return act(form.cleaned_data)
    except DomainError as refusal:
        field = refusal.facts.get("field")
        form.add_error(field if field in form.fields else None, str(refusal))
    return None
