"""Onboardings are found by how the user name begins."""

from django.db import migrations, models

from identity.scoping import keyset


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0024_credentials"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="onboarding",
            index=models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                name="onboarding_by_name",
            ),
        ),
    ]
