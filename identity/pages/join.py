"""The page behind an invitation's link. All it does happens in the browser, with the API."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The same page for everybody: what invites is behind the `#`, which no server sees."""
    prefix = f"/s/{slug}" if slug else ""
    response = TemplateResponse(request, "join.html", {"api": f"{prefix}/v1"})
    # The link holds a secret: nothing of this page's address goes anywhere.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
