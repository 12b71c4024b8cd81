"""Starts the room `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, groups and devices."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the services which queues carry their work."""
        from accounts import tasks  # noqa: PLC0415 apps must be loaded first
        from accounts.services import avatars, notification_tests  # noqa: PLC0415

        avatars.queues.append(tasks.queue_avatar)
        notification_tests.queues.append(tasks.queue_webhook_test)
