"""Makes the tables of lambdas and of how they ran."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_managed_keys"),
        ("identity", "0012_developer_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lambda",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("config", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled")],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("max_executions", models.PositiveIntegerField(default=0)),
                ("total_executions", models.PositiveBigIntegerField(default=0)),
                ("ok_executions", models.PositiveBigIntegerField(default=0)),
                ("last_executed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="lambdas",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "created_at", "id"], name="lambda_list"),
                    models.Index(
                        fields=["scope", "user", "created_at", "id"], name="lambda_of_user"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("disabled_at__isnull", True), ("status", "active")),
                            models.Q(("disabled_at__isnull", False), ("status", "disabled")),
                            _connector="OR",
                        ),
                        name="lambda_status_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_executions", 0),
                            ("total_executions__lte", models.F("max_executions")),
                            _connector="OR",
                        ),
                        name="lambda_within_its_executions",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ok_executions__lte", models.F("total_executions"))),
                        name="lambda_signed_no_more_than_ran",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LambdaExecution",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("begun", "Begun"),
                            ("signed", "Signed"),
                            ("not-met", "Not Met"),
                            ("failed", "Failed"),
                        ],
                        default="begun",
                        max_length=7,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("hooks_sent", models.PositiveSmallIntegerField(default=0)),
                ("hooks_failed", models.PositiveSmallIntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "executed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="executions",
                        to="accounts.lambda",
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
                        fields=("scope", "executed", "number"), name="lambda_execution_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "begun")),
                            models.Q(
                                models.Q(("outcome", "begun"), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="lambda_execution_end_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome", "signed"), ("digest", ""), _connector="OR"),
                        name="lambda_execution_digest_signed",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_lambda"),
        operations.IsolateTable("accounts_lambdaexecution"),
    ]
