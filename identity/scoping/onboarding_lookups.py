"""The question how far an onboarding is, from whoever has its id; `onboarding_doors` asks it.

Part of the list that begins in `door_lookups`.
"""

from typing import Final

from identity.scoping import lookups

PROGRESS: Final = lookups.define(
    "onboarding_progress",
    arguments=[("task", "uuid")],
    columns=[
        ("scope_id", "uuid"),
        ("scope_slug", "text"),
        ("scope_status", "text"),
        ("action", "text"),
        ("state", "text"),
        ("error", "text"),
    ],
    # Nothing of who it is about: the answer is for anybody.
    sql="""
SELECT scope.id, scope.slug, scope.status, task.action, task.state, task.error
FROM accounts_onboarding AS task JOIN identity_scope AS scope ON scope.id = task.scope_id
WHERE task.id = %(task)s
""",
)
