"""A key may have come by a session of its owner."""

from typing import ClassVar

from django.db import migrations, models

KINDS = ["authorize", "keys-at-creation", "rotation", "session"]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0002_staff"),
        ("identity", "0002_shared_tables"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="knownkey", name="known_key_words_known"),
        migrations.AlterField(
            model_name="knownkey",
            name="registration_kind",
            field=models.CharField(
                choices=[
                    ("authorize", "Authorize"),
                    ("keys-at-creation", "Keys At Creation"),
                    ("rotation", "Rotation"),
                    ("session", "Session"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="knownkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("purpose__in", ["signature", "encryption"]),
                    ("registration_kind__in", KINDS),
                ),
                name="known_key_words_known",
            ),
        ),
    ]
