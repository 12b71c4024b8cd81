"""Addresses of the face `enterprise`, each also under `/s/<slug>/`."""

from django.urls import path

from identity.api.enterprise import views

urlpatterns = [
    path("request", views.request, name="enterprise-request"),
    path("users", views.request, {"resource": "/users"}, name="enterprise-users"),
    path(
        "account-management/authorize",
        views.request,
        {"resource": "/account-management/authorize"},
        name="enterprise-authorize",
    ),
]
