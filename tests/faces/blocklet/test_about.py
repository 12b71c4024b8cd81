"""`__blocklet__.js`, and what this server does not do."""

import json
from datetime import UTC, datetime

import pytest

from identity.services import server_keys
from sessions_app.services import providers
from tests import cast
from tests.faces.blocklet.browser import SERVICE, Browser
from tests.stand_in import SECRET, StandIn
from tests.visitors import house


def about(browser: Browser, path: str = "/__blocklet__.js") -> dict:
    answer = browser.ask("GET", path, query={"type": "json", "t": "1"})
    assert answer.status == 200
    told: dict = answer.json
    return told


def test_tells_pages_what_they_belong_to(world) -> None:
    told = about(Browser(world))
    assert told["appPid"].startswith("zNK")
    assert told["appId"] == told["appPid"]
    assert told["appPk"].startswith("0x")
    assert told["prefix"] == f"/s/{world.scope.slug}/"
    assert told["settings"]["session"] == {"ttl": 604800, "cacheTtl": 3600}
    assert told["componentMountPoints"][0]["did"] == told["componentId"]
    assert about(Browser(world), f"{SERVICE}/__blocklet__.js") == told


def test_tells_pages_the_enabled_providers_and_no_secret(world) -> None:
    with StandIn() as stand_in:
        row = house(world, stand_in)
        told = about(Browser(world))["settings"]
        answer = Browser(world).ask("GET", "/__blocklet__.js", query={"type": "json"})
        assert told["oauth"] == {
            "house": {"enabled": True, "order": 0, "type": "oauth", "name": "House"}
        }
        assert told["oauth"] == Browser(world).get("oauth/configs").json
        assert SECRET not in answer.text
        assert about(Browser(cast.world()))["settings"]["oauth"] == {}
        providers.edit(
            provider_id=row.id,
            changes={"status": "disabled"},
            by=world.system,
            now=datetime.now(UTC),
        )
    assert about(Browser(world))["settings"]["oauth"] == {}


def test_the_permanent_address_outlives_the_key(world) -> None:
    before = about(Browser(world))
    server_keys.rotate(purpose=server_keys.APPLICATION, by=world.system, now=datetime.now(UTC))
    after = about(Browser(world))
    assert after["appPid"] == before["appPid"]
    assert after["appId"] != before["appId"]
    assert after["appPk"] != before["appPk"]


def test_is_a_script_that_holds_nothing_else(world) -> None:
    from identity.scoping import current
    from identity.services import scopes

    with current.in_scope(world.scope.id):
        scopes.rename(name="</script><b>\u2028", by=world.system, now=datetime.now(UTC))
    answer = Browser(world).ask("GET", "/__blocklet__.js")
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert "<" not in answer.text
    assert json.loads(answer.text.removeprefix("window.blocklet = ").strip().rstrip(";"))


def test_has_no_partners(world) -> None:
    assert Browser(world).get("federated/getTrustedDomains").json == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "user/orgs"),
        ("POST", "user/orgs"),
        ("GET", "user/orgs/x"),
        ("PUT", "user/orgs/x/resources"),
        ("PUT", "user/updateDidSpace"),
        ("GET", "user/spaceHosts"),
        ("POST", "user/loginByLauncher"),
        ("POST", "gql"),
        ("POST", "federated/join"),
    ],
)
def test_says_what_it_does_not_do(world, method, path) -> None:
    body: dict | None = {} if method != "GET" else None
    answer = Browser(world).ask(method, f"{SERVICE}/api/{path}", body)
    assert answer.status == 501
    assert answer.json["code"] == "not-supported"


def test_knows_no_other_address_and_method(world) -> None:
    assert Browser(world).get("nothing").status == 404
    answer = Browser(world).put("did/session", {})
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_reads_json_alone(world) -> None:
    import io

    from identity.api.blocklet import desk, sent

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/s/{world.scope.slug}{SERVICE}/api/user/checkToken",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": "7",
        "REMOTE_ADDR": "192.0.2.1",
    }
    asked = sent.of_environ(environ, io.BytesIO(b"token=x"))
    assert desk.answer(asked, now=datetime.now(UTC)).status == 415
    environ["CONTENT_TYPE"] = "application/json"
    asked = sent.of_environ(environ, io.BytesIO(b'{"a":1,'))
    assert desk.answer(asked, now=datetime.now(UTC)).status == 400
    environ["CONTENT_LENGTH"] = str(2 * 1024 * 1024)
    asked = sent.of_environ(environ, io.BytesIO(b""))
    assert desk.answer(asked, now=datetime.now(UTC)).status == 413
