"""Addresses that Django serves; the hottest ones are answered before it, in identity.wsgi."""

from django.contrib.admin import autodiscover
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from identity import admin
from identity.api.blocklet import urls as blocklet
from identity.api.bridge import urls as bridge
from identity.api.enterprise import urls as enterprise
from identity.api.guardian import urls as guardian
from identity.api.passport import urls as passport
from identity.api.passport import views as passport_views
from identity.api.v1 import urls as v1
from identity.pages import join, onboarding
from identity.pages.login import urls as login

autodiscover()

_to_pages = require_safe(RedirectView.as_view(url="/admin/"))


_to_sign_in = require_safe(RedirectView.as_view(pattern_name="login"))


@csrf_exempt  # the face reads no cookie
def _front(http: HttpRequest, slug: str = "") -> HttpResponseBase:
    """People who type an address alone are led to the pages for people; programs call a method."""
    if http.method in passport_views.METHODS:
        return passport_views.call(http)
    return _to_sign_in(http, slug=slug) if slug else _to_pages(http)


@require_safe
def _icon(_: HttpRequest, slug: str = "") -> HttpResponseBase:
    """The icon that browsers and wallets ask for by this name."""
    del slug  # every scope has the same
    return HttpResponseRedirect(static("countersign/icon.svg"))


_FACES: list[URLPattern | URLResolver] = [
    path("favicon.ico", _icon),
    path("join", join.page, name="join"),
    path("onboarding/<str:task>", onboarding.page, name="onboarding"),
    path("onboarding/<str:task>/progress", onboarding.progress, name="onboarding_progress"),
    path("", include(login)),
    path("", include(enterprise)),
    path("", include(bridge)),
    path("", include(v1)),
    path("", include(blocklet)),
    path("", include(guardian)),
    path("", include(passport)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", _front),
    path("admin/", admin.site.urls),
    *_FACES,
    # Any face also works under the prefix of a scope.
    path("s/<slug:slug>/", _front),
    path("s/<slug:slug>/", include(_FACES)),
]

handler400 = "identity.web.problems.bad_request"
handler403 = "identity.web.problems.forbidden"
handler404 = "identity.web.problems.not_found"
handler500 = "identity.web.problems.server_error"
