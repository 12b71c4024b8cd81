"""Makes the tables of solutions, contexts, their members and how many those are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0025_onboarding_names"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Context",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public_id", models.CharField(max_length=128)),
                ("name", models.CharField(blank=True, max_length=128)),
                ("description", models.CharField(blank=True, max_length=128)),
                (
                    "visibility",
                    models.CharField(
                        choices=[("private", "Private"), ("public", "Public")],
                        default="private",
                        max_length=7,
                    ),
                ),
                ("policy", models.JSONField(default=dict)),
                (
                    "contacts",
                    models.CharField(
                        choices=[("everyone", "Everyone"), ("staff", "Staff")],
                        default="everyone",
                        max_length=8,
                    ),
                ),
                (
                    "joining",
                    models.CharField(
                        choices=[("closed", "Closed"), ("open", "Open")],
                        default="closed",
                        max_length=6,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled")],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("member_count", models.PositiveIntegerField(default=0)),
                ("last_position", models.PositiveBigIntegerField(default=0)),
                ("last_joined_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Solution",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public_id", models.CharField(max_length=128)),
                ("name", models.CharField(blank=True, max_length=256)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
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
                    models.Index(fields=["scope", "created_at", "id"], name="solution_by_time")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "public_id"), name="solution_public_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("public_id", ""), _negated=True),
                        name="solution_public_id_given",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContextShare",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("shared_at", models.DateTimeField()),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="accounts.context",
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
                (
                    "solution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="borrowed",
                        to="accounts.solution",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "solution", "context"], name="context_share_of")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "context", "solution"), name="context_share"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="context",
            name="solution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contexts",
                to="accounts.solution",
            ),
        ),
        migrations.CreateModel(
            name="ContextMember",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("member_id", models.CharField(max_length=128)),
                ("public_key", models.CharField(max_length=64)),
                ("acl", models.CharField(max_length=4096)),
                ("reach", models.PositiveSmallIntegerField()),
                ("starts", models.PositiveSmallIntegerField()),
                ("is_staff", models.BooleanField(default=False)),
                ("proven_at", models.DateTimeField(blank=True, null=True)),
                ("position", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("replaced", "Replaced"),
                            ("removed", "Removed"),
                            ("left", "Left"),
                            ("account-deleted", "Account Deleted"),
                        ],
                        default="",
                        max_length=15,
                    ),
                ),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="accounts.context",
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
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="context_members",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "context", "member_id", "created_at"],
                        name="member_id_history",
                    ),
                    models.Index(
                        fields=["scope", "context", "public_key", "created_at"],
                        name="member_key_history",
                    ),
                    models.Index(
                        condition=models.Q(("user__isnull", False)),
                        fields=["scope", "user", "context"],
                        name="member_of_user",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("scope", "context", "member_id"),
                        name="member_id_living",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("scope", "context", "public_key"),
                        name="member_key_living",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("scope", "context", "position"),
                        name="member_position",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("member_id", ""), _negated=True),
                            models.Q(("public_key", ""), _negated=True),
                            models.Q(("acl", ""), _negated=True),
                        ),
                        name="member_texts_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("position__gt", 0), ("reach__lte", 31), ("starts__lte", 31)
                        ),
                        name="member_numbers",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_reason", "")),
                            models.Q(
                                ("ended_at__gte", models.F("created_at")),
                                models.Q(("ended_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="member_end_paired",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContextTally",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("bucket", models.PositiveBigIntegerField()),
                ("members", models.PositiveIntegerField()),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tallies",
                        to="accounts.context",
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
                        fields=("scope", "context", "level", "bucket"), name="context_tally"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__lte", 1)), name="context_tally_level"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="context",
            index=models.Index(fields=["scope", "created_at", "id"], name="context_by_time"),
        ),
        migrations.AddIndex(
            model_name="context",
            index=models.Index(
                fields=["scope", "solution", "created_at", "id"], name="context_of_solution"
            ),
        ),
        migrations.AddConstraint(
            model_name="context",
            constraint=models.UniqueConstraint(
                fields=("scope", "public_id"), name="context_public_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="context",
            constraint=models.CheckConstraint(
                condition=models.Q(("public_id", ""), _negated=True), name="context_public_id_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="context",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("last_joined_at__isnull", True), ("last_position", 0)),
                    models.Q(("last_joined_at__isnull", False), ("last_position__gt", 0)),
                    _connector="OR",
                ),
                name="context_last_member_paired",
            ),
        ),
        operations.IsolateTable("accounts_solution"),
        operations.IsolateTable("accounts_context"),
        operations.IsolateTable("accounts_contextshare"),
        operations.IsolateTable("accounts_contextmember"),
        operations.IsolateTable("accounts_contexttally"),
    ]
