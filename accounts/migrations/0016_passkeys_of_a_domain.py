"""Passkeys keep the domain they were made for, and can be suspended."""

import json
from typing import Any

from django.conf import settings
from django.db import migrations, models

from identity.services import passkey_settings


def name_domains(apps: Any, schema_editor: Any) -> None:
    """Those that there are were made for the domain that their scope names now."""
    del schema_editor
    rows = apps.get_model("accounts", "Passkey").objects
    usual = passkey_settings.usual_rp_id(settings.BASE_URL)
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        saved = scope.settings if isinstance(scope.settings, dict) else json.loads(scope.settings)
        domain = saved.get("passkey_rp_id") or usual
        rows.filter(scope_id=scope.id, rp_id="").update(rp_id=domain)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_passkeys"),
    ]

    operations = [
        migrations.AddField(
            model_name="passkey",
            name="rp_id",
            field=models.CharField(default="", max_length=253),
        ),
        migrations.AddField(
            model_name="passkey",
            name="suspended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(name_domains, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="passkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("suspended_at__isnull", True),
                    ("alarmed_at__isnull", False),
                    _connector="OR",
                ),
                name="passkey_suspended_by_alarm",
            ),
        ),
    ]
