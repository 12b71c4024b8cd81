"""Addresses of this face: the root and `/passport`, each also under `/s/<slug>/`."""

from django.urls import path

from identity.api.passport import views

urlpatterns = [
    path("", views.call, name="passport-root"),
    path("passport", views.call, name="passport"),
]
