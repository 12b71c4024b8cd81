"""Contexts with members, for tests: of one scope, through the services."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Context
from accounts.services import context_members, contexts, solutions
from identity import ids
from identity.crypto.user_key import PrivateKey
from identity.scoping import current
from identity.services import api_key_secrets, api_keys
from tests import acts
from tests.cast import World
from tests.faces.v1.client import Bearer


@dataclass
class Circle:
    """One context."""

    world: World
    id: str
    row: Context

    def add(self, member: str, holder: PrivateKey, **more: Any) -> context_members.Added:
        """A member whom the application vouches for."""
        with current.in_scope(self.world.scope.id):
            return context_members.add(
                context_id=self.id,
                member_id=member,
                public_key=holder.public.text,
                by=self.world.system,
                now=more.pop("now", None) or acts.now(),
                **more,
            )

    def set(self, **values: Any) -> None:
        """Columns of the context."""
        with current.in_scope(self.world.scope.id):
            Context.objects.filter(id=self.row.id).update(**values)


def circle(world: World, **given: Any) -> Circle:
    """A new context in a new solution."""
    with current.in_scope(world.scope.id):
        solution = solutions.create(name="Main", by=world.system, now=acts.now())
        wanted = contexts.Given(solution.public_id, "Circle", **given)
        row = contexts.create(given=wanted, by=world.system, now=acts.now())
    return Circle(world, row.public_id, row)


def program(world: World, *words: str, **more: Any) -> Bearer:
    """A client with a new API key that has these permissions."""
    secret = api_key_secrets.new_secret()
    with current.in_scope(world.scope.id):
        api_keys.create(
            key_id=ids.new(),
            name="backend",
            credential=api_key_secrets.bearer(secret),
            words=words,
            by=world.system,
            now=acts.now(),
            **more,
        )
    return Bearer.of(secret, world.scope.slug)
