"""A scope with a context whose members are carried to a remote, for tests of carrying."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import (
    Context,
    ContextMember,
    Remote,
    RemoteChange,
    RemoteContext,
    User,
)
from accounts.services import (
    context_members,
    contexts,
    remote_contexts,
    remote_leases,
    remote_pace,
    remote_secrets,
    remotes,
    solutions,
)
from identity import actor, ids
from identity.actor import Actor
from identity.crypto import user_key
from identity.management.carrier import Carrier
from identity.scoping import current, doors
from identity.services import scopes
from tests import remote_stand_in

HURRIED = remote_pace.USUAL.times(0.001)


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
        return cls.of(scopes.create(slug=slug, name=slug, now=now()).id)

    @classmethod
    def of(cls, scope_id: UUID) -> "House":
        by = actor.system(scope_id)
        solutions.create(name="Ours", public_id="ours", by=by, now=now())
        given = contexts.Given(solution_id="ours", name="Our circle")
        context = contexts.create(given=given, public_id="here", by=by, now=now())
        return cls(scope_id, context, ids.new())

    @classmethod
    def again(cls, slug: str = "acme") -> "House":
        """The one that another process built."""
        found = doors.scope_by_slug(slug)
        assert found is not None
        with current.in_scope(found.scope_id):
            link = RemoteContext.objects.select_related("context").get()
        return cls(found.scope_id, link.context, link.remote_id, link.id)

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

    def resume(self) -> None:
        remotes.resume(remote_id=self.remote_id, by=self.by, now=now())

    def pause(self) -> None:
        remotes.pause(remote_id=self.remote_id, by=self.by, now=now())

    def put_off(self, member: str) -> None:
        with current.in_scope(self.scope_id):
            rows = RemoteChange.objects.filter(member=member, state="pending")
            rows.update(next_attempt_at=now() + timedelta(hours=1))

    def retry(self) -> int:
        return remote_contexts.retry(remote_id=self.remote_id, by=self.by, now=now())

    def user(self, name: str, **more: Any) -> User:
        with current.in_scope(self.scope_id):
            return User.objects.create(
                scope_id=self.scope_id,
                username=name,
                username_folded=name,
                status=User.Status.ACTIVE,
                created_at=now(),
                updated_at=now(),
                **more,
            )

    def add(self, member: str, public_key: str = "", acl: str = "ALLOW ALL", **more: Any) -> str:
        """Add a member, or give it another key; that key."""
        public_key = public_key or key()
        context_members.add(
            context_id="here",
            member_id=member,
            public_key=public_key,
            acl=acl,
            by=self.by,
            now=now(),
            **more,
        )
        return public_key

    def remove(self, member: str) -> None:
        context_members.remove(context_id="here", member_id=member, by=self.by, now=now())

    def set_acl(self, member: str, acl: str) -> None:
        context_members.set_acl(context_id="here", member_id=member, acl=acl, by=self.by, now=now())

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
        remote_contexts.check(remote_id=self.remote_id, link_id=self.link_id, by=self.by, now=now())
        settle()
        drift: dict[str, Any] = self.linked().drift
        return drift

    def resync(self, *, removes_unknown: bool = False) -> None:
        assert self.link_id is not None
        remote_contexts.resync(
            remote_id=self.remote_id,
            link_id=self.link_id,
            removes_unknown=removes_unknown,
            by=self.by,
            now=now(),
        )
        settle()


def furnish(scope_id: UUID) -> dict[str, str]:
    """A remote to which nothing was carried yet; its things by the names of placeholders."""
    house = House.of(scope_id)
    house.link("https://bridge.example.org/api")
    carried = house.carry()
    given = contexts.Given(solution_id="ours", name="Another circle")
    contexts.create(given=given, public_id="another circle", by=house.by, now=now())
    return {"remote": str(house.remote_id), "carried": str(carried)}


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
