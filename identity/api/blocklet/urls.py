"""Addresses of this face: `/.well-known/service/…`, each also under `/s/<slug>/`."""

from django.urls import re_path

from identity.api.blocklet import views

urlpatterns = [
    re_path(r"^\.well-known/service/", views.anything, name="blocklet"),
    re_path(r"^__blocklet__\.js$", views.anything, name="blocklet-about"),
]
