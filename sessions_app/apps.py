"""Starts the room `sessions_app`."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """Signed-in periods of users."""

    name = "sessions_app"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what a disabled user, a new password and a removed key mean for this room."""
        from accounts.services import (  # noqa: PLC0415 apps must be loaded first
            passwords,
            proving_keys,
            users,
        )
        from sessions_app.services import locking, removed_keys, sessions  # noqa: PLC0415

        users.on_disabled.append(sessions.end_all_of)
        proving_keys.on_removed.append(removed_keys.end_what_it_opened)
        passwords.on_changed.append(locking.sign_out_others)
