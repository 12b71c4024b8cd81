"""Mails about invitations are in the log of all mail."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations, models

TEMPLATES = {"link": "invitation-link", "notice": "invited"}
CUT = "an upgrade came between"


def take_over(apps: Any, schema_editor: Any) -> None:
    """Copy the log that invitations had. What waited there is not sent by itself any more."""
    del schema_editor
    log, now = apps.get_model("identity", "SentMail"), datetime.now(UTC)
    for row in apps.get_model("invitations", "InvitationMail").objects.iterator(chunk_size=1000):
        is_cut = row.state == "queued"
        log(
            id=row.id,
            scope_id=row.scope_id,
            template=TEMPLATES[row.kind],
            purpose="invitation",
            recipient=row.to,
            about=row.invitation_id,
            state="failed" if is_cut else row.state,
            tries=row.tries,
            fault=CUT if is_cut else row.fault,
            queued_at=row.queued_at,
            ended_at=now if is_cut else row.ended_at,
        ).save(force_insert=True)


def forget(apps: Any, schema_editor: Any) -> None:
    """The log of invitations is as it was."""
    del schema_editor
    apps.get_model("identity", "SentMail").objects.filter(about__isnull=False).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0008_mail_log"),
        ("invitations", "0008_accounts_of_approvers"),
    ]

    operations = [
        migrations.AddField(
            model_name="sentmail",
            name="about",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="sentmail",
            index=models.Index(
                condition=models.Q(("about__isnull", False)),
                fields=["scope", "about", "queued_at"],
                name="sent_mail_about",
            ),
        ),
        migrations.RunPython(take_over, forget),
    ]
