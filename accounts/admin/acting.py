"""Acts on people and what belongs to them: who may, what it will meet, and one submission."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from identity.actor import Actor
from identity.admin import acts, site
from identity.admin.standing import actor_of
from identity.pages import sent_once, staff_acts
from invitations.services.governance import Done, Pending

MOST_CHOICES: Final = 20


@dataclass(frozen=True, slots=True)
class Act:
    """A command, and the words of the page that asks for it.

    `about` are paragraphs, `ends` is a list of what else comes with it. `is_foreseen`: the page
    says beforehand what policies would make of it; for acts that are known before the form is sent.
    `is_once`: the form has a hidden field `sent`, and sent again it does nothing, nor proposes it.
    """

    command: str
    title: str
    button: str
    done: str
    back: str
    back_name: str
    about: Sequence[str] = ()
    ends: Sequence[str] = ()
    is_dangerous: bool = False
    is_foreseen: bool = True
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a page on which something is chosen."""

    name: str
    about: str
    url: str


def page(
    request: HttpRequest,
    act: Act,
    form: forms.Form,
    details: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> HttpResponse:
    """Ask, then submit the command once; `details` makes its input from the cleaned form."""
    by, now = actor_of(request), datetime.now(UTC)
    context: dict[str, Any] = {"act": act}
    if act.is_foreseen and request.method == "GET":
        context["foreseen"] = acts.foreseen(act.command, details({}), by=by, now=now)
    ask = acts.Ask(
        title=act.title,
        template="admin/act_on.html",
        back=act.back,
        back_name=act.back_name,
        done=act.done,
        context=context,
    )

    def submit(data: dict[str, Any]) -> Done | Pending:
        return staff_acts.submit(command=act.command, details=details(data), by=by, now=now)

    def submit_once(data: dict[str, Any]) -> Done | Pending:
        return sent_once.once(str(data["sent"]), lambda: submit(data), by=by, now=now)

    return acts.page(request, ask, form, submit_once if act.is_once else submit)


def choose(request: HttpRequest, choices: Sequence[Choice], **context: Any) -> HttpResponse:
    """A page on which one of a few things is chosen; each leads to a page that asks.

    `context` has `title`, `lead`, `back`, `back_name`, `when_empty`, and where there is a search
    `has_search`, `search`, what was searched for, `search_label` and `when_not_found`.
    """
    around = {**site.each_context(request), "choices": choices, **context}
    return TemplateResponse(request, "admin/choose.html", around)


def require(request: HttpRequest, permission: str) -> Actor:
    """Who acts, if it may. Raises `PermissionDenied`."""
    by = actor_of(request)
    if not by.may(permission):
        raise PermissionDenied
    return by


def found(rows: "QuerySet[Any]", row_id: UUID) -> Any:
    """The row of this id in the scope in force. Raises `Http404`."""
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise Http404
    return row
