"""Makes the look-ups that need the tables of people and invitations; shares the admin's own log."""

from django.db import migrations

from identity.scoping import door_lookups, operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
        ("accounts", "0001_initial"),
        ("invitations", "0001_initial"),
        # The admin's log refers to users, so it can't be shared before there are any.
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        *(operations.LookupFunction(lookup) for lookup in door_lookups.OF_PEOPLE),
        operations.ShareTable("django_admin_log"),
    ]
