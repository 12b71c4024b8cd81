"""Makes the table of verifications of audit records."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0005_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_by", models.CharField(blank=True, default="", max_length=128)),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("holds", "Holds"),
                            ("broken", "Broken"),
                            ("stopped", "Stopped"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("up_to", models.BigIntegerField()),
                ("checked", models.BigIntegerField(default=0)),
                ("moved_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("first_bad", models.BigIntegerField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
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
                "indexes": [models.Index(fields=["scope", "asked_at"], name="audit_check_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("scope",),
                        name="audit_check_one_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "running")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state__in", ["holds", "broken", "stopped"]),
                            ),
                            _connector="OR",
                        ),
                        name="audit_check_ends",
                    ),
                ],
            },
        ),
        operations.IsolateTable("identity_auditcheck"),
    ]
