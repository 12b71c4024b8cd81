"""`manage.py connect guardian`: what it prints is what clients are made of."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from tests import cast
from tests.faces.guardian import onboarded
from tests.faces.guardian.client import Client
from tests.faces.guardian.test_onboard import demo


def printed(world: cast.World, *more: str) -> str:
    out = StringIO()
    call_command("connect", "guardian", "--scope", world.scope.slug, *more, stdout=out)
    return out.getvalue()


def test_tells_address_and_mode(world) -> None:
    told = json.loads(printed(world, "--json"))
    assert set(told) == {"url", "mode"}
    assert told["url"].endswith(f"/s/{world.scope.slug}")
    assert told["mode"] == "standard"
    with cast.in_scope(world):
        assert not User.objects.exists()
    demo(world)
    assert json.loads(printed(world, "--json"))["mode"] == "demo"


def test_mints_a_registry_that_can_onboard_at_once(world) -> None:
    told = json.loads(printed(world, "--json", "--mint-registry", "acme"))
    assert set(told) == {"url", "mode", "registry_username", "registry_password"}
    acme = Client(world, told["registry_username"], told["registry_password"]).sign_in()
    assert acme.get("/accounts/session").json["role"] == "STANDARD_REGISTRY"
    alice, _ = onboarded.onboarded(acme)
    assert alice.get("/profiles/alice").json["confirmed"] is True


def test_refuses_a_name_that_is_taken(world) -> None:
    printed(world, "--mint-registry", "acme")
    with pytest.raises(CommandError, match="taken"):
        printed(world, "--mint-registry", "ACME")


def test_prints_lines_for_people(world) -> None:
    shown = printed(world, "--mint-registry", "acme")
    assert "url: http" in shown
    assert "registry_password: " in shown
