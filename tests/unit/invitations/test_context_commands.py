"""Commands about contexts: at which resource policies find them, and what they say to voters."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.queries import members
from accounts.services import context_members, contexts, solutions
from identity.crypto import user_key
from invitations import queries
from invitations.commands.command import registry
from invitations.decision import patterns
from tests import cast

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = user_key.parse_private(bytes(31) + b"\1").public.text
ODD = "new\nline / 😀"


@pytest.fixture
def world(db: None) -> cast.World:
    world = cast.world()
    where: dict[str, Any] = {"by": world.system, "now": NOW}
    with cast.in_scope(world):
        solutions.create(name="Main", public_id="main", **where)
        contexts.create(given=contexts.Given("main", "Circle"), public_id="here", **where)
        context_members.add(context_id="here", member_id=ODD, public_key=KEY, **where)
    return world


def path(world: cast.World, name: str, **details: Any) -> str:
    command = registry.get(name)
    with cast.in_scope(world):
        return command.path(command.read(details))


def test_every_way_to_a_member_is_at_its_resource(world: cast.World) -> None:
    segment = patterns.segment(ODD)
    assert segment.startswith("~")
    expected = f"/contexts/here/members/{segment}"
    one = {"context": "here", "member": ODD}
    assert path(world, "member.remove", **one) == expected
    assert path(world, "member.remove-key", context="here", public_key=KEY) == expected
    assert path(world, "member.set-acl", **one, acl="DENY ALL") == expected
    assert path(world, "member.set-staff", **one, is_staff=True) == expected
    assert path(world, "member.add", **one, public_key=KEY) == expected
    assert patterns.matches("/contexts/*/members/*", expected)
    nobodys = path(world, "member.remove-key", context="here", public_key="x")
    assert nobodys == "/contexts/here/members/x"


def test_the_longest_ids_have_a_resource(world: cast.World) -> None:
    for text in ("x" * 128, "/" * 128, "😀" * 128, "..", "~", "*", "{x}", "a b"):
        found = path(world, "member.remove", context=text, member=text)
        assert patterns.matches("/contexts/*/members/*", found), text
        assert not patterns.matches("/contexts/*", found)


def test_says_what_a_member_could_do_until_now(world: cast.World) -> None:
    command = registry.get("member.set-acl")
    details = command.read({"context": "here", "member": ODD, "acl": "DENY ALL"})
    with cast.in_scope(world):
        change = queries.change(command, details)
        assert members.member("here", ODD, limits=None).acl == "ALLOW ALL"
    assert "“Circle” of “Main”" in change.words
    assert [(row.field, row.before, row.after) for row in change.rows] == [
        ("acl", "ALLOW ALL", "DENY ALL")
    ]
