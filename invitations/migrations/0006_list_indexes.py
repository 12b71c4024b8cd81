"""Indexes by which windows of invitations and proposals are read."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_list_indexes"),
        ("identity", "0004_list_indexes"),
        ("invitations", "0004_mails_and_batches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                fields=["scope", "state", "created_at", "id"], name="invitation_by_state"
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["scope", "created_at", "id"], name="proposal_by_time"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                fields=["scope", "proposer_id", "created_at", "id"], name="proposal_by_proposer"
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                fields=["scope", "resource", "created_at", "id"], name="proposal_by_resource"
            ),
        ),
    ]
