"""Addresses of this face, bare and under `/api/v1`, each also under `/s/<slug>/`."""

from django.urls import re_path

from identity.api.guardian import sent, views

urlpatterns = [
    re_path(
        rf"^(?:{sent.MOUNT.lstrip('/')}/)?(?:{'|'.join(sent.ROOTS)})(?:/|$)",
        views.anything,
        name="guardian",
    )
]
