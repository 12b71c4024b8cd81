"""A name of its own by which a user's public profile is found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_verified_addresses")]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="name",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("name", ""), _negated=True),
                fields=("scope", "name"),
                name="profile_name",
            ),
        ),
    ]
