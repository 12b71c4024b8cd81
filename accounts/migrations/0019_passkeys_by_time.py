"""The indexes by which the admin lists passkeys."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_lambdas"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="passkey",
            index=models.Index(fields=["scope", "added_at", "id"], name="passkey_by_time"),
        ),
        migrations.AddIndex(
            model_name="passkey",
            index=models.Index(
                condition=models.Q(("alarmed_at__isnull", False)),
                fields=["scope", "added_at", "id"],
                name="passkey_alarmed",
            ),
        ),
    ]
