"""Sessions that are found by the one text that a client sends."""

from django.db import migrations, models

from identity.scoping import operations, session_lookups


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0012_developer_keys"),
        ("sessions_app", "0006_spent_everywhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="mark",
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("mark__isnull", False)),
                fields=["mark"],
                name="session_mark",
            ),
        ),
        operations.LookupFunction(session_lookups.SCOPE_BY_TOKEN),
    ]
