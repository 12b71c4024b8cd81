"""Starts the ground floor."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Scopes, server keys, audit."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from identity import checks  # noqa: F401, PLC0415 apps must be loaded first
