"""Starts the room `sessions_app`."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """Signed-in periods of users."""

    name = "sessions_app"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what a disabled user and a new password mean for this room."""
        from accounts.services import passwords, users  # noqa: PLC0415 apps must be loaded first
        from sessions_app.services import locking, sessions  # noqa: PLC0415

        users.on_disabled.append(sessions.end_all_of)
        passwords.on_changed.append(locking.sign_out_others)
