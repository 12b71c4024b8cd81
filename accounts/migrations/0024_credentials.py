"""Makes the tables of credentials, their contexts and their status lists."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0023_did_names"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="CredentialContext",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("address", models.CharField(max_length=80)),
                ("type_name", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
                ("created_at", models.DateTimeField()),
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
                        fields=("scope", "address"), name="credential_context_address"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CredentialStatusList",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("taken", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveBigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
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
                        fields=("scope", "number"), name="credential_list_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("issuer", models.CharField(max_length=512)),
                ("type_name", models.CharField(max_length=64)),
                ("credential_hash", models.CharField(max_length=44)),
                ("document", models.JSONField()),
                ("document_1_1", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[("valid", "Valid"), ("revoked", "Revoked")],
                        default="valid",
                        max_length=7,
                    ),
                ),
                ("status_index", models.PositiveIntegerField()),
                (
                    "publication",
                    models.CharField(
                        choices=[("new", "New"), ("published", "Published"), ("failed", "Failed")],
                        default="new",
                        max_length=9,
                    ),
                ),
                ("topic_id", models.CharField(blank=True, max_length=64)),
                ("message_id", models.CharField(blank=True, max_length=64)),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="credentials",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.credentialcontext",
                    ),
                ),
                (
                    "status_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credentials",
                        to="accounts.credentialstatuslist",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "issued_at", "id"], name="credential_by_time"),
                    models.Index(
                        fields=["scope", "user", "issued_at", "id"], name="credential_of_user"
                    ),
                    models.Index(
                        condition=models.Q(("status", "revoked")),
                        fields=["scope", "status_list", "status_index"],
                        name="credential_revoked",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "status_list", "status_index"), name="credential_place"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at__isnull", True), ("status", "valid")),
                            models.Q(("revoked_at__isnull", False), ("status", "revoked")),
                            _connector="OR",
                        ),
                        name="credential_status_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("publication", "published"),
                                models.Q(("message_id", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("publication", "published"), _negated=True),
                                ("message_id", ""),
                            ),
                            _connector="OR",
                        ),
                        name="credential_publication_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_credentialcontext"),
        operations.IsolateTable("accounts_credentialstatuslist"),
        operations.IsolateTable("accounts_credential"),
    ]
