"""Starts the room `invitations`."""

from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    """Invitations, proposals, votes, policies and the sensitive commands."""

    name = "invitations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the commands, and what new scopes and disabled users mean for this room."""
        from accounts import tasks as account_tasks  # noqa: PLC0415 apps must be loaded first
        from accounts.services import users  # noqa: PLC0415 apps must be loaded first
        from identity.services import mail, scopes  # noqa: PLC0415 apps must be loaded first
        from invitations import tasks  # noqa: PLC0415
        from invitations.commands import catalogue  # noqa: PLC0415 apps must be loaded first
        from invitations.services import (  # noqa: PLC0415
            bulk,
            invitations,
            lambda_runs,
            mails,
            policies,
        )

        catalogue.load()
        scopes.on_created.append(policies.on_scope_created)
        users.on_disabled.append(invitations.revoke_all_of)
        mail.still_wanted[mails.LINK] = mails.is_link_wanted
        bulk.queues.append(tasks.queue_batch)
        lambda_runs.queues.append(account_tasks.queue_hook)
