"""Makes the table of machine sessions, and the doors of programs."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import key_lookups, operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0014_key_limits"),
        ("sessions_app", "0007_session_mark"),
    ]

    operations = [
        migrations.CreateModel(
            name="MachineSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=128)),
                ("permissions", models.JSONField(blank=True, default=list)),
                ("solutions", models.JSONField(blank=True, default=list)),
                ("contexts", models.JSONField(blank=True, default=list)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("connection", models.CharField(blank=True, max_length=64)),
                ("serial", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("refreshed_at", models.DateTimeField()),
                ("access_expires_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("holder", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("ended", "Ended")],
                        default="active",
                        max_length=6,
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=32)),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.apikey",
                    ),
                ),
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
                    models.Index(
                        fields=["scope", "api_key", "created_at", "id"],
                        name="machine_session_of_key",
                    ),
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["scope", "api_key", "-created_at", "-id"],
                        name="machine_session_living",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("status", "active"), models.Q(("connection", ""), _negated=True)
                        ),
                        fields=["connection"],
                        name="machine_session_connection",
                    ),
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["expires_at"],
                        name="machine_session_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "ended")),
                        fields=["ended_at"],
                        name="machine_session_over",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("status", "active"), models.Q(("name", ""), _negated=True)
                        ),
                        fields=("scope", "api_key", "name"),
                        name="machine_session_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("status", "active")),
                            models.Q(("ended_at__isnull", False), ("status", "ended")),
                            _connector="OR",
                        ),
                        name="machine_session_ended_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("sessions_app_machinesession"),
        *(operations.LookupFunction(lookup) for lookup in key_lookups.OF_KEYS),
    ]
