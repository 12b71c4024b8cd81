"""Makes the table of developer keys."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0010_mails_about"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeveloperKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("public_key", models.CharField(max_length=66)),
                ("is_owner", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("revoked", "Revoked")],
                        default="active",
                        max_length=7,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                    models.Index(fields=["scope", "created_at", "id"], name="developer_key_list")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "public_key"), name="developer_key_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at__isnull", True), ("status", "active")),
                            models.Q(("revoked_at__isnull", False), ("status", "revoked")),
                            _connector="OR",
                        ),
                        name="developer_key_status_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("identity_developerkey"),
    ]
