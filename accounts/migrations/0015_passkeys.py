"""Makes the table of passkeys."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_role_credentials_by_time"),
        ("identity", "0012_developer_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Passkey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("credential_id", models.CharField(max_length=1364)),
                ("public_key", models.BinaryField()),
                ("handle", models.CharField(max_length=86)),
                ("sign_count", models.PositiveBigIntegerField(default=0)),
                ("aaguid", models.UUIDField()),
                ("attestation", models.CharField(max_length=20)),
                ("transports", models.JSONField(blank=True, default=list)),
                ("is_backup_eligible", models.BooleanField(default=False)),
                ("is_backed_up", models.BooleanField(default=False)),
                ("was_verified", models.BooleanField(default=False)),
                ("added_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("alarmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "user", "added_at"], name="passkey_user")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "credential_id"), name="passkey_credential"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_backup_eligible", True), ("is_backed_up", False), _connector="OR"
                        ),
                        name="passkey_backup_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_passkey"),
    ]
