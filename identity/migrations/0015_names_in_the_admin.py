"""Names API keys as the admin writes them; no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("identity", "0014_key_limits")]

    operations = [
        migrations.AlterModelOptions(
            name="apikey",
            options={"verbose_name": "API key", "verbose_name_plural": "API keys"},
        ),
    ]
