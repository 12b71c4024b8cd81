"""Starts the room `sessions_app`."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """Signed-in periods of users."""

    name = "sessions_app"
    default_auto_field = "django.db.models.BigAutoField"
