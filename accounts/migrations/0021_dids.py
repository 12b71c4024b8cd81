"""Makes the tables of DIDs and of their private keys."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_ledger"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="DidDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("did", models.CharField(max_length=512)),
                (
                    "method",
                    models.CharField(
                        choices=[("ledger", "Ledger"), ("key", "Key"), ("web", "Web")], max_length=6
                    ),
                ),
                ("body", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("new", "New"), ("published", "Published"), ("failed", "Failed")],
                        default="new",
                        max_length=9,
                    ),
                ),
                ("message_id", models.CharField(blank=True, max_length=40)),
                ("topic_id", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("deactivated_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="did_documents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "did"], name="did_document_did"),
                    models.Index(fields=["scope", "created_at", "id"], name="did_document_list"),
                    models.Index(
                        fields=["scope", "user", "created_at", "id"], name="did_document_of_user"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("method", "key"), _negated=True),
                            ("deactivated_at__isnull", True),
                            _connector="OR",
                        ),
                        fields=("scope", "did"),
                        name="did_document_one_did",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("deactivated_at__isnull", True), ("method__in", ["ledger", "web"])
                        ),
                        fields=("scope", "user", "method"),
                        name="did_document_one_of_a_method",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("method__in", ["ledger", "key", "web"]),
                            ("status__in", ["new", "published", "failed"]),
                        ),
                        name="did_document_words_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("method", "ledger"), models.Q(("topic_id", ""), _negated=True)
                            ),
                            models.Q(
                                models.Q(("method", "ledger"), _negated=True),
                                ("message_id", ""),
                                ("status", "published"),
                                ("topic_id", ""),
                            ),
                            _connector="OR",
                        ),
                        name="did_document_topic_of_ledger",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("method", "ledger"), _negated=True),
                            models.Q(
                                ("status", "published"), models.Q(("message_id", ""), _negated=True)
                            ),
                            models.Q(
                                models.Q(("status", "published"), _negated=True), ("message_id", "")
                            ),
                            _connector="OR",
                        ),
                        name="did_document_message_paired",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DidKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("method_id", models.CharField(max_length=256)),
                ("kind", models.CharField(max_length=32)),
                ("is_root", models.BooleanField(default=False)),
                ("sealed_key", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="accounts.diddocument",
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "document", "method_id"), name="did_key_method"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_root", True)),
                        fields=("scope", "document"),
                        name="did_key_one_root",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_diddocument"),
        operations.IsolateTable("accounts_didkey"),
    ]
