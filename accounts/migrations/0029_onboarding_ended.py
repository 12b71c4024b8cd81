"""Onboardings that ended are found by when they did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0028_onboarding_reasons"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="onboarding",
            index=models.Index(
                condition=models.Q(state__in=["completed", "failed", "cancelled"]),
                fields=["ended_at"],
                name="onboarding_ended",
            ),
        ),
    ]
