"""A wallet's token is spent in every scope at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0008_mail_log"),
        ("sessions_app", "0005_exchanges"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="spenttoken",
            name="spent_token_once",
        ),
        migrations.AddConstraint(
            model_name="spenttoken",
            constraint=models.UniqueConstraint(
                fields=("digest",), name="spent_token_once_anywhere"
            ),
        ),
    ]
