"""Makes the tables of onboardings, their steps, and of registries and who belongs to them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import onboarding_lookups, operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_dids"),
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Onboarding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("onboard", "Onboard"),
                            ("connect", "Connect"),
                            ("random-key", "Random Key"),
                        ],
                        default="onboard",
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=9,
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=254)),
                ("username_folded", models.CharField(blank=True, editable=False, max_length=762)),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("STANDARD_REGISTRY", "Standard Registry"),
                            ("USER", "User"),
                            ("AUDITOR", "Auditor"),
                        ],
                        max_length=17,
                    ),
                ),
                ("requested_by", models.UUIDField(blank=True, null=True)),
                ("proposal_id", models.UUIDField(blank=True, null=True)),
                ("sealed_request", models.BinaryField(blank=True, null=True)),
                ("sealed_result", models.BinaryField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error", models.CharField(blank=True, max_length=512)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("outages", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("lease_holder", models.CharField(blank=True, max_length=128)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.ledgeraccount",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="owned_onboardings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        related_name="onboardings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "created_at", "id"], name="onboarding_list"),
                    models.Index(
                        fields=["scope", "state", "created_at", "id"], name="onboarding_by_state"
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["next_attempt_at", "id"],
                        name="onboarding_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("action__in", ["onboard", "connect", "random-key"]),
                            (
                                "state__in",
                                [
                                    "waiting",
                                    "queued",
                                    "running",
                                    "completed",
                                    "failed",
                                    "cancelled",
                                ],
                            ),
                        ),
                        name="onboarding_words_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lease_until__isnull", False),
                                ("state", "running"),
                                models.Q(("lease_holder", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("state", "running"), _negated=True),
                                ("lease_holder", ""),
                                ("lease_until__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="onboarding_lease_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("next_attempt_at__isnull", False),
                                ("state__in", ["queued", "running"]),
                            ),
                            models.Q(
                                models.Q(("state__in", ["queued", "running"]), _negated=True),
                                ("next_attempt_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="onboarding_due_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state__in", ("completed", "failed", "cancelled")),
                            ),
                            models.Q(
                                ("ended_at__isnull", True),
                                ("state__in", ("waiting", "queued", "running")),
                            ),
                            _connector="OR",
                        ),
                        name="onboarding_end_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sealed_result__isnull", True), ("state", "completed"), _connector="OR"
                        ),
                        name="onboarding_result_of_completed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sealed_request__isnull", True),
                            models.Q(("state__in", ["completed", "cancelled"]), _negated=True),
                            _connector="OR",
                        ),
                        name="onboarding_request_forgotten",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ("waiting", "queued", "running")),
                            models.Q(("username_folded", ""), _negated=True),
                        ),
                        fields=("scope", "username_folded"),
                        name="onboarding_holds_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OnboardingStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=32)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                            ("compensated", "Compensated"),
                        ],
                        default="pending",
                        max_length=11,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("transactions", models.JSONField(blank=True, default=dict)),
                ("outcome", models.JSONField(blank=True, default=dict)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "onboarding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="accounts.onboarding",
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
                        fields=("scope", "onboarding", "number"), name="onboarding_step_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("number__gte", 1),
                            ("number__lte", 9),
                            (
                                "state__in",
                                [
                                    "pending",
                                    "running",
                                    "completed",
                                    "failed",
                                    "skipped",
                                    "compensated",
                                ],
                            ),
                        ),
                        name="onboarding_step_words_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True), ("state__in", ["pending", "running"])
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state__in", ["completed", "failed", "skipped", "compensated"]),
                            ),
                            _connector="OR",
                        ),
                        name="onboarding_step_end_paired",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RegistryMembership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("STANDARD_REGISTRY", "Standard Registry"),
                            ("USER", "User"),
                            ("AUDITOR", "Auditor"),
                        ],
                        max_length=17,
                    ),
                ),
                ("topic_id", models.CharField(blank=True, max_length=64)),
                ("did", models.CharField(blank=True, max_length=255, null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.ledgeraccount",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_users",
                        to=settings.AUTH_USER_MODEL,
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_membership",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "role", "created_at", "id"], name="registry_list"
                    ),
                    models.Index(
                        fields=["scope", "parent", "created_at", "id"], name="registry_users_list"
                    ),
                    models.Index(
                        fields=["scope", "created_at", "id"], name="registry_membership_list"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role", "USER"),
                            models.Q(
                                ("parent__isnull", True),
                                ("role__in", ["STANDARD_REGISTRY", "AUDITOR"]),
                            ),
                            _connector="OR",
                        ),
                        name="registry_membership_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("did__isnull", True),
                            models.Q(("did", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="registry_membership_did_is_text",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("did__isnull", False)),
                        fields=("scope", "did"),
                        name="registry_membership_did",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_onboarding"),
        operations.IsolateTable("accounts_onboardingstep"),
        operations.IsolateTable("accounts_registrymembership"),
        operations.LookupFunction(onboarding_lookups.PROGRESS),
    ]
