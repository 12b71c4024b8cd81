"""API keys get limits, a shared secret, rotation with overlap, and can be switched off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0013_signed_configurations"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="apikey",
            name="api_key_one_credential",
        ),
        migrations.RemoveConstraint(
            model_name="apikey",
            name="api_key_status_paired",
        ),
        migrations.AddField(
            model_name="apikey",
            name="algorithm",
            field=models.CharField(
                blank=True,
                choices=[("p256", "P256"), ("ed25519", "Ed25519")],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="contexts",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="apikey",
            name="made_by_key",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="networks",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="apikey",
            name="previous_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="apikey",
            name="previous_sealed",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="previous_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="sealed_secret",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="solutions",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="kind",
            field=models.CharField(
                choices=[("bearer", "Bearer"), ("signature", "Signature"), ("shared", "Shared")],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="status",
            field=models.CharField(
                choices=[("active", "Active"), ("disabled", "Disabled"), ("revoked", "Revoked")],
                default="active",
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("made_by_key__isnull", False)),
                fields=["scope", "made_by_key", "created_at"],
                name="api_key_made_by_key",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("previous_digest", ""), _negated=True),
                fields=["previous_digest"],
                name="api_key_previous",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                condition=models.Q(("previous_until__isnull", False)),
                fields=["previous_until"],
                name="api_key_previous_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "bearer"),
                        ("public_key", ""),
                        ("sealed_secret__isnull", True),
                        models.Q(("secret_digest", ""), _negated=True),
                    ),
                    models.Q(
                        ("kind", "signature"),
                        ("sealed_secret__isnull", True),
                        ("secret_digest", ""),
                        models.Q(("public_key", ""), _negated=True),
                    ),
                    models.Q(
                        ("kind", "shared"),
                        ("public_key", ""),
                        ("sealed_secret__isnull", False),
                        models.Q(("secret_digest", ""), _negated=True),
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
                    models.Q(
                        ("previous_digest", ""),
                        ("previous_sealed__isnull", True),
                        ("previous_until__isnull", True),
                    ),
                    models.Q(
                        ("kind", "bearer"),
                        ("previous_sealed__isnull", True),
                        ("previous_until__isnull", False),
                        models.Q(("previous_digest", ""), _negated=True),
                    ),
                    models.Q(
                        ("kind", "shared"),
                        ("previous_sealed__isnull", False),
                        ("previous_until__isnull", False),
                        models.Q(("previous_digest", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="api_key_previous_paired",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("status__in", ["active", "disabled"])),
                    models.Q(("revoked_at__isnull", False), ("status", "revoked")),
                    _connector="OR",
                ),
                name="api_key_status_paired",
            ),
        ),
    ]
