"""Governed scopes that exist get the usual policies that came after they were made."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from identity import ids

USUAL = {
    "priority": 1000,
    "decision_on_true": "REVIEW",
    "review_expression": '{"all":[],"deny":1,"min":1}',
    "only_if_reachable": True,
}
POLICIES = (
    {
        "name": "Registries and auditors",
        "description": "Who onboards users, or reads the record, is made with a second person's"
        " consent. What a registry does for its users is its own.",
        "resource": "/onboardings",
        "action": "add",
        "expression": 'details.role != "USER"',
    },
    {
        "name": "Remotes",
        "description": "Where members and their keys are carried changes with a second person's"
        " consent.",
        "resource": "/remotes /remotes/* /remotes/*/contexts /remotes/*/contexts/*",
        "action": "*",
        "expression": "details.changes_place",
    },
    {
        "name": "Developer keys",
        "description": "A further key speaks for everybody whom a developer ever named: it is added"
        " with a second person's consent.",
        "resource": "/developer-keys",
        "action": "add",
    },
)


def add(apps: Any, schema_editor: Any) -> None:
    """Each of them where no policy speaks of the same, however it was changed since."""
    del schema_editor
    model = apps.get_model("invitations", "Policy")
    now = datetime.now(UTC)
    for scope in apps.get_model("identity", "Scope").objects.iterator(chunk_size=1000):
        if not scope.settings.get("governance", True):
            continue
        there = set(model.objects.filter(scope_id=scope.id).values_list("resource", flat=True))
        for policy in POLICIES:
            if policy["resource"] in there:
                continue
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
        ("accounts", "0030_member_staff"),
        ("identity", "0014_key_limits"),
        ("invitations", "0010_joined_by_a_key"),
    ]

    # What was made may have been changed since, so nothing is taken back.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
