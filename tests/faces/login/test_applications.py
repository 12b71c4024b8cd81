"""Applications send their users to `/login` and get a code back, and tokens for it."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from django.test import Client

from accounts.services import passwords
from identity import ids
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import applications, authorization_codes, rotation, sessions, tokens
from sessions_app.services.sessions import Origin
from tests import cast
from tests.visitors import HOST, Visitor

pytestmark = pytest.mark.django_db

BACK = "https://shop.example.org/back?from=here"
VERIFIER = "v" * 43
PASSWORD = "correct horse battery staple"


FORM = "application/x-www-form-urlencoded"


class Shop:
    """An application, and what it sends."""

    def __init__(self, world: cast.World) -> None:
        self.world = world
        self.client_id = str(ids.new())
        self.name = "Shop"
        self.address = f"/s/{world.scope.slug}/v1/token"
        applications.create(
            application_id=UUID(self.client_id),
            name=self.name,
            addresses=[BACK],
            by=world.system,
            now=datetime.now(UTC),
        )

    def query(self, **more: str) -> str:
        asked = {
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "state": "of the shop",
            "code_challenge": authorization_codes.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **more,
        }
        return urlencode({name: value for name, value in asked.items() if value})

    def token(self, *, is_json: bool = False, **more: str) -> Any:
        given = {"grant_type": "authorization_code", "client_id": self.client_id, **more}
        client = Client(HTTP_HOST=HOST)
        if is_json:
            return client.post(self.address, json.dumps(given), content_type="application/json")
        return client.post(self.address, urlencode(given), content_type=FORM)

    def redeem(self, code: str, **more: str) -> Any:
        given = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **more}
        return self.token(is_json=False, **given)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def shop(world: cast.World) -> Shop:
    return Shop(world)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    member = world.member("alice")
    with cast.in_scope(world):
        passwords.store(
            user_id=member.user.id,
            verifier=passwords.make_verifier(PASSWORD),
            by=world.system,
            now=datetime.now(UTC),
        )
    return member


def signed_in(world: cast.World, shop: Shop, alice: cast.Member) -> dict[str, str]:
    """What comes back to the application."""
    answer = Visitor(world).post(
        query=shop.query(), step="password", username=alice.user.username, password=PASSWORD
    )
    assert answer.status_code == 302, answer.content
    address = answer.headers["Location"]
    assert address.startswith(f"{BACK}&")
    return dict(parse_qsl(urlsplit(address).query))


def test_a_code_goes_back_and_gives_tokens(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    told = signed_in(world, shop, alice)
    assert (told["state"], told["from"]) == ("of the shop", "here")
    answer = shop.redeem(told["code"])
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.json()
    assert (given["token_type"], set(given)) == (
        "Bearer",
        {"access_token", "token_type", "expires_in", "refresh_token"},
    )
    checked = sessions.check(
        given["access_token"], audience=shop.client_id, address="", now=datetime.now(UTC)
    )
    assert checked.claims["client_id"] == shop.client_id
    assert checked.claims["sub"] == alice.uid
    again = shop.token(grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert again.status_code == 200, again.content
    assert again.json()["refresh_token"] != given["refresh_token"]


def test_json_is_read_too(world: cast.World, shop: Shop, alice: cast.Member) -> None:
    code = signed_in(world, shop, alice)["code"]
    given = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert shop.token(is_json=True, **given).status_code == 200


def test_a_code_used_again_ends_what_it_began(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    code = signed_in(world, shop, alice)["code"]
    refresh = shop.redeem(code).json()["refresh_token"]
    assert shop.redeem(code).json() == {"error": "invalid_grant"}
    answer = shop.token(grant_type="refresh_token", refresh_token=refresh)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    with cast.in_scope(world):
        assert Session.objects.filter(ended_reason="code-reused").count() == 1


def test_a_code_is_of_no_use_after_signing_out(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    visitor = Visitor(world)
    form = {"step": "password", "username": alice.user.username, "password": PASSWORD}
    answer = visitor.post(query=shop.query(), **form)
    code = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]
    assert visitor.post("/login/out").status_code == 302
    assert shop.redeem(code).json() == {"error": "invalid_grant"}


def test_who_is_signed_in_goes_on_by_a_button(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    visitor = Visitor(world)
    form = {"step": "password", "username": alice.user.username, "password": PASSWORD}
    assert visitor.post(**form).headers["Location"].endswith("/login")
    page = visitor.client.get(f"{visitor.base}/login?{shop.query()}")
    assert "Continue to Shop" in page.content.decode()
    assert "form-action 'self' https://shop.example.org;" in page["Content-Security-Policy"]
    answer = visitor.post(query=shop.query(), step="continue")
    told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert shop.redeem(told["code"]).status_code == 200


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_faulty_request_is_told_to_the_application(
    world: cast.World, shop: Shop, more: dict[str, str], error: str
) -> None:
    visitor = Visitor(world)
    answer = visitor.client.get(f"{visitor.base}/login?{shop.query(**more)}")
    told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (told["error"], told["state"]) == (error, "of the shop")


def test_the_token_endpoint_knows_two_grants(shop: Shop) -> None:
    for wrong in ("password", "client_credentials", ""):
        answer = shop.token(grant_type=wrong)
        assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize(
    ("content", "about"),
    [
        ("", "Object missing required field `grant_type`"),
        ("client_id=x", "Object missing required field `grant_type`"),
        ("grant_type=refresh_token&grant_type=refresh_token", "A parameter is there twice."),
        ("grant_type=refresh_token&refresh_token=x", "Missing: client_id."),
        ("grant_type=authorization_code&client_id=x&code=y", "Missing: redirect_uri, code_verif"),
        ("=", "Object missing required field `grant_type`"),
        ("%00=%FF", "Object missing required field `grant_type`"),
        ("a", "The form can't be read."),
    ],
)
def test_a_faulty_token_request_is_told_in_the_words_of_the_rfc(
    shop: Shop, content: str, about: str
) -> None:
    answer = Client(HTTP_HOST=HOST).post(shop.address, content, content_type=FORM)
    told = answer.json()
    assert (answer.status_code, told["error"]) == (400, "invalid_request")
    assert told["error_description"].startswith(about)
    assert answer["Content-Type"] == "application/json"


def test_nobody_gets_tokens_for_an_application_that_is_not_there(shop: Shop) -> None:
    shop.client_id = "01890000-0000-7000-8000-000000000000"
    assert shop.redeem("a-code").json() == {"error": "invalid_client"}


def test_tokens_of_an_application_are_of_no_use_elsewhere(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    given = shop.redeem(signed_in(world, shop, alice)["code"]).json()
    other = Shop(world)
    answer = other.token(grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert answer.json() == {"error": "invalid_grant"}
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {given['access_token']}"}
    me = Client(HTTP_HOST=HOST).get(f"/s/{world.scope.slug}/v1/me", **bearer)  # type: ignore[arg-type]
    assert me.status_code == 401


def test_a_disabled_application_and_its_sessions_are_shut_out(
    world: cast.World, shop: Shop, alice: cast.Member
) -> None:
    given = shop.redeem(signed_in(world, shop, alice)["code"]).json()
    code = signed_in(world, shop, alice)["code"]
    applications.edit(
        application_id=UUID(shop.client_id),
        status="disabled",
        by=world.system,
        now=datetime.now(UTC),
    )
    assert shop.redeem(code).json() == {"error": "invalid_client"}
    answer = shop.token(grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert answer.json() == {"error": "invalid_client"}
    visitor = Visitor(world)
    assert visitor.client.get(f"{visitor.base}/login?{shop.query()}").status_code == 400


class TestSigningOut:
    """Signing out at `/login` signs out of the applications that were entered from there."""

    def entered(self, visitor: Visitor, shop: Shop, alice: cast.Member) -> dict[str, str]:
        """The tokens of an application, got by this browser's session."""
        page = visitor.client.get(f"{visitor.base}/login").content.decode()
        if "You are signed in" not in page:
            visitor.post(step="password", username=alice.user.username, password=PASSWORD)
        address = visitor.post(query=shop.query(), step="continue").headers["Location"]
        answer = shop.redeem(dict(parse_qsl(urlsplit(address).query))["code"])
        assert answer.status_code == 200, answer.content
        given: dict[str, str] = answer.json()
        return given

    def is_in(self, shop: Shop, given: dict[str, str]) -> bool:
        try:
            sessions.check(
                given["access_token"], audience=shop.client_id, address="", now=datetime.now(UTC)
            )
        except TokenRefused:
            answer = shop.token(grant_type="refresh_token", refresh_token=given["refresh_token"])
            assert answer.json() == {"error": "invalid_grant"}
            return False
        return True

    def test_ends_what_applications_got_from_it(
        self, world: cast.World, shop: Shop, alice: cast.Member
    ) -> None:
        here, elsewhere, market = Visitor(world), Visitor(world), Shop(world)
        first, second = self.entered(here, shop, alice), self.entered(here, market, alice)
        other = self.entered(elsewhere, shop, alice)
        assert here.post("/login/out").status_code == 302
        assert not self.is_in(shop, first)
        assert not self.is_in(market, second)
        # Another browser's session and what hangs on it go on.
        assert self.is_in(shop, other)
        with cast.in_scope(world):
            ended = Session.objects.filter(status="ended")
            assert {each.ended_reason for each in ended} == {"signed-out"}
            assert ended.count() == 3

    def test_ends_no_other_users(self, world: cast.World, shop: Shop, alice: cast.Member) -> None:
        here = Visitor(world)
        given = self.entered(here, shop, alice)
        bob = world.member("bob")
        with cast.in_scope(world):
            made = passwords.make_verifier(PASSWORD)
            passwords.store(
                user_id=bob.user.id, verifier=made, by=world.system, now=datetime.now(UTC)
            )
        # bob signs in where alice was: alice is out, of the application too.
        here.post(step="password", username=bob.user.username, password=PASSWORD)
        assert not self.is_in(shop, given)

    def test_signing_in_anew_leaves_them_in(
        self, world: cast.World, shop: Shop, alice: cast.Member
    ) -> None:
        here = Visitor(world)
        given = self.entered(here, shop, alice)
        here.post(step="password", username=alice.user.username, password=PASSWORD)
        assert self.is_in(shop, given)
        here.post("/login/out")
        assert not self.is_in(shop, given)

    def test_a_stolen_session_takes_them_along(
        self, world: cast.World, shop: Shop, alice: cast.Member
    ) -> None:
        here = Visitor(world)
        given = self.entered(here, shop, alice)
        spent, later = here.cookie(world, "refresh"), datetime.now(UTC) + timedelta(hours=2)
        issuer = tokens.issuer(world.scope.slug)
        for agent in ("Laptop/1", "Thief/1"):
            with contextlib.suppress(TokenRefused), cast.in_scope(world):
                rotation.redeem(
                    spent, audience=issuer, origin=Origin("192.0.2.9", agent), now=later
                )
        assert not self.is_in(shop, given)
