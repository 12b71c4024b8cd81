"""The description and a page to browse it, from files of this server alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from identity.api.v1 import description


@require_safe
def openapi(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The OpenAPI 3.1 description."""
    del request, slug
    return HttpResponse(description.document(), content_type="application/json")


@require_safe
def browse(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The page that shows it."""
    del slug
    return render(request, "v1/browse.html")
