"""Makes the tables of accounts that the server holds, and of what they signed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_passkeys_of_a_domain"),
        ("identity", "0012_developer_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="ManagedKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("address", models.CharField(max_length=42)),
                ("public_key", models.BinaryField()),
                ("sealed_secret", models.BinaryField()),
                ("created_at", models.DateTimeField()),
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
                        related_name="managed_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "created_at", "id"], name="managed_key_list")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "user"), name="managed_key_user"),
                    models.UniqueConstraint(
                        fields=("scope", "address"), name="managed_key_address"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeySignature",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("personal_message", "Personal Message"),
                            ("transaction", "Transaction"),
                            ("typed_data", "Typed Data"),
                        ],
                        max_length=16,
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("pending", "Pending"), ("signed", "Signed"), ("ended", "Ended")],
                        max_length=7,
                    ),
                ),
                ("actor_kind", models.CharField(max_length=16)),
                ("session_id", models.UUIDField(blank=True, null=True)),
                ("device_id", models.UUIDField(blank=True, null=True)),
                ("vouched_by", models.UUIDField(blank=True, null=True)),
                ("proposal_id", models.UUIDField(blank=True, null=True)),
                ("asked_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_result", models.BinaryField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="accounts.managedkey",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "key", "asked_at", "id"], name="key_signature_list"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["personal_message", "transaction", "typed_data"])
                        ),
                        name="key_signature_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "signed"), ("signed_at__isnull", False)),
                            models.Q(
                                ("outcome__in", ["pending", "ended"]),
                                ("proposal_id__isnull", False),
                                ("sealed_result__isnull", True),
                                ("signed_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="key_signature_outcome_paired",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("proposal_id__isnull", False)),
                        fields=("scope", "proposal_id"),
                        name="key_signature_proposal",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_managedkey"),
        operations.IsolateTable("accounts_keysignature"),
    ]
