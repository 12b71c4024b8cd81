"""Makes the tables of remotes, of contexts carried there, and of what is on its way."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_contexts"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Remote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("url", models.CharField(max_length=2048)),
                ("api_key_id", models.CharField(max_length=128)),
                ("sealed_secret", models.BinaryField()),
                ("solution_there", models.CharField(max_length=128)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused")],
                        default="active",
                        max_length=6,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[("", "None"), ("by-hand", "By Hand"), ("failing", "Failing")],
                        default="",
                        max_length=7,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("failures", models.IntegerField(default=0)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("rests_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
                ("carried_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "name"), name="remote_name"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), ("status", "active")),
                            models.Q(("reason__in", ["by-hand", "failing"]), ("status", "paused")),
                            _connector="OR",
                        ),
                        name="remote_says_why_paused",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failing_since__isnull", True), ("failures", 0)),
                            models.Q(("failing_since__isnull", False), ("failures__gt", 0)),
                            _connector="OR",
                        ),
                        name="remote_failing_paired",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RemoteChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("remote_id", models.UUIDField()),
                ("link_id", models.UUIDField()),
                ("sequence", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("member", "Member"),
                            ("context", "Context"),
                            ("check", "Check"),
                            ("resync", "Resync"),
                            ("resync-extra", "Resync Extra"),
                        ],
                        default="member",
                        max_length=12,
                    ),
                ),
                ("member", models.CharField(blank=True, default="", max_length=128)),
                ("why", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("done", "Done"), ("failed", "Failed")],
                        default="pending",
                        max_length=7,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("lease", models.UUIDField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
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
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["remote_id", "next_attempt_at", "id"],
                        name="remote_change_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "done"), _negated=True),
                        fields=["scope", "link_id", "member", "sequence"],
                        name="remote_change_of_member",
                    ),
                    models.Index(
                        fields=["scope", "remote_id", "created_at", "id"], name="remote_change_list"
                    ),
                    models.Index(fields=["ended_at"], name="remote_change_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "link_id", "sequence"), name="remote_change_sequence"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "pending")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("lease__isnull", True),
                                ("state__in", ["done", "failed"]),
                            ),
                            _connector="OR",
                        ),
                        name="remote_change_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "member"), models.Q(("member", ""), _negated=True)),
                            models.Q(
                                ("kind__in", ["context", "check", "resync", "resync-extra"]),
                                ("member", ""),
                            ),
                            _connector="OR",
                        ),
                        name="remote_change_of_a_member",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RemoteContext",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("context_there", models.CharField(blank=True, default="", max_length=128)),
                ("last_sequence", models.BigIntegerField(default=0)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("drift", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remotes",
                        to="accounts.context",
                    ),
                ),
                (
                    "remote",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contexts",
                        to="accounts.remote",
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
                "indexes": [models.Index(fields=["scope", "context"], name="remote_context_of")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "remote", "context"), name="remote_context_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("context_there", ""), _negated=True),
                        fields=("scope", "remote", "context_there"),
                        name="remote_context_there_once",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_remote"),
        operations.IsolateTable("accounts_remotecontext"),
        operations.IsolateTable("accounts_remotechange"),
    ]
