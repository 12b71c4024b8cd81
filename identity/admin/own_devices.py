"""The page “Your devices”: who works here registers this browser and revokes what was lost."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity.admin.standing import actor_of
from identity.errors import DomainError
from identity.pages import own_devices, staff_session


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """The addresses of this page."""

    @staff_session.recently_proved
    def shown(request: HttpRequest) -> HttpResponse:
        by = actor_of(request)
        if request.method == "POST":
            return _revoked(request)
        context = {**site.each_context(request), **own_devices.page(request, by)}
        return TemplateResponse(request, "admin/own_devices.html", context)

    view = site.admin_view(never_cache(shown))
    return [path("own-devices/", view, name="own_devices")]


def _revoked(request: HttpRequest) -> HttpResponse:
    form = own_devices.RevokeForm(request.POST)
    if form.is_valid():
        try:
            own_devices.revoke(request, form, by=actor_of(request), now=datetime.now(UTC))
        except DomainError as refusal:
            messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("admin:own_devices"))
