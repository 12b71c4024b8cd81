"""Which pages may call: the deployment's own and those of the scope's passkeys; no others."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from identity.services import scopes
from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport.client import Client

APP, OTHER, EVIL = "https://app.example.org", "https://other.example.org", "https://evil.test"
METHOD = "wallet_switchEthereumChain"
CALL = {"jsonrpc": "2.0", "id": 1, "method": METHOD}
ASKED = {"access-control-request-method": "POST"}


@pytest.fixture
def world(world: cast.World) -> cast.World:
    changes = {"passkey_rp_id": "example.org", "passkey_origins": f"{APP} {OTHER}"}
    with cast.in_scope(world):
        scopes.change_settings(changes=changes, by=world.system, now=datetime.now(UTC))
    return world


def preflight(world: cast.World | None, origin: str, path: str = "/") -> dict[str, str]:
    asked = {"origin": origin, **ASKED}
    status, headers, body = clients.exchange(world, b"", asked, method="OPTIONS", path=path)
    assert (status, body) == (204, b"")
    return headers


@pytest.mark.parametrize("path", ["/", "/passport"])
def test_a_preflight_at_a_scopes_address_is_for_its_pages(world: cast.World, path: str) -> None:
    for origin in (APP, OTHER):
        headers = preflight(world, origin, path)
        assert headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in headers["Vary"]
    for origin in (EVIL, "null", f"{APP}.evil.test", f"{APP}:444", APP.replace("s", "", 1)):
        assert "Access-Control-Allow-Origin" not in preflight(world, origin, path)


@pytest.mark.parametrize("path", ["/", "/passport"])
def test_a_preflight_that_names_no_scope_tells_of_headers_alone(path: str, world: Any) -> None:
    headers = preflight(None, EVIL, path)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_preflight_of_an_unknown_scope_tells_nothing_of_it(world: cast.World) -> None:
    slug = world.scope.slug
    world.scope.slug = "nobodys"
    unknown = preflight(world, EVIL)
    world.scope.slug = slug
    assert unknown["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("origin", [APP, OTHER])
def test_pages_of_the_scope_call_it_by_a_header(world: cast.World, origin: str) -> None:
    answer = Client(world).call(METHOD, origin=origin)
    assert answer.result is None
    assert answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("origin", [EVIL, "null", f"{APP}.evil.test", f"{APP}/", APP.upper()])
def test_other_pages_do_nothing_and_read_nothing(world: cast.World, origin: str) -> None:
    answer = Client(world).call(METHOD, origin=origin)
    assert answer.error["data"] == "origin.refused"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_one_scope_does_not_call_another(world: cast.World) -> None:
    other = Client(cast.world())
    assert other.call(METHOD, origin=APP).error["data"] == "origin.refused"


def test_a_refused_page_changes_nothing(world: cast.World) -> None:
    client = Client(world)
    params = {"encrypted_user": client.seal_json({"username": "alice"})}
    assert client.call("initiateRegistration", params, origin=EVIL).error["data"] == (
        "origin.refused"
    )


def test_every_page_reads_that_there_is_no_such_scope(world: cast.World) -> None:
    unknown = "0190a1b2-0000-7000-8000-000000000000"
    answer = Client(world).call(METHOD, x_scope_id=unknown, origin=EVIL)
    assert answer.error["data"] == "scope.unknown"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_programs_send_no_origin(world: cast.World) -> None:
    answer = Client(world).call(METHOD)
    assert answer.result is None
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/passport"])
def test_django_answers_preflights_alike(world: cast.World, path: str) -> None:
    from django.test import Client as Browser

    address = f"/s/{world.scope.slug}{path}"
    answer = Browser().options(address, headers={"origin": APP, **ASKED})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, APP)
    called = Browser().post(
        address, json.dumps(CALL), content_type="application/json", headers={"origin": EVIL}
    )
    assert called.json()["error"]["data"] == "origin.refused"
