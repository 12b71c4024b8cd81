"""The page of an onboarding's progress, for whoever has its id: how far, never whom it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.queries import onboarding_progress
from accounts.queries.onboarding_progress import Watched
from identity.errors import DomainError
from identity.web import client_ip, problems, scope_resolution
from identity.web.throttle import Throttle

# A browser that watches asks once a second; an office has one address.
looks: Final = Throttle(settings.REQUESTS_PER_ADDRESS, 60)
_SECONDS: Final = {"waiting": 10, "queued": 2, "running": 1}
"""How soon the page asks again."""
_TONES: Final[Mapping[str, str]] = {
    "waiting": "attention",
    "queued": "attention",
    "running": "note",
}
_TITLES: Final[Mapping[str, str]] = {
    "onboard": "An account is being set up",
    "connect": "An account is being connected",
    "random-key": "A ledger account is being made",
}
_TOLD: Final[Mapping[str, str]] = {
    "waiting": "Others have to agree first. There is nothing to do here.",
    "queued": "It waits for its turn, or for the ledger, and goes on by itself.",
    "running": "It is under way. You may close this page; the work goes on.",
    "completed": "All is done.",
    "failed": "It has failed. Ask those who began it to try again; what was done is kept.",
    "cancelled": "It was cancelled. Ask those who began it for another one.",
}
_SIGN_IN: Final = "All is done. You can sign in now with the user name and password you were given."


@never_cache
@require_safe
def page(request: HttpRequest, task: str, slug: str = "") -> HttpResponse:
    """How far it is now; a script keeps it so, without one the page loads itself again."""
    try:
        found = _found(request, task)
    except DomainError as refusal:
        return problems.response(refusal)
    names = {"task": task, **({"slug": slug} if slug else {})}
    context = {
        "title": _TITLES[found.action] if found.is_open else "Onboarding",
        "found": found,
        "told": _told(found),
        "seconds": _SECONDS.get(found.state, 0),
        "progress": reverse("onboarding_progress", kwargs=names),
    }
    response = TemplateResponse(request, "onboarding/progress.html", context)
    # Whoever has the address may look: it goes nowhere.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
def progress(request: HttpRequest, task: str, slug: str = "") -> HttpResponse:
    """The same for the page's script."""
    del slug  # the address as a whole says which scope it is
    try:
        found = _found(request, task)
    except DomainError as refusal:
        return problems.response(refusal)
    return JsonResponse(
        {
            "state": found.state,
            "tone": _TONES.get(found.state, ""),
            "done": found.done,
            "lines": found.steps,
            "told": _told(found),
            "is_busy": found.is_open,
            "seconds": _SECONDS.get(found.state, 0),
        }
    )


def _found(request: HttpRequest, task: str) -> Watched:
    """What the id leads to. One answer for unknown, malformed and foreign ids.

    Raises `TooManyRequests`, Http404.
    """
    now = datetime.now(UTC)
    neighbourhood = client_ip.neighbourhood(client_ip.of(request.META))
    looks.hit(neighbourhood, now=int(now.timestamp()))
    task_id = _id(task)
    scope_id = _scope(request, now)
    found = onboarding_progress.watched(task_id, scope_id=scope_id)
    if found is None:
        raise Http404
    return found


def _scope(request: HttpRequest, now: datetime) -> UUID | None:
    """The scope that the address names, None where it names none. Raises Http404."""
    named = scope_resolution.of_environ(request.META)
    try:
        return scope_resolution.resolve(named, now=now).scope_id
    except scope_resolution.ScopeUnknown:
        if named.slug or named.header:
            raise Http404 from None
        return None
    except DomainError:
        raise Http404 from None


def _id(text: str) -> UUID:
    """An id in its one form. Raises Http404: what has another form is nobody's."""
    try:
        found = UUID(text)
    except ValueError:
        raise Http404 from None
    if str(found) != text:
        raise Http404
    return found


def _told(found: Watched) -> str:
    if found.state == "completed" and found.action == "onboard":
        return _SIGN_IN
    return _TOLD[found.state]
