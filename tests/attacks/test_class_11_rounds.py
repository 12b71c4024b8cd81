"""Class 11 of the known attacks: a sign-in that one browser began is finished in another.

Seen in Authlib as CVE-2025-68158, in Keycloak as CVE-2026-7507, in Auth.js as GHSA-x445. A round is
bound to browser, provider and scope, and taken once; a sign-in leaves nothing of before in use.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from sessions_app.models import Session
from tests import cast
from tests.stand_in import StandIn
from tests.visitors import HOST, Visitor, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in)
    return made


def returned(visitor: Visitor, stand_in: StandIn, slug: str = "house") -> str:
    """Where the provider sends a browser back to."""
    return stand_in.authorize(visitor.get(f"/login/with/{slug}").headers["Location"])


def is_signed_in(visitor: Visitor) -> bool:
    return "You are signed in" in visitor.get().content.decode()


def test_another_browser_can_not_finish(world: cast.World, stand_in: StandIn) -> None:
    attacker, victim = Visitor(world), Visitor(world)
    address = returned(attacker, stand_in)
    victim.get()
    answer = victim.follow(address)
    assert answer.status_code == 401
    assert not is_signed_in(victim)
    assert not [path for path, _ in stand_in.asked if path == "/token"]
    # The attempt took nothing away from who began.
    assert attacker.follow(address).status_code == 302


def test_another_provider_can_not_finish(world: cast.World, stand_in: StandIn) -> None:
    with StandIn() as other:
        house(world, other, slug="other")
        visitor = Visitor(world)
        address = returned(visitor, stand_in)
        mixed = address.replace("/login/back/house", "/login/back/other")
        assert visitor.follow(mixed).status_code == 401
        assert not other.asked


def test_another_scope_can_not_finish(world: cast.World, stand_in: StandIn) -> None:
    other = cast.world(governance=False, sign_up=True)
    house(other, stand_in)
    visitor = Visitor(world)
    address = returned(visitor, stand_in)
    moved = address.replace(f"/s/{world.scope.slug}/", f"/s/{other.scope.slug}/")
    assert visitor.follow(moved).status_code == 401
    assert visitor.follow(address).status_code == 302


def test_a_round_is_taken_once(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    address = returned(visitor, stand_in)
    assert visitor.follow(address).status_code == 302
    assert visitor.follow(address).status_code == 401


@pytest.mark.parametrize("state", ["", "0" * 64, "x", "0" * 5000, "\0"])
def test_a_state_of_ones_own_making_is_none(
    world: cast.World, stand_in: StandIn, state: str
) -> None:
    visitor = Visitor(world)
    visitor.get("/login/with/house")
    assert visitor.get("/login/back/house", state=state, code="x").status_code == 401
    assert visitor.get("/login/back/house", code="x").status_code == 401


def test_what_is_there_twice_is_refused(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    address = returned(visitor, stand_in)
    state = dict(parse_qsl(urlsplit(address).query))["state"]
    assert visitor.follow(f"{address}&state={state}").status_code == 401
    assert visitor.follow(f"{address}&code=other").status_code == 401


def test_an_answer_of_another_issuer_is_refused(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    address = returned(visitor, stand_in)
    base, _, _ = address.partition("&iss=")
    assert visitor.follow(f"{base}&iss=https%3A%2F%2Fevil.example").status_code == 422
    stand_in.configuration["authorization_response_iss_parameter_supported"] = True
    from django.core.cache import cache

    cache.clear()
    lacking = returned(visitor, stand_in).partition("&iss=")[0]
    assert visitor.follow(lacking).status_code == 422


def test_an_answer_by_post_is_led_around_once(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    address = returned(visitor, stand_in)
    parts = urlsplit(address)
    # From another site: without the browser's mark, without a token of ours.
    stranger = Visitor(world).client
    answer = stranger.post(parts.path, {**dict(parse_qsl(parts.query)), "user": "{}"})
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).netloc == HOST
    assert "user=" not in answer.headers["Location"]
    assert visitor.follow(answer.headers["Location"]).status_code == 302


def test_a_sign_in_replaces_what_was_there(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    visitor.through(stand_in)
    before = visitor.cookie(world), visitor.cookie(world, "refresh")
    token = (
        visitor.client.cookies["csrftoken"].value if "csrftoken" in visitor.client.cookies else ""
    )
    visitor.through(stand_in)
    after = visitor.cookie(world), visitor.cookie(world, "refresh")
    assert not set(before) & set(after)
    with cast.in_scope(world):
        ended = Session.objects.get(status="ended")
        assert ended.ended_reason == "replaced"
    thief = Visitor(world)
    for name, value in zip(("access", "refresh"), before, strict=True):
        thief.client.cookies[f"countersign-{name}-{world.scope.slug}"] = value
    assert not is_signed_in(thief)
    assert token == "" or visitor.client.cookies["csrftoken"].value != token


def test_a_session_of_the_attacker_is_not_carried_on(world: cast.World, stand_in: StandIn) -> None:
    attacker, victim = Visitor(world), Visitor(world)
    stand_in.claims = {"sub": "attacker"}
    attacker.through(stand_in)
    for name in ("access", "refresh"):
        cookie = f"countersign-{name}-{world.scope.slug}"
        victim.client.cookies[cookie] = attacker.client.cookies[cookie].value
    stand_in.claims = {"sub": "victim"}
    victim.through(stand_in)
    assert not is_signed_in(attacker)
    assert is_signed_in(victim)


def test_cookies_are_out_of_reach_of_scripts(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    answer = visitor.through(stand_in)
    for name in ("access", "refresh"):
        morsel = answer.cookies[f"countersign-{name}-{world.scope.slug}"]
        assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    # No session of Django's is begun: staff who sign in beside are not touched.
    assert "sessionid" not in visitor.client.cookies
