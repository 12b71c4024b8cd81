"""Opens the framework's own tables, which belong to no scope, to the roles of the second wall."""

from django.db import migrations

from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("sessions", "0001_initial"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [
        operations.GrantSharedTables(
            tables=["django_session", "django_tasks_database_dbtaskresult"],
            # Permissions are decided in `identity.permissions`: nobody writes Django's at run time.
            readable=[
                "django_migrations",
                "django_content_type",
                "auth_permission",
                "auth_group",
                "auth_group_permissions",
            ],
        ),
    ]
