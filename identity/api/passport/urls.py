"""Addresses of this face, each also under `/s/<slug>/`; the bare ones are in `identity.urls`."""

from django.urls import path

from identity.api.passport import views

urlpatterns = [path("passport", views.call, name="passport")]
