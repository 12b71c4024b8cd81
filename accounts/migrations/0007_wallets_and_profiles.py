"""Makes the tables of wallets, provider accounts, profiles and role credentials."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_staff_by_name"),
        ("identity", "0007_api_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Wallet",
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
                            ("ed25519", "Ed25519"),
                            ("secp256k1", "Secp256K1"),
                            ("ethereum", "Ethereum"),
                            ("p256", "P256"),
                        ],
                        max_length=9,
                    ),
                ),
                ("address", models.CharField(max_length=128)),
                ("public_key", models.CharField(blank=True, max_length=132)),
                ("is_keyless", models.BooleanField(default=False)),
                ("wallet_os", models.CharField(blank=True, max_length=32)),
                ("added_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="wallets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["scope", "user", "added_at"], name="wallet_user")],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "address"), name="wallet_address"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["ed25519", "secp256k1", "ethereum", "p256"])
                        ),
                        name="wallet_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("provider", models.CharField(max_length=64)),
                ("issuer", models.CharField(max_length=255)),
                ("subject", models.CharField(max_length=255)),
                ("email", models.CharField(blank=True, max_length=254)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("linked_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="external_identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.wallet",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "user", "linked_at"], name="external_identity_user"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "issuer", "subject"), name="external_identity_subject"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Avatar",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("media_type", models.CharField(max_length=16)),
                ("picture", models.BinaryField()),
                ("made_at", models.DateTimeField()),
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
                        related_name="avatars",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["scope", "user", "made_at"], name="avatar_user")],
            },
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                (
                    "followed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "follower",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="following",
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
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "followed", "since"], name="follow_followed")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "follower", "followed"), name="follow_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("follower", models.F("followed")), _negated=True),
                        name="follow_others_only",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="profile",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("address", models.CharField(max_length=128)),
                ("public_key", models.CharField(blank=True, max_length=132)),
                ("full_name", models.CharField(blank=True, max_length=200)),
                ("email", models.CharField(blank=True, max_length=254)),
                ("is_email_verified", models.BooleanField(default=False)),
                ("phone", models.CharField(blank=True, max_length=32)),
                ("is_phone_verified", models.BooleanField(default=False)),
                ("locale", models.CharField(blank=True, max_length=35)),
                ("avatar", models.UUIDField(blank=True, null=True)),
                ("source", models.CharField(blank=True, max_length=64)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("postal_address", models.JSONField(blank=True, default=dict)),
                ("privacy", models.JSONField(blank=True, default=dict)),
                ("notifications", models.JSONField(blank=True, default=dict)),
                ("extra", models.JSONField(blank=True, default=dict)),
                ("inviter", models.UUIDField(blank=True, null=True)),
                ("generation", models.PositiveSmallIntegerField(default=0)),
                ("first_sign_in_at", models.DateTimeField()),
                ("last_sign_in_at", models.DateTimeField()),
                ("last_sign_in_from", models.CharField(blank=True, max_length=45)),
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
                    models.UniqueConstraint(fields=("scope", "address"), name="profile_address"),
                    models.CheckConstraint(
                        condition=models.Q(("generation__lte", 8)),
                        name="profile_generation_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), ("is_email_verified", True), _negated=True),
                            models.Q(("is_phone_verified", True), ("phone", ""), _negated=True),
                        ),
                        name="profile_verified_is_there",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleCredential",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("credential_id", models.CharField(max_length=128)),
                ("role", models.CharField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=128)),
                ("document", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[("valid", "Valid"), ("revoked", "Revoked")],
                        default="valid",
                        max_length=7,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("invite", "Invitation"),
                            ("issue", "Issue"),
                            ("recover", "Recovery"),
                        ],
                        default="issue",
                        max_length=7,
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("first_used_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="role_credentials",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "user", "issued_at"], name="role_credential_user")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "credential_id"), name="role_credential_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at__isnull", True), ("status", "valid")),
                            models.Q(("revoked_at__isnull", False), ("status", "revoked")),
                            _connector="OR",
                        ),
                        name="role_credential_status_paired",
                    ),
                ],
            },
        ),
        operations.IsolateTable("accounts_wallet"),
        operations.IsolateTable("accounts_externalidentity"),
        operations.IsolateTable("accounts_profile"),
        operations.IsolateTable("accounts_avatar"),
        operations.IsolateTable("accounts_follow"),
        operations.IsolateTable("accounts_rolecredential"),
    ]
