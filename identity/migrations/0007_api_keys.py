"""Makes the table of API keys, and room for keys that sign tokens and as the application."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0006_audit_checks"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key_id", models.CharField(max_length=128, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("bearer", "Bearer"), ("signature", "Signature")], max_length=9
                    ),
                ),
                ("secret_digest", models.CharField(blank=True, max_length=64)),
                ("public_key", models.CharField(blank=True, max_length=132)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("role", models.CharField(blank=True, max_length=64)),
                ("permissions", models.JSONField(blank=True, default=list)),
                ("purpose", models.CharField(default="program", max_length=16)),
                ("via", models.CharField(blank=True, max_length=16)),
                ("extra", models.JSONField(blank=True, default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("revoked", "Revoked")],
                        default="active",
                        max_length=7,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("updated_by", models.UUIDField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="serverkey",
            name="server_key_words_known",
        ),
        migrations.AlterField(
            model_name="serverkey",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("encryption", "Encryption"),
                    ("signature", "Signature"),
                    ("token", "Token"),
                    ("application", "Application"),
                ],
                max_length=11,
            ),
        ),
        migrations.AddConstraint(
            model_name="serverkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("purpose__in", ["encryption", "signature", "token", "application"]),
                    ("status__in", ["active", "retiring", "retired"]),
                ),
                name="server_key_words_known",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.scope"
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(fields=["scope", "created_at", "id"], name="api_key_list"),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(fields=["scope", "user_id", "created_at"], name="api_key_user"),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("secret_digest", ""), _negated=True),
                fields=("secret_digest",),
                name="api_key_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "bearer"),
                        ("public_key", ""),
                        models.Q(("secret_digest", ""), _negated=True),
                    ),
                    models.Q(
                        ("kind", "signature"),
                        ("secret_digest", ""),
                        models.Q(("public_key", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="api_key_one_credential",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("status", "active")),
                    models.Q(("revoked_at__isnull", False), ("status", "revoked")),
                    _connector="OR",
                ),
                name="api_key_status_paired",
            ),
        ),
        operations.IsolateTable("identity_apikey"),
    ]
