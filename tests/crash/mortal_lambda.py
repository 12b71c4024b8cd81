"""Runs a lambda in processes that die, each one point later than the last.

    python -m tests.crash.mortal_lambda SLUG USERNAME

What they died at is said on standard output; the last one lives until the signature is made.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django
from django.db import connections

from tests.crash import mortal_server


def main(slug: str, username: str) -> None:
    """Store a lambda in one process; run it in mortal ones."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    django.setup()
    assert _in_a_process(_prepare, slug, username) == 0
    point = 1
    while _in_a_process(_work, slug, point) != 0:
        point += 1


def _in_a_process(work: Callable[..., None], *given: Any) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    work(*given)
    connections.close_all()
    os._exit(0)


def _prepare(slug: str, username: str) -> None:
    from accounts.models import User
    from accounts.services import lambdas, managed_keys
    from identity import actor, ids
    from identity.actor import Actor, ActorKind
    from identity.scoping import current
    from identity.services import scopes
    from tests.lambdas import ANYBODY, config, fetch

    scope_id = _scope(slug)
    with current.in_scope(scope_id):
        settings = {"lambdas": True, "lambda_hosts": "api.example.org"}
        scopes.change_settings(changes=settings, by=actor.system(scope_id), now=_now())
        user = User.objects.get(username=username)
        managed_keys.create(user=user, now=_now())
        lambdas.create(
            lambda_id=ids.new(),
            user_id=user.id,
            given=config(
                fetch("https://api.example.org/"),
                post_hooks=[fetch("https://api.example.org/done?by=<<signature>>")],
                authorization=ANYBODY,
            ),
            by=Actor(ActorKind.SESSION, scope_id, user_id=user.id, public_id=user.public_id),
            now=_now(),
        )


def _work(slug: str, point: int) -> None:
    from accounts.lambdas.requests import Answer
    from accounts.models import Lambda
    from identity.scoping import current
    from invitations.services import lambda_runs

    fate = mortal_server.Fate()
    mortal_server.make_mortal(fate)
    with current.in_scope(_scope(slug)):
        row = Lambda.objects.get()
        fate.die_at = point
        lambda_runs.run(
            lambda_id=row.id,
            inputs=[],
            caller=None,
            # Each from another place, so that no limit stands in the way.
            address=f"192.0.2.{point}",
            call=lambda _: Answer(200, b"true"),
            now=_now(),
        )


def _scope(slug: str) -> UUID:
    from identity.scoping import doors

    found = doors.scope_by_slug(slug)
    assert found is not None
    return found.scope_id


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
