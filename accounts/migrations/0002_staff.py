"""Staff: memberships in several scopes, one-time passwords, recovery codes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import door_lookups, operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("identity", "0002_shared_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="one_time_password_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="OneTimePassword",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sealed_secret", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("last_step", models.BigIntegerField(default=0)),
                ("wrong_codes", models.PositiveSmallIntegerField(default=0)),
                ("wrong_codes_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("scope", "user"),
                        name="one_time_password_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", True)),
                        fields=("scope", "user"),
                        name="one_time_password_one_begun",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["scope", "user"], name="recovery_code_user")],
            },
        ),
        migrations.CreateModel(
            name="StaffMembership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("login_id", models.UUIDField()),
                ("login_name", models.CharField(max_length=320)),
                ("admitted_at", models.DateTimeField()),
                ("admitted_by", models.UUIDField(blank=True, null=True)),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["login_id"], name="staff_login")],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "login_id"), name="staff_login_once"),
                    models.UniqueConstraint(fields=("scope", "user"), name="staff_user_once"),
                ],
            },
        ),
        operations.IsolateTable("accounts_staffmembership"),
        operations.IsolateTable("accounts_onetimepassword"),
        operations.IsolateTable("accounts_recoverycode"),
        *(operations.LookupFunction(lookup) for lookup in door_lookups.OF_STAFF),
    ]
