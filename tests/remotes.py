"""A scope with a context whose members are carried to a remote, for tests of carrying."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Context, ContextMember, Remote, RemoteChange, RemoteContext, Solution
from accounts.services import (
    member_changes,
    remote_contexts,
    remote_leases,
    remote_pace,
    remote_secrets,
    remotes,
)
from identity import actor, ids
from identity.actor import Actor
from identity.crypto import user_key
from identity.management.carrier import Carrier
from identity.scoping import current
from identity.services import scopes
from tests import remote_stand_in

HURRIED = remote_pace.USUAL.times(0.001)
_positions = itertools.count(1)


def now() -> datetime:
    return datetime.now(UTC)


def key() -> str:
    return user_key.generate().public.text


@dataclass
class House:
    """A scope with one solution and one context, `here`."""

    scope_id: UUID
    context: Context
    remote_id: UUID
    link_id: UUID | None = None

    @classmethod
    def build(cls, slug: str = "acme") -> "House":
        scope_id = scopes.create(slug=slug, name=slug, now=now()).id
        with current.in_scope(scope_id):
            solution = Solution.objects.create(
                scope_id=scope_id, public_id="ours", created_at=now(), updated_at=now()
            )
            context = Context.objects.create(
                scope_id=scope_id,
                public_id="here",
                name="Our circle",
                solution=solution,
                created_at=now(),
                updated_at=now(),
            )
        return cls(scope_id, context, ids.new())

    @property
    def by(self) -> Actor:
        return actor.system(self.scope_id)

    def link(self, url: str, **more: str) -> Remote:
        given = {
            "name": "elsewhere",
            "url": url,
            "api_key_id": remote_stand_in.KEY_ID,
            "solution_there": remote_stand_in.SOLUTION,
            **more,
        }
        secret = remote_secrets.sealed(remote_stand_in.SECRET, remote_id=self.remote_id)
        return remotes.link(
            remote_id=self.remote_id, given=given, sealed_secret=secret, by=self.by, now=now()
        )

    def carry(self, there: str = "there") -> UUID:
        self.link_id = remote_contexts.carry(
            link_id=ids.new(),
            remote_id=self.remote_id,
            context="here",
            context_there=there,
            by=self.by,
            now=now(),
        ).id
        return self.link_id

    def add(self, member: str, public_key: str = "", acl: str = "ALLOW ALL", **more: Any) -> str:
        """Add a member, or give it another key; that key."""
        public_key = public_key or key()
        with current.in_scope(self.scope_id), transaction.atomic():
            self._lock()
            self._ended(member, "replaced")
            ContextMember.objects.create(
                scope_id=self.scope_id,
                context=self.context,
                member_id=member,
                public_key=public_key,
                acl=acl,
                reach=31,
                starts=31,
                position=next(_positions),
                created_at=now(),
                **more,
            )
            member_changes.note(self.context, member, "added", by=self.by, now=now())
        return public_key

    def remove(self, member: str) -> None:
        with current.in_scope(self.scope_id), transaction.atomic():
            self._lock()
            self._ended(member, "removed")
            member_changes.note(self.context, member, "removed", by=self.by, now=now())

    def set_acl(self, member: str, acl: str) -> None:
        with current.in_scope(self.scope_id), transaction.atomic():
            self._lock()
            self._living(member).update(acl=acl)
            member_changes.note(self.context, member, "acl", by=self.by, now=now())

    def _lock(self) -> None:
        Context.objects.select_for_update().get(id=self.context.id)

    def _ended(self, member: str, why: str) -> None:
        self._living(member).update(ended_at=now(), ended_reason=why)

    def _living(self, member: str) -> Any:
        return ContextMember.objects.filter(
            context=self.context, member_id=member, ended_at__isnull=True
        )

    def here(self) -> dict[str, tuple[str, str]]:
        with current.in_scope(self.scope_id):
            rows = ContextMember.objects.filter(ended_at__isnull=True)
            found = rows.values_list("member_id", "public_key", "acl")
            return {member: (public_key, acl) for member, public_key, acl in found}

    def states(self) -> dict[str, int]:
        with current.in_scope(self.scope_id):
            states = list(RemoteChange.objects.values_list("state", flat=True))
        return {state: states.count(state) for state in set(states)}

    def changes(self, **which: Any) -> list[RemoteChange]:
        with current.in_scope(self.scope_id):
            return list(RemoteChange.objects.filter(**which).order_by("sequence"))

    def row(self) -> Remote:
        with current.in_scope(self.scope_id):
            return Remote.objects.get(id=self.remote_id)

    def linked(self) -> RemoteContext:
        assert self.link_id is not None
        with current.in_scope(self.scope_id):
            return RemoteContext.objects.get(id=self.link_id)

    def check(self) -> dict[str, Any]:
        """Have both sides compared, and what was found."""
        assert self.link_id is not None
        remote_contexts.check(link_id=self.link_id, by=self.by, now=now())
        settle()
        drift: dict[str, Any] = self.linked().drift
        return drift

    def resync(self, *, removes_unknown: bool = False) -> None:
        assert self.link_id is not None
        remote_contexts.resync(
            link_id=self.link_id, removes_unknown=removes_unknown, by=self.by, now=now()
        )
        settle()


def sweep(*, pace: remote_pace.Pace = HURRIED) -> int:
    """What the carrier's loop does once, one change after the other; how many were carried."""
    carrier = Carrier(pace=pace)
    taken = carrier.taken(8)
    for one in taken:
        carrier.carry(*one)
    return len(taken)


def settle(*, pace: remote_pace.Pace = HURRIED) -> int:
    """Sweep until nothing is due; how many were carried."""
    return sum(iter(lambda: sweep(pace=pace), 0))


def due() -> int:
    return len(remote_leases.due(now=now(), most=100))


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
