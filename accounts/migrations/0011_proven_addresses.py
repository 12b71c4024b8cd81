"""Which addresses a code of ours proved: they alone sign in, and each is one user's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_profile_name"),
        ("identity", "0008_mail_log"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="profile",
            name="profile_verified_email",
        ),
        migrations.AddField(
            model_name="profile",
            name="email_proven_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("email_proven_at__isnull", False)),
                fields=("scope", "email"),
                name="profile_proven_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email_proven_at__isnull", True), ("is_email_verified", True), _connector="OR"
                ),
                name="profile_proven_is_verified",
            ),
        ),
    ]
