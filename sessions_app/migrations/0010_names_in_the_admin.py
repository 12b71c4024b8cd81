"""Names sign-ins as the admin writes them; no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0009_user_key_method")]

    operations = [
        migrations.AlterModelOptions(
            name="signin",
            options={"verbose_name": "sign-in", "verbose_name_plural": "sign-ins"},
        ),
    ]
