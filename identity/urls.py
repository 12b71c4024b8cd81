"""Addresses that Django serves; the hottest ones are answered before it, in identity.wsgi."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
]

handler400 = "identity.web.problems.bad_request"
handler403 = "identity.web.problems.forbidden"
handler404 = "identity.web.problems.not_found"
handler500 = "identity.web.problems.server_error"
