"""The log of mail."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0007_api_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="SentMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("template", models.CharField(max_length=64)),
                ("purpose", models.CharField(max_length=32)),
                ("recipient", models.CharField(max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed")],
                        default="queued",
                        max_length=6,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fault", models.CharField(blank=True, max_length=128)),
                ("sealed_context", models.BinaryField(blank=True, null=True)),
                ("queued_at", models.DateTimeField()),
                ("useful_until", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "queued_at", "id"], name="sent_mail_list"),
                    models.Index(
                        fields=["scope", "state", "queued_at", "id"], name="sent_mail_by_state"
                    ),
                    models.Index(fields=["queued_at"], name="sent_mail_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("sealed_context__isnull", False),
                                ("state", "queued"),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("sealed_context__isnull", True),
                                ("state__in", ["sent", "failed"]),
                            ),
                            _connector="OR",
                        ),
                        name="sent_mail_ended_paired",
                    )
                ],
            },
        ),
        operations.IsolateTable("identity_sentmail"),
    ]
