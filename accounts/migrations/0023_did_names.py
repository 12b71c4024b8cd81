"""Names DIDs as people do."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_onboardings"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="diddocument",
            options={"verbose_name": "DID", "verbose_name_plural": "DIDs"},
        ),
    ]
