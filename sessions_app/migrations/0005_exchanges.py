"""The table of exchanges between pages and wallets."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0008_mail_log"),
        ("sessions_app", "0004_session_over"),
    ]

    operations = [
        migrations.CreateModel(
            name="Exchange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("action", models.CharField(max_length=32)),
                ("token_digest", models.CharField(max_length=64)),
                ("browser", models.CharField(blank=True, max_length=64)),
                ("sealed_for", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("scanned", "Scanned"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("busy", "Busy"),
                            ("forbidden", "Forbidden"),
                        ],
                        default="created",
                        max_length=9,
                    ),
                ),
                ("step", models.PositiveSmallIntegerField(default=0)),
                ("challenge", models.CharField(blank=True, max_length=64)),
                ("wanted_wallet", models.CharField(blank=True, max_length=128)),
                ("wallet", models.CharField(blank=True, max_length=128)),
                ("wallet_key", models.CharField(blank=True, max_length=132)),
                ("wallet_os", models.CharField(blank=True, max_length=32)),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("session_id", models.UUIDField(blank=True, null=True)),
                ("visitor", models.CharField(blank=True, max_length=80)),
                ("user_agent", models.CharField(blank=True, max_length=512)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("data", models.JSONField(blank=True, default=dict)),
                ("fault", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("collected_at", models.DateTimeField(blank=True, null=True)),
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
                "indexes": [models.Index(fields=["expires_at"], name="exchange_due")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "token_digest"), name="exchange_token"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("collected_at__isnull", True), ("state", "done"), _connector="OR"
                        ),
                        name="exchange_collected_when_done",
                    ),
                ],
            },
        ),
        operations.IsolateTable("sessions_app_exchange"),
    ]
