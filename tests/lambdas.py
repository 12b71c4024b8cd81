"""Lambdas for tests: configurations that hold, and a scope that has turned lambdas on."""

from datetime import UTC, datetime
from typing import Any

from accounts.lambdas import sandbox
from accounts.models import Lambda
from accounts.services import lambdas
from identity import ids
from identity.actor import Actor, ActorKind
from identity.services import scopes
from tests import cast

ANYBODY = {"type": "none"}
CALM = sandbox.Bounds(start_seconds=120, seconds=120)
"""For what is to come to an end, however busy the machine is: a server grants less by far."""


def code(text: str = "return true", **more: Any) -> dict[str, Any]:
    return {"type": "code", "code": text, "substitution": True, **more}


def fetch(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"type": "fetch", "endpoint": endpoint, "substitution": True, **more}


def config(*conditions: dict[str, Any], data: str = "0x68656c6c6f", **more: Any) -> dict[str, Any]:
    action = {"type": "personal_sign", "data": data, "substitution": True}
    return {"conditions": list(conditions) or [code()], "actions": action, **more}


def owner(member: cast.Member) -> Actor:
    """The member, signed in."""
    user = member.user
    return Actor(ActorKind.SESSION, user.scope_id, user_id=user.id, public_id=user.public_id)


def turn_on(world: cast.World, *hosts: str) -> None:
    with cast.in_scope(world):
        changes = {"lambdas": True, "lambda_hosts": " ".join(hosts)}
        scopes.change_settings(changes=changes, by=world.system, now=datetime.now(UTC))


def made(world: cast.World, member: cast.Member, given: dict[str, Any]) -> Lambda:
    """A lambda of this member, in a scope that has turned them on."""
    with cast.in_scope(world):
        return lambdas.create(
            lambda_id=ids.new(),
            user_id=member.user.id,
            given=given,
            by=owner(member),
            now=datetime.now(UTC),
        )
