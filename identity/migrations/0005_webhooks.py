"""Makes the tables of webhooks, and lets the end of a chain tell whether anybody listens."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0004_list_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="audithead",
            name="has_listeners",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("webhook_id", models.UUIDField()),
                ("event_id", models.UUIDField()),
                ("event_name", models.CharField(max_length=64)),
                ("sequence", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("spent", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
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
                        fields=["webhook_id", "due_at"],
                        name="webhook_delivery_next",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["due_at", "webhook_id"],
                        name="webhook_delivery_due",
                    ),
                    models.Index(fields=["created_at"], name="webhook_delivery_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "webhook_id", "sequence"), name="webhook_delivery_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "pending")),
                            models.Q(
                                ("ended_at__isnull", False), ("state__in", ["delivered", "failed"])
                            ),
                            _connector="OR",
                        ),
                        name="webhook_delivery_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("milliseconds", models.IntegerField()),
                ("status", models.IntegerField(blank=True, null=True)),
                ("answer", models.CharField(blank=True, default="", max_length=1024)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="identity.webhookdelivery",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "delivery", "number"), name="webhook_attempt_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public", models.CharField(max_length=64)),
                ("sealed_private", models.BinaryField()),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("retiring", "Retiring")],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("activated_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
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
                    models.UniqueConstraint(
                        condition=models.Q(("status", "active")),
                        fields=("scope",),
                        name="webhook_key_one_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expires_at__isnull", True), ("status", "active")),
                            models.Q(("expires_at__isnull", False), ("status", "retiring")),
                            _connector="OR",
                        ),
                        name="webhook_key_expires_unless_active",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("url", models.CharField(max_length=2048)),
                ("description", models.CharField(blank=True, default="", max_length=200)),
                ("events", models.JSONField(default=list)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled")],
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("by-hand", "By Hand"),
                            ("gone", "Gone"),
                            ("failing", "Failing"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("failures", models.IntegerField(default=0)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("paused_until", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("lease", models.UUIDField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
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
                    models.UniqueConstraint(
                        fields=("scope", "public_id"), name="webhook_public_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), ("status", "active")),
                            models.Q(
                                ("reason__in", ["by-hand", "gone", "failing"]),
                                ("status", "disabled"),
                            ),
                            _connector="OR",
                        ),
                        name="webhook_says_why_disabled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease__isnull", True), ("leased_until__isnull", True)),
                            models.Q(("lease__isnull", False), ("leased_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="webhook_lease_whole",
                    ),
                ],
            },
        ),
        operations.IsolateTable("identity_webhook"),
        operations.IsolateTable("identity_webhookkey"),
        operations.IsolateTable("identity_webhookdelivery"),
        operations.IsolateTable("identity_webhookattempt"),
    ]
