"""Addresses of this face, each also under `/s/<slug>/`."""

from django.urls import path, re_path
from django.views.decorators.http import require_safe

from identity.api.bridge import views

urlpatterns = [
    re_path(r"^[aA][pP][iI]/?$", views.call, name="bridge"),
    path("health", require_safe(views.carried_live)),
    path("healthcheck", require_safe(views.carried_live)),
    path("ready", require_safe(views.carried_ready)),
    path("privmx-configuration.json", require_safe(views.carried_configuration)),
]
