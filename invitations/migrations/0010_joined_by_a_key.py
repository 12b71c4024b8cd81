from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0025_onboarding_names"),
        ("identity", "0013_signed_configurations"),
        ("invitations", "0009_joined_without_a_device"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="invitation",
            name="invitation_used_paired",
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("device__isnull", False),
                        ("joined_by", ""),
                        ("state", "used"),
                        ("used_at__isnull", False),
                    ),
                    models.Q(
                        ("device__isnull", True),
                        ("state", "used"),
                        ("used_at__isnull", False),
                        ("joined_by__in", ["wallet", "mail", "provider", "key"]),
                    ),
                    models.Q(
                        models.Q(("state", "used"), _negated=True),
                        ("device__isnull", True),
                        ("joined_by", ""),
                    ),
                    _connector="OR",
                ),
                name="invitation_used_paired",
            ),
        ),
    ]
