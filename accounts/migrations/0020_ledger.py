"""Makes the tables of the ledger in the database, and of accounts on any ledger."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_passkeys_by_time"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerTopic",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("memo", models.CharField(blank=True, max_length=100)),
                ("admin_key", models.BinaryField()),
                ("submit_key", models.BinaryField()),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("running_hash", models.BinaryField()),
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
                    models.UniqueConstraint(fields=("scope", "number"), name="ledger_topic_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sequence", models.PositiveBigIntegerField()),
                ("timestamp", models.PositiveBigIntegerField()),
                ("content", models.BinaryField()),
                ("running_hash", models.BinaryField()),
                ("signature", models.BinaryField()),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="accounts.ledgertopic",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "topic", "sequence"), name="ledger_message_sequence"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LocalLedgerAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("public_key", models.BinaryField()),
                ("balance", models.PositiveBigIntegerField()),
                ("memo", models.CharField(blank=True, max_length=100)),
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
                        fields=("scope", "number"), name="local_ledger_account_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LocalLedgerHead",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("next_number", models.PositiveBigIntegerField(default=1001)),
                ("last_timestamp", models.PositiveBigIntegerField(default=0)),
                ("treasury", models.PositiveBigIntegerField(default=5000000000000000000)),
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
                    models.UniqueConstraint(fields=("scope",), name="local_ledger_head_scope"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("treasury__gte", 0), ("treasury__lte", 5000000000000000000)
                        ),
                        name="local_ledger_head_treasury",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LocalLedgerTransaction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("transaction_id", models.CharField(max_length=96)),
                ("digest", models.BinaryField()),
                ("timestamp", models.PositiveBigIntegerField()),
                ("number", models.PositiveBigIntegerField()),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("running_hash", models.BinaryField(default=bytes)),
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
                        fields=("scope", "transaction_id"), name="local_ledger_transaction_id"
                    ),
                    models.UniqueConstraint(
                        fields=("scope", "timestamp"), name="local_ledger_transaction_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredContent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("cid", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
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
                    models.UniqueConstraint(fields=("scope", "cid"), name="stored_content_cid")
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("network", models.CharField(max_length=32)),
                ("account_id", models.CharField(max_length=64)),
                ("public_key", models.BinaryField()),
                (
                    "signer",
                    models.CharField(
                        choices=[("local", "Local"), ("remote", "Remote")],
                        default="local",
                        max_length=6,
                    ),
                ),
                ("sealed_key", models.BinaryField(default=bytes)),
                ("sealed_remote_config", models.BinaryField(default=bytes)),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "created_at", "id"], name="ledger_account_list")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "network", "account_id"), name="ledger_account_id"
                    ),
                    models.UniqueConstraint(fields=("scope", "user"), name="ledger_account_user"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("sealed_remote_config", b""),
                                ("signer", "local"),
                                models.Q(("sealed_key", b""), _negated=True),
                            ),
                            models.Q(
                                ("signer", "remote"),
                                models.Q(("sealed_remote_config", b""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_account_signer_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_ledgeraccount"),
        operations.IsolateTable("accounts_ledgertopic"),
        operations.IsolateTable("accounts_ledgermessage", append_only=True),
        operations.IsolateTable("accounts_localledgerhead"),
        operations.IsolateTable("accounts_localledgeraccount"),
        operations.IsolateTable("accounts_localledgertransaction", append_only=True),
        operations.IsolateTable("accounts_storedcontent", append_only=True),
    ]
