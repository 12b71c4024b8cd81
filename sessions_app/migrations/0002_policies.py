"""Governed scopes that exist get the usual policies about providers and applications."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from identity import ids

USUAL = {
    "action": "*",
    "priority": 1000,
    "decision_on_true": "REVIEW",
    "review_expression": '{"all":[],"deny":1,"min":1}',
    "only_if_reachable": True,
}
POLICIES = (
    {
        "name": "Providers",
        "description": "Who may vouch for users changes with a second person's consent.",
        "resource": "/providers /providers/*",
    },
    {
        "name": "Applications",
        "description": "Where users are sent after signing in changes with a second person's"
        " consent.",
        "resource": "/applications /applications/*",
    },
)


def add(apps: Any, schema_editor: Any) -> None:
    del schema_editor
    model = apps.get_model("invitations", "Policy")
    now = datetime.now(UTC)
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        if not scope.settings.get("governance", True):
            continue
        for policy in POLICIES:
            row = model(
                id=ids.new(),
                public_id=ids.new(),
                scope_id=scope.id,
                created_at=now,
                updated_at=now,
                **USUAL,
                **policy,
            )
            row.save(force_insert=True)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0007_api_keys"),
        ("invitations", "0008_accounts_of_approvers"),
        ("sessions_app", "0001_sessions"),
    ]

    # What was made may have been changed since, so nothing is taken back.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
