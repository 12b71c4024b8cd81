"""Class 16 of the known attacks, by programs: a key makes or becomes what is wider than itself.

A model check: whoever holds one key does everything it can with
it and with every key it gets hold of; nothing reaches farther than the first.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from identity import ids, limits
from identity.actor import Actor
from identity.errors import DomainError, Forbidden
from identity.models import ApiKey
from identity.scoping import current
from identity.services import api_key_limits, api_key_secrets, api_keys
from identity.services.api_key_errors import ApiKeyTooWide
from identity.services.api_keys import Holder
from sessions_app.services import machine_sessions
from sessions_app.services.machine_starts import Asked
from tests import cast, programs
from tests.programs import AT, Program

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)
KEEPING = ("api-keys:create", "api-keys:edit", "api-keys:delete")
OWN = (*KEEPING, "contexts:list", "contexts:edit")
WORDS = (*OWN, "solutions:edit", "scopes:edit", "users:list")
SOLUTIONS: Sequence[Sequence[str]] = ((), ("*",), ("a",), ("a", "b"), ("c",))
CONTEXTS: Sequence[Sequence[str]] = ((), ("k",), ("l",), ("k", "l", "m"))
NETWORKS: Sequence[Sequence[str]] = (
    *((), ("192.0.2.0/24",), ("192.0.2.0/29",)),
    *(("192.0.2.7",), ("0.0.0.0/0",)),
)
ENDS = (None, NOW + WEEK, NOW + 2 * WEEK, NOW + 3 * WEEK)


@dataclass
class Thief:
    """Somebody who holds one key, and whatever comes of that."""

    world: cast.World
    first: Program
    random: random.Random
    others: list[Program]
    held: dict[Any, Program] = field(default_factory=dict)
    taken: int = 0

    def __post_init__(self) -> None:
        self.held[self.first.row.id] = self.first

    def actors(self) -> Actor:
        """A key in these hands, by itself or by a token for it."""
        program = self.random.choice(list(self.held.values()))
        if self.random.random() < 0.5:
            return program.actor
        pair = program.begin(now=NOW)
        found = machine_sessions.check(pair.access, address=AT.address, now=NOW)
        return found.actor(AT.address)

    def bounds(self) -> dict[str, Sequence[str]]:
        """Mostly what she may have, so that she gets on; the rest of the time anything."""
        pick, is_meek = self.random.choice, self.random.random() < 0.8
        return {
            "solutions": pick([("a",), ("a", "b")] if is_meek else SOLUTIONS),
            "contexts": pick([("k",), ("k", "l")] if is_meek else CONTEXTS),
            "networks": pick([("192.0.2.0/28",), ("192.0.2.7",)] if is_meek else NETWORKS),
        }

    def end(self) -> datetime | None:
        return self.random.choice(ENDS[1:3] if self.random.random() < 0.8 else ENDS)

    def words(self) -> list[str]:
        if self.random.random() < 0.8:
            return [*KEEPING, *self.random.sample(OWN[3:], self.random.randint(0, 2))]
        return self.random.sample(WORDS, self.random.randint(0, 4))

    def step(self) -> None:
        acts = (self.make, self.make, self.make, self.edit, self.edit, self.rotate, self.switch)
        try:
            by = self.actors()
            self.random.choice(acts)(by)
        except (ApiKeyTooWide, Forbidden):
            return
        except DomainError as refusal:
            assert refusal.code in {"api-key.revoked", "unauthenticated", "api-key.without-secret"}
            return
        self.taken += 1

    def make(self, by: Actor) -> None:
        users = [None, *User.objects.values_list("id", flat=True)]
        secret, key_id = api_key_secrets.new_hex_secret(), ids.new()
        row = api_keys.create(
            key_id=key_id,
            name="hers",
            credential=api_key_secrets.shared(secret),
            words=self.words(),
            limits=limits.checked(**self.bounds()),
            holder=Holder(user_id=self.random.choice([self.first.row.user_id, *users])),
            expires_at=self.end(),
            by=by,
            now=NOW,
        )
        self.held[row.id] = Program(row, secret)

    def _any(self) -> Program:
        return self.random.choice([*self.held.values(), *self.others])

    def edit(self, by: Actor) -> None:
        changed = self.random.sample(("words", "limits", "end"), self.random.randint(1, 3))
        given: dict[str, Any] = {}
        target = self._any()
        if "words" in changed:
            given["words"] = self.words()
        if "limits" in changed:
            given["limits"] = limits.Change(**self.bounds())
        if "end" in changed:
            given["expires_at"] = self.end()
        if target is self.first:
            # Wider, if that were possible: she does not cut off her own hand.
            wider = {"words": WORDS, "limits": limits.Change((), (), ()), "expires_at": ENDS[3]}
            given = {name: value for name, value in wider.items() if self.random.random() < 0.5}
        api_keys.edit(key_id=target.row.id, by=by, now=NOW, **given)

    def rotate(self, by: Actor) -> None:
        target = self._any()
        secret = api_keys.rotate(key_id=target.row.id, overlap=timedelta(), by=by, now=NOW)
        self.held[target.row.id] = Program(target.row, secret)

    def switch(self, by: Actor) -> None:
        target = self._any()
        if target.row.id == by.api_key_id:
            return  # A key that switches itself off is off.
        api_keys.disable(key_id=target.row.id, by=by, now=NOW)
        api_keys.enable(key_id=target.row.id, by=by, now=NOW)


def reach(program: Program) -> api_key_limits.Reach:
    return api_key_limits.of_key(ApiKey.objects.get(id=program.row.id))


@pytest.mark.parametrize("acts_for_somebody", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_reaches_farther_than_the_first_key(seed: int, acts_for_somebody: bool) -> None:
    world = cast.world()
    owner = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    first = programs.make(
        world.system,
        *OWN,
        now=NOW,
        name="first",
        solutions=["a", "b"],
        contexts=["k", "l"],
        networks=["192.0.2.0/28"],
        expires_at=NOW + 2 * WEEK,
        holder=Holder(user_id=owner.user.id if acts_for_somebody else None),
    )
    wide = programs.make(world.system, *WORDS, now=NOW, name="wide")
    alike = programs.make(
        world.system,
        "contexts:list",
        now=NOW,
        solutions=["a"],
        contexts=["k"],
        networks=["192.0.2.1"],
        expires_at=NOW + WEEK,
        holder=Holder(user_id=owner.user.id if acts_for_somebody else None),
    )
    thief = Thief(world, first, random.Random(seed), [wide, alike])
    with current.in_scope(world.scope.id):
        before, untouched = reach(first), reach(wide)
        for _ in range(300):
            thief.step()
        for program in thief.held.values():
            assert reach(program).beyond(before) == {}, program.row.name
        assert reach(wide) == untouched
        assert wide.row.id not in thief.held
    # She really got somewhere.
    assert thief.taken > 10
    assert len(thief.held) > 3


def test_a_key_does_not_handle_what_is_wider() -> None:
    world = cast.world()
    first = programs.make(world.system, *OWN, now=NOW, solutions=["a"])
    wide = programs.make(world.system, *OWN, now=NOW)
    other = programs.make(world.system, "contexts:list", now=NOW, solutions=["b"])
    for target in (wide, other):
        given: dict[str, Any] = {"key_id": target.row.id, "by": first.actor, "now": NOW}
        acts: Sequence[Any] = (
            lambda given=given: api_keys.edit(name="mine", **given),
            lambda given=given: api_keys.rotate(overlap=timedelta(), **given),
            lambda given=given: api_keys.disable(**given),
            lambda given=given: api_keys.enable(**given),
            lambda given=given: api_keys.revoke(**given),
        )
        for act in acts:
            with pytest.raises(ApiKeyTooWide):
                act()
        assert target.door.status == "active"


def test_what_a_token_leaves_out_its_key_does_not_give() -> None:
    world = cast.world()
    first = programs.make(world.system, *OWN, now=NOW)
    asked = Asked(permissions=frozenset({"api-keys:create"}), solutions=("a",))
    pair = first.begin(asked, now=NOW)
    by = machine_sessions.check(pair.access, address=AT.address, now=NOW).actor("")
    for more in ({"words": ["contexts:list"]}, {"limits": limits.NONE}):
        given: dict[str, Any] = {"words": ["api-keys:create"], **more}
        bounds = given.pop("limits", limits.checked(solutions=["a"]))
        with pytest.raises(ApiKeyTooWide):
            api_keys.create(
                key_id=ids.new(),
                name="x",
                credential=api_key_secrets.bearer(api_key_secrets.new_secret()),
                limits=bounds,
                by=by,
                now=NOW,
                **given,
            )


def test_a_key_that_was_narrowed_or_ended_meanwhile_makes_nothing() -> None:
    world = cast.world()
    first = programs.make(world.system, *OWN, now=NOW)
    by = first.actor
    api_keys.edit(key_id=first.row.id, words=["api-keys:create"], by=world.system, now=NOW)
    with pytest.raises(ApiKeyTooWide):
        programs.make(by, "contexts:list", now=NOW)
    child = programs.make(by, "api-keys:create", now=NOW)
    assert child.row.made_by_key == first.row.id
    api_keys.disable(key_id=first.row.id, by=world.system, now=NOW)
    with pytest.raises(Forbidden):
        programs.make(by, now=NOW)


def test_a_key_does_not_loosen_itself() -> None:
    world = cast.world()
    bound: dict[str, Any] = {"solutions": ["a"], "contexts": ["k"], "networks": ["192.0.2.0/24"]}
    first = programs.make(world.system, *OWN, now=NOW, expires_at=NOW + WEEK, **bound)
    before = api_key_limits.of_key(first.row)
    given: dict[str, Any] = {"key_id": first.row.id, "by": first.actor, "now": NOW}
    for wider in (
        {"words": [*OWN, "users:list"]},
        {"limits": limits.Change(solutions=[])},
        {"limits": limits.Change(solutions=["a", "b"])},
        {"limits": limits.Change(contexts=[])},
        {"limits": limits.Change(networks=["192.0.0.0/16"])},
        {"expires_at": NOW + 2 * WEEK},
    ):
        with pytest.raises(ApiKeyTooWide):
            api_keys.edit(**given, **wider)
    with current.in_scope(world.scope.id):
        assert reach(first) == before
    api_keys.edit(**given, limits=limits.Change(networks=["192.0.2.7"]))
    with current.in_scope(world.scope.id):
        assert reach(first).beyond(before) == {}
