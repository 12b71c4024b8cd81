"""Staff over `/v1` with their session: the same desk, with CSRF."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.services import operators
from identity.pages import staff_session
from tests import cast
from tests.faces.v1.client import Signed

PASSWORD = "correct horse battery staple"


@pytest.fixture
def staff(alice: Signed, world: cast.World) -> Client:
    """The browser of dora, a maintainer who has just signed in."""
    client = Client(enforce_csrf_checks=True)
    with cast.in_scope(world):
        dora = operators.add_staff(
            username="dora",
            password=PASSWORD,
            email="dora@example.test",
            first_name="Dora",
            last_name="",
            roles=["workspace-maintainer"],
            by=world.system,
            now=datetime.now(UTC),
        )
        client.force_login(dora, backend="accounts.backends.StaffBackend")
    return client


def post(staff: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return staff.post(path, body, content_type="application/json", headers=headers)


def test_reads_with_a_session(staff: Client, alice: Signed) -> None:
    answer = staff.get(f"{alice.prefix}/devices/{alice.device}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["id"] == str(alice.device)


@pytest.mark.parametrize("name", ["zoë", "日本"])
def test_reads_by_an_id_of_any_script(staff: Client, alice: Signed, name: str) -> None:
    assert alice.post("/solutions", {"name": "", "id": name}).status_code == 201
    assert staff.get(f"{alice.prefix}/solutions/{name}").json()["id"] == name


def test_changes_only_with_the_token_of_the_page(staff: Client, alice: Signed) -> None:
    path = f"{alice.prefix}/groups"
    answer = post(staff, path, {"name": "treasury"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/session.csrf")
    token = "a" * 32
    staff.cookies["csrftoken"] = token
    answer = post(staff, path, {"name": "treasury"}, **{"X-CSRFToken": token})
    assert answer.json()["type"] == "/problems/session.reauthentication-needed"
    session = staff.session
    session[staff_session.PROVED_AT] = int(datetime.now(UTC).timestamp())
    session.save()
    answer = post(staff, path, {"name": "treasury"}, **{"X-CSRFToken": token})
    # alice alone may decide it, so it waits for her.
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    proposal = answer.json()["proposal"]
    assert answer["Location"] == proposal["url"] == f"{alice.prefix}/proposals/{proposal['id']}"


def test_a_session_of_another_scope_is_nobody_here(staff: Client) -> None:
    other = cast.world()
    answer = staff.get(f"/s/{other.scope.slug}/v1/groups/x")
    assert answer.status_code == 404
    answer = staff.get(f"/s/{other.scope.slug}/v1/groups/{other.scope.id}")
    assert answer.status_code == 401


def test_a_wrong_signature_is_not_made_good_by_a_session(staff: Client, alice: Signed) -> None:
    answer = staff.get(
        f"{alice.prefix}/devices/{alice.device}", headers={"Signature": "sig=:AAAA:"}
    )
    assert answer.status_code == 401


def test_signs_answers_to_sessions_too(staff: Client, alice: Signed) -> None:
    answer = staff.get(
        f"{alice.prefix}/devices/{alice.device}", headers={"Accept-Signature": 'sig=("@status")'}
    )
    assert 'sig=("@status" "content-digest" "content-type")' in answer["Signature-Input"]


def test_lists_the_scopes_that_a_session_may_choose(
    staff: Client, alice: Signed, world: cast.World
) -> None:
    elsewhere, home = cast.world(), world.scope.slug
    login = f"{home}/dora"
    call_command("staff", "join", "--scope", elsewhere.scope.slug, "--login", login)
    answer = staff.get(f"{alice.prefix}/me/scopes").json()
    assert [item["slug"] for item in answer["items"]] == [home, elsewhere.scope.slug]
    assert answer["next"] is None


def test_lists_its_own_scope_to_a_device(alice: Signed, world: cast.World) -> None:
    cast.world()
    (item,) = alice.get("/me/scopes").json()["items"]
    assert item["slug"] == world.scope.slug
