"""`manage.py api_keys`."""

import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from identity import ids
from identity.errors import Unauthenticated
from identity.limits import checked
from identity.scoping import key_doors
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import api_key_secrets
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = re.compile(r"\AAPI_KEY_ID=(\S+)\nAPI_KEY_SECRET=(\S+)\n\Z")


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def run(world: cast.World, *arguments: str) -> str:
    out = StringIO()
    call_command("api_keys", *arguments, "--scope", world.scope.slug, stdout=out)
    return out.getvalue()


def made(world: cast.World, *arguments: str) -> tuple[Any, str]:
    found = TOLD.search(run(world, "create", "--name", "backend", *arguments))
    assert found is not None
    door = door_of(found[1])
    api_key_secrets.require_secret(door, found[2], now=datetime.now(UTC))
    return door, found[2]


def door_of(key_id: str) -> ApiKeyDoor:
    found = key_doors.api_key_by_name(key_id)
    assert found is not None
    return found


def test_makes_a_key_with_limits(world: cast.World) -> None:
    door, secret = made(
        world,
        *("--permission", "contexts:list", "--permission", "members:list", "--days", "3"),
        *("--solution", "a", "--solution", "b", "--context", "c", "--network", "192.0.2.0/24"),
    )
    assert (door.kind, door.scope_id, len(secret)) == ("shared", world.scope.id, 32)
    assert door.permissions == ["contexts:list", "members:list"]
    assert door.limits == checked(solutions="ab", contexts="c", networks=["192.0.2.0/24"])
    assert (door.expires_at - datetime.now(UTC)).days == 2
    bearer, secret = made(world, "--form", "bearer")
    assert bearer.kind == "bearer"
    assert api_key_secrets.is_secret(secret)


def test_renews_switches_lists_and_revokes(world: cast.World) -> None:
    door, before = made(world)
    named = ("--id", str(door.id))
    found = TOLD.search(run(world, "rotate", *named, "--overlap-minutes", "5"))
    assert found is not None
    door = door_of(found[1])
    now = datetime.now(UTC)
    for secret in (before, found[2]):
        api_key_secrets.require_secret(door, secret, now=now)
    assert run(world, "disable", *named) == "disabled\n"
    assert f"{door.id} shared    disabled      never backend" in run(world, "list")
    assert run(world, "enable", *named) == "active\n"
    run(world, "rotate", *named)
    door = door_of(found[1])
    with pytest.raises(Unauthenticated):
        api_key_secrets.require_secret(door, found[2], now=now)
    assert run(world, "revoke", *named) == "revoked\n"
    assert run(world, "list") == ""


def test_says_what_is_wrong(world: cast.World) -> None:
    for arguments in (
        ("create", "--name", "x", "--permission", "no:word"),
        ("create", "--name", "x", "--permission", "proposals:approve"),
        ("create", "--name", "x", "--network", "192.0.2.1/24"),
        ("rotate", "--id", str(ids.new())),
        ("rotate", "--id", str(made(world)[0].id), "--overlap-minutes", "-1"),
        ("disable", "--id", str(ids.new())),
    ):
        with pytest.raises(CommandError):
            run(world, *arguments)
