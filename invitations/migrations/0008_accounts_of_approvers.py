"""Scopes that exist get the locked policy about invitations to accounts that approve."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from identity import ids

POLICY = {
    "name": "Accounts of approvers",
    "description": "Whoever issues an invitation could use it: one to an account that approves,"
    " and has no password, needs a second person.",
    "resource": "/users/invite /users/*/devices/invite",
    "action": "*",
    "priority": 0,
    "expression": "details.may_approve && !details.is_password_protected",
    "decision_on_true": "REVIEW",
    "review_expression": '{"all":[],"deny":1,"min":1}',
    "is_locked": True,
    "only_if_reachable": True,
}


def add(apps: Any, schema_editor: Any) -> None:
    """To every scope, as new ones have it from the start."""
    del schema_editor
    model = apps.get_model("invitations", "Policy")
    now = datetime.now(UTC)
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        row = model(
            id=ids.new(),
            public_id=ids.new(),
            scope_id=scope.id,
            created_at=now,
            updated_at=now,
            **POLICY,
        )
        row.save(force_insert=True)


def remove(apps: Any, schema_editor: Any) -> None:
    """From every scope."""
    del schema_editor
    policies = apps.get_model("invitations", "Policy").objects
    policies.filter(is_locked=True, name=POLICY["name"]).delete()


class Migration(migrations.Migration):
    dependencies = [("invitations", "0007_governance_covers_the_scope")]

    operations = [migrations.RunPython(add, remove)]
