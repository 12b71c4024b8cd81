"""The pages that a problem's `type` leads to: what it means and what to do about it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from identity.api.v1 import errors
from identity.errors import DomainError


@require_safe
def index(request: HttpRequest, slug: str = "") -> HttpResponse:
    """All problems that this API answers with."""
    del slug
    shown = [_shown(code) for code in sorted(errors.TOLD) if code in DomainError.registry]
    return render(request, "problems/index.html", {"problems": shown})


@require_safe
def problem(request: HttpRequest, code: str, slug: str = "") -> HttpResponse:
    """One problem."""
    del slug
    if code not in errors.TOLD or code not in DomainError.registry:
        raise Http404
    return render(request, "problems/problem.html", {"problem": _shown(code)})


def _shown(code: str) -> dict[str, object]:
    status, advice = errors.TOLD[code]
    title = DomainError.registry[code].title
    return {"code": code, "title": title, "status": status, "advice": advice}
