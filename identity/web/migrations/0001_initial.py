"""The counters of rate limits."""

from django.db import migrations, models

from identity.scoping import operations


class Migration(migrations.Migration):
    initial = True

    # The roles that the table is opened to are made there.
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="RateCounter",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("window_ends", models.BigIntegerField()),
                ("hits", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["window_ends"], name="rate_counter_expiry"),
                ],
            },
        ),
        operations.ShareTable("web_ratecounter"),
    ]
