"""Makes the tables of sessions, challenges, providers and the history of sign-ins."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations, session_lookups


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0007_wallets_and_profiles"),
        ("identity", "0007_api_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Provider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("slug", models.SlugField(max_length=64)),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("google", "Google"),
                            ("github", "Github"),
                            ("microsoft", "Microsoft"),
                            ("gitlab", "Gitlab"),
                            ("apple", "Apple"),
                            ("discord", "Discord"),
                            ("oidc", "Oidc"),
                        ],
                        max_length=9,
                    ),
                ),
                ("issuer", models.CharField(max_length=255)),
                ("client_id", models.CharField(max_length=255)),
                ("sealed_secret", models.BinaryField(default=b"")),
                ("options", models.JSONField(blank=True, default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[("enabled", "Enabled"), ("disabled", "Disabled")],
                        default="enabled",
                        max_length=8,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
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
                    models.UniqueConstraint(fields=("scope", "slug"), name="provider_slug"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["enabled", "disabled"])),
                        name="provider_status_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("password", "Password"),
                            ("wallet", "Wallet"),
                            ("email", "Email"),
                            ("oauth", "Oauth"),
                            ("passkey", "Passkey"),
                            ("device", "Device"),
                            ("backend", "Backend"),
                            ("session", "Session"),
                        ],
                        max_length=8,
                    ),
                ),
                ("provider_name", models.CharField(blank=True, max_length=64)),
                ("audience", models.CharField(max_length=255)),
                ("visitor", models.CharField(blank=True, max_length=80)),
                ("wallet_os", models.CharField(blank=True, max_length=32)),
                ("role", models.CharField(blank=True, max_length=64)),
                ("user_agent", models.CharField(blank=True, max_length=512)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("data", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("authenticated_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("refresh_serial", models.PositiveIntegerField(default=1)),
                ("refreshed_at", models.DateTimeField()),
                ("holder", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("ended", "Ended")],
                        default="active",
                        max_length=6,
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=32)),
                (
                    "device",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="accounts.device",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="sessions_app.provider",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "user", "status", "created_at"], name="session_user"
                    ),
                    models.Index(fields=["scope", "created_at", "id"], name="session_list"),
                    models.Index(fields=["scope", "visitor", "status"], name="session_visitor"),
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["expires_at"],
                        name="session_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("status", "active")),
                            models.Q(("ended_at__isnull", False), ("status", "ended")),
                            _connector="OR",
                        ),
                        name="session_ended_at_paired",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("user_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("method", models.CharField(max_length=8)),
                ("provider_name", models.CharField(blank=True, max_length=64)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("succeeded", "Succeeded"), ("refused", "Refused")], max_length=9
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("user_agent", models.CharField(blank=True, max_length=512)),
                ("session_id", models.UUIDField(blank=True, null=True)),
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
                    models.Index(fields=["scope", "user_id", "at", "id"], name="sign_in_user"),
                    models.Index(fields=["scope", "at", "id"], name="sign_in_list"),
                    models.Index(fields=["at"], name="sign_in_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpentToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField()),
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
                "indexes": [models.Index(fields=["expires_at"], name="spent_token_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "digest"), name="spent_token_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Application",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("return_addresses", models.JSONField(default=list)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled")],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
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
                    models.Index(fields=["scope", "created_at", "id"], name="application_list")
                ],
            },
        ),
        migrations.CreateModel(
            name="Challenge",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("purpose", models.CharField(max_length=32)),
                ("subject", models.CharField(blank=True, max_length=255)),
                ("browser", models.CharField(blank=True, max_length=64)),
                ("secret_digest", models.CharField(max_length=64)),
                ("sealed_data", models.BinaryField(default=b"")),
                ("data", models.JSONField(blank=True, default=dict)),
                ("tries_left", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
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
                    models.Index(
                        fields=["scope", "purpose", "subject", "created_at"],
                        name="challenge_subject",
                    ),
                    models.Index(
                        fields=["scope", "purpose", "secret_digest"], name="challenge_secret"
                    ),
                    models.Index(fields=["expires_at"], name="challenge_due"),
                ],
            },
        ),
        operations.IsolateTable("sessions_app_application"),
        operations.IsolateTable("sessions_app_challenge"),
        operations.IsolateTable("sessions_app_spenttoken"),
        operations.IsolateTable("sessions_app_provider"),
        operations.IsolateTable("sessions_app_session"),
        operations.IsolateTable("sessions_app_signin"),
        *(operations.LookupFunction(lookup) for lookup in session_lookups.OF_SESSIONS),
    ]
