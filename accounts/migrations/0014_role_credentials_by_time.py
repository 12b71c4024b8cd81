"""The index by which the admin lists role credentials."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_proven_addresses"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="rolecredential",
            index=models.Index(fields=["scope", "issued_at", "id"], name="role_credential_by_time"),
        ),
    ]
