"""Governed scopes that exist get the usual policy about profiles of others."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from identity import ids

RESOURCE = "/users/*/profile"
POLICY = {
    "name": "Profiles of others",
    "description": "The names, the address and the telephone in somebody else's profile change"
    " with a second person. Everybody's own is their own.",
    "resource": RESOURCE,
    "action": "edit",
    "expression": "details.changes_contact",
    "priority": 1000,
    "decision_on_true": "REVIEW",
    "review_expression": '{"all":[],"deny":1,"min":1}',
    "only_if_reachable": True,
}


def add(apps: Any, schema_editor: Any) -> None:
    """Where no policy speaks of the same."""
    del schema_editor
    model = apps.get_model("invitations", "Policy")
    now = datetime.now(UTC)
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        there = model.objects.filter(scope_id=scope.id, resource=RESOURCE)
        if not scope.settings.get("governance", True) or there.exists():
            continue
        row = model(
            id=ids.new(),
            public_id=ids.new(),
            scope_id=scope.id,
            created_at=now,
            updated_at=now,
            **POLICY,
        )
        row.save(force_insert=True)


class Migration(migrations.Migration):
    dependencies = [("invitations", "0011_later_defaults")]

    # What was made may have been changed since, so nothing is taken back.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
