"""A verified e-mail address is one user's alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_wallets_and_profiles"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_email_verified", True)),
                fields=("scope", "email"),
                name="profile_verified_email",
            ),
        ),
    ]
