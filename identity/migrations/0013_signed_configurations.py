"""Makes the table of configurations that owners signed."""

import django.db.models.deletion
from django.db import migrations, models

from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0012_developer_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignedConfiguration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("taken_at", models.DateTimeField()),
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
                    models.UniqueConstraint(fields=("digest",), name="signed_configuration_once")
                ],
            },
        ),
        operations.IsolateTable("identity_signedconfiguration"),
    ]
