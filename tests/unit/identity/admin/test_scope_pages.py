"""The admin's pages about a scope's settings and its API."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.services import programs
from identity import ids
from identity.models import AuditEvent, Scope
from identity.sdk.keys import DeviceKeys
from identity.services import scopes, server_keys
from tests import cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/settings/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def browser(world: cast.World) -> Client:
    return signed_in(world, "super-admin")


def signed_in(world: cast.World, role: str) -> Client:
    name = f"staff-{ids.new().hex[-8:]}"
    staff.add(world, name, role)
    client = Client()
    staff.sign_in(client, name, world.scope.slug)
    return client


def form(client: Client, **changes: Any) -> dict[str, Any]:
    """The form as it is shown, with some fields changed; None leaves one empty."""
    shown = client.get(f"{PAGE}edit/").context["form"]
    values = {
        name: shown.get_initial_for_field(field, name) for name, field in shown.fields.items()
    }
    return {name: value for name, value in (values | changes).items() if value not in {None, False}}


def settings_of(world: cast.World) -> Any:
    with cast.in_scope(world):
        return scopes.settings()


def confirmed(client: Client, page: Any) -> str:
    given = {name: page.context["form"].initial[name] for name in ("new_name", "changes")}
    return client.post(f"{PAGE}confirm/", given, follow=True).content.decode()


def test_reads_every_setting_with_its_meaning(browser: Client) -> None:
    page = browser.get(PAGE).content.decode()
    for text in ("Life of an invitation", "4,320 minutes (3 days)", "without end", "Votes without"):
        assert text in page, text


def test_changes_in_two_steps_and_says_what_weakens(world: cast.World, browser: Client) -> None:
    given = form(browser, vote_minutes=1440, accept_attested_votes="on", name="Acme & Sons")
    page = browser.post(f"{PAGE}edit/", given)
    text = page.content.decode()
    assert "1 of these changes protects less than now." in text
    assert text.count("protects less</span>") == 1
    assert "1,440 minutes (1 day)" in text
    assert not settings_of(world).accept_attested_votes
    assert "The settings are changed." in confirmed(browser, page)
    after = settings_of(world)
    assert (after.vote_minutes, after.accept_attested_votes) == (1440, True)
    assert "Acme &amp; Sons" in browser.get(PAGE).content.decode()
    page = browser.post(f"{PAGE}edit/", form(browser, vote_minutes=None))
    assert "without end" in page.content.decode()
    confirmed(browser, page)
    assert settings_of(world).vote_minutes is None
    assert settings_of(world).accept_attested_votes


def test_keeps_what_another_changed_meanwhile(world: cast.World, browser: Client) -> None:
    page = browser.post(f"{PAGE}edit/", form(browser, max_devices=5))
    with cast.in_scope(world):
        scopes.change_settings(
            changes={"strict_standing": True}, by=world.system, now=datetime.now(UTC)
        )
    confirmed(browser, page)
    assert (settings_of(world).max_devices, settings_of(world).strict_standing) == (5, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_devices", 21), ("rsa_bits", 2050), ("invitation_minutes", "x"), ("name", " ")],
)
def test_refuses_values_outside_their_range(browser: Client, name: str, value: Any) -> None:
    page = browser.post(f"{PAGE}edit/", form(browser, **{name: value}))
    assert page.context["form"].errors[name]


@pytest.mark.parametrize(
    "changes",
    [
        "",
        "x",
        "[]",
        '{"governance": true}',
        '{"rsa_bits": "x"}',
        '{"unknown": 1}',
        '{"max_devices": 99}',
    ],
)
def test_refuses_changes_that_no_form_makes(
    world: cast.World, browser: Client, changes: str
) -> None:
    before = settings_of(world)
    answer = browser.post(f"{PAGE}confirm/", {"new_name": "", "changes": changes})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert settings_of(world) == before


def test_waits_for_a_second_person_where_policy_asks() -> None:
    governed = cast.world(accept_attested_votes=True)
    governed.member("bob", "super-admin")
    client = signed_in(governed, "super-admin")
    page = client.post(f"{PAGE}edit/", form(client, max_devices=5))
    assert "This waits for approval" in confirmed(client, page)
    assert settings_of(governed).max_devices == 20


def test_shows_a_hostile_name_as_text(world: cast.World, browser: Client) -> None:
    confirmed(browser, browser.post(f"{PAGE}edit/", form(browser, name=HOSTILE)))
    with cast.in_scope(world):
        assert Scope.objects.get().name == HOSTILE
    for path in (PAGE, f"{PAGE}edit/"):
        page = browser.get(path).content.decode()
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("role", "reads", "edits"),
    [
        ("super-admin", True, True),
        ("workspace-maintainer", True, False),
        ("workspace-auditor", True, False),
        ("support", False, False),
    ],
)
def test_shows_and_does_what_the_role_lets(
    world: cast.World, role: str, reads: bool, edits: bool
) -> None:
    client = signed_in(world, role)
    assert client.get(PAGE).status_code == (200 if reads else 403)
    for path in ("edit/", "confirm/"):
        assert client.get(f"{PAGE}{path}").status_code == (200 if edits else 403)
        given = {"changes": json.dumps({"max_devices": 3})}
        assert client.post(f"{PAGE}{path}", given).status_code in ({200, 302} if edits else {403})
    assert settings_of(world).max_devices == (3 if edits else 20)


def test_changes_nothing_by_looking(world: cast.World, browser: Client) -> None:
    with cast.in_scope(world):
        before = AuditEvent.objects.count()
    for path in (PAGE, f"{PAGE}edit/", f"{PAGE}confirm/", "/admin/api/"):
        assert browser.get(path).status_code == 200
    with cast.in_scope(world):
        assert AuditEvent.objects.count() == before


def test_shows_what_a_program_needs(world: cast.World, browser: Client) -> None:
    with cast.in_scope(world):
        scopes.add_host(host="id.acme.example", by=world.system, now=datetime.now(UTC))
        keys = server_keys.client_keys()
    page = browser.get("/admin/api/").content.decode()
    prefix = f"/s/{world.scope.slug}"
    for text in (
        f"{prefix}/v1/openapi.json",
        f"{prefix}/v1/docs/",
        f"{prefix}/request",
        "://id.acme.example/v1",
        keys.signature_hex,
        "ecdsa-p256-sha256",
        f"connect v1 --scope {world.scope.slug}",
        "No program acts here by itself yet",
    ):
        assert text in page, text


def test_lists_programs_with_their_devices(world: cast.World, browser: Client) -> None:
    keys = DeviceKeys.generate()
    elsewhere = cast.world()
    for place, name in ((world, HOSTILE), (elsewhere, "foreign program")):
        with cast.in_scope(place):
            programs.create(
                public_id=ids.new(),
                email=f"robot@{place.scope.slug}.test",
                first_name=name,
                last_name="",
                signature_key=keys.signature_pubkey,
                encryption_key=keys.encryption_pubkey,
                roles=["member"],
                networks=["192.0.2.0/24"],
                expires_at=None,
                registration=None,
                signer_key="",
                by=place.system,
                now=datetime.now(UTC),
            )
        keys = DeviceKeys.generate()
    page = browser.get("/admin/api/").content.decode()
    assert f"robot@{world.scope.slug}.test" in page
    assert "192.0.2.0/24" in page
    assert "never seen" in page
    assert HOSTILE not in page
    assert "foreign" not in page
    assert 'id="programs"' not in signed_in(world, "member").get("/admin/api/").content.decode()
