"""What pages that stand beside the lists of rows have in common: frame, permission, one act."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

from identity.admin.standing import actor_of
from identity.errors import DomainError
from identity.pages import staff_acts


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
