"""Scopes that exist get the wider locked policy, and the usual one about webhooks."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations
from django.db.models import F

from identity import ids

RESOURCE = (
    "/policies /policies/* /roles /roles/* /rules /rules/* /groups /groups/*"
    " /scopes/* /staff /staff/* /server-keys/*"
)
DESCRIPTION = (
    "Policies, roles, rules, groups, the scope, its staff and its server keys"
    " change with a second person's consent."
)
BEFORE = "/policies /policies/* /roles /roles/* /rules /rules/* /groups /groups/*"
WEBHOOKS = {
    "name": "Webhooks",
    "description": "Where the scope's events are sent changes with a second person's consent.",
    "resource": "/webhooks /webhooks/*",
    "action": "*",
    "priority": 1000,
    "decision_on_true": "REVIEW",
    "review_expression": '{"all":[],"deny":1,"min":1}',
    "only_if_reachable": True,
}


def widen(apps: Any, schema_editor: Any) -> None:
    """One version on: what was proposed under the narrower text is asked for anew."""
    del schema_editor
    policies = apps.get_model("invitations", "Policy").objects
    locked = policies.filter(is_locked=True, name="Governance")
    locked.update(resource=RESOURCE, description=DESCRIPTION, version=F("version") + 1)
    now = datetime.now(UTC)
    model = policies.model
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        if not scope.settings.get("governance", True):
            continue
        row = model(
            id=ids.new(),
            public_id=ids.new(),
            scope_id=scope.id,
            created_at=now,
            updated_at=now,
            **WEBHOOKS,
        )
        row.save(force_insert=True)


def narrow(apps: Any, schema_editor: Any) -> None:
    """Back to the text before; the policy about webhooks stays, since it may have been changed."""
    del schema_editor
    locked = apps.get_model("invitations", "Policy").objects.filter(
        is_locked=True, name="Governance"
    )
    locked.update(resource=BEFORE, version=F("version") + 1)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0004_list_indexes"),
        ("invitations", "0006_list_indexes"),
    ]

    operations = [migrations.RunPython(widen, narrow)]
