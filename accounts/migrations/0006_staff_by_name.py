"""The index by which the list of staff is read, however many users are none."""

from django.db import migrations, models

import identity.scoping.keyset


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_list_indexes")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                models.F("scope"),
                identity.scoping.keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                condition=models.Q(is_staff=True),
                name="user_staff_by_name",
            ),
        ),
    ]
