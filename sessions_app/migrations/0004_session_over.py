"""The index by which sessions that ended long ago are found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_policies")]

    operations = [
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(status="ended"), fields=["ended_at"], name="session_over"
            ),
        ),
    ]
