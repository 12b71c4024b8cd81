"""What was wrong with an onboarding that failed, for its owner."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0027_remotes"),
    ]

    operations = [
        migrations.AddField(
            model_name="onboarding",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=512),
            preserve_default=False,
        ),
    ]
