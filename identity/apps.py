"""Starts the ground floor."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Scopes, server keys, audit."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and tell the services which queue carries their mail."""
        from identity import checks, tasks  # noqa: F401, PLC0415 apps must be loaded first
        from identity.scoping import checks as wall_checks  # noqa: F401, PLC0415
        from identity.services import audit_checks, mail  # noqa: PLC0415

        mail.queues.append(tasks.queue_mail)
        audit_checks.queues.append(tasks.queue_check)
