"""Lets sessions say that they began by a user key; the columns stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0008_machine_sessions")]

    operations = [
        migrations.AlterField(
            model_name="session",
            name="method",
            field=models.CharField(
                choices=[
                    ("password", "Password"),
                    ("wallet", "Wallet"),
                    ("user-key", "User key"),
                    ("email", "Email"),
                    ("oauth", "Oauth"),
                    ("passkey", "Passkey"),
                    ("device", "Device"),
                    ("backend", "Backend"),
                    ("session", "Session"),
                ],
                max_length=8,
            ),
        ),
    ]
