"""Class 3 of the known attacks: a token for somebody else, or of somebody else, is taken.

Seen as CVE-2024-5798 (Vault), CVE-2025-30144 (fast-jwt: a list of issuers), CVE-2026-1529 and
CVE-2026-9792 (Keycloak). Each token here has the scope's own signature, and only its claims differ.
"""

from typing import Any

import pytest

from sessions_app.services import tokens
from tests import cast, forging, signed_in
from tests.attacks.tokens import Target
from tests.faces.v1.client import Bearer, problem

pytestmark = pytest.mark.django_db(transaction=True)
GONE = object()


@pytest.fixture
def target() -> Target:
    return Target.new()


def changed(target: Target, token: str, **changes: Any) -> str:
    claims = {**forging.claims_of(token), **changes}
    kept = {name: value for name, value in claims.items() if value is not GONE}
    header = forging.header_of(token)
    return forging.own(target.world, header, kept, alg=header["alg"])


AUDIENCES: tuple[Any, ...] = ("https://evil.example", "", None, GONE, 0, True, {}, [])
ISSUERS: tuple[Any, ...] = ("https://evil.example/s/x", "", None, GONE, 0, [], {})


@pytest.mark.parametrize("issuer", ISSUERS)
def test_another_issuer(target: Target, issuer: Any) -> None:
    for token in (target.held.access, target.held.telling):
        target.require_refused(changed(target, token, iss=issuer))


def test_a_list_with_the_right_one_in_it(target: Target) -> None:
    own = tokens.issuer(target.world.scope.slug)
    for token in (target.held.access, target.held.telling):
        for value in (
            [own],
            [own, "https://evil.example"],
            ["https://evil.example", own],
            {own: 1},
        ):
            target.require_refused(changed(target, token, iss=value))
            target.require_refused(changed(target, token, aud=value))


def test_nearly_the_right_one(target: Target) -> None:
    own = tokens.issuer(target.world.scope.slug)
    for value in (f"{own}/", own.upper(), f"{own}#x", f"{own}x", own[:-1], f" {own}"):
        for token in (target.held.access, target.held.telling):
            target.require_refused(changed(target, token, iss=value))
            problem(target.ask(changed(target, token, aud=value)), 401, "unauthenticated")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_another_audience(target: Target, audience: Any) -> None:
    access = changed(target, target.held.access, aud=audience)
    refresh = changed(target, target.held.telling, aud=audience)
    problem(target.ask(access), 401, "unauthenticated")
    problem(target.renew(refresh), 401, "token.refused")
    if not isinstance(audience, str) or not audience:
        # Programs may look into tokens of every audience, but it must be one.
        assert target.introspect(access).json() == {"active": False}


def test_a_session_of_an_application_opens_nothing_here(target: Target) -> None:
    world = target.world
    held = signed_in.start(world, world.member("eve"), audience="zNKapp")
    problem(target.ask(held.access), 401, "unauthenticated")
    problem(target.renew(held.refresh), 401, "token.refused")
    assert target.introspect(held.access).json()["aud"] == "zNKapp"


def test_another_scope_is_another_issuer(target: Target) -> None:
    other = cast.world()
    elsewhere = signed_in.start(other, other.member("charlie"))
    for token in (elsewhere.access, elsewhere.refresh):
        target.require_refused(token)
    signed_in.check(other, elsewhere.access)


def test_no_token_stands_for_another_kind(target: Target) -> None:
    key = forging.own_key(target.world).private
    held = target.held
    problem(target.ask(held.refresh), 401, "unauthenticated")
    problem(target.renew(held.access), 401, "token.refused")
    assert target.introspect(held.refresh).json() == {"active": False}
    for use in ("JWT", "id+jwt", "rt+jwt", "at", "", "at+jwt "):
        header = {**forging.header_of(held.access), "typ": use}
        forged = forging.signed(header, forging.claims_of(held.access), key)
        problem(target.ask(forged), 401, "unauthenticated")
    secret = target.program.token
    assert target.introspect(secret).json() == {"active": False}
    problem(target.renew(secret), 401, "token.refused")


@pytest.mark.parametrize("name", ["exp", "iat", "sub", "sid"])
@pytest.mark.parametrize("value", [GONE, None, "x", [], {}, 1.5, "9999999999"])
def test_what_must_be_there(target: Target, name: str, value: Any) -> None:
    for token in (target.held.access, target.held.telling):
        target.require_refused(changed(target, token, **{name: value}))


def test_the_session_of_another_user(target: Target) -> None:
    other = signed_in.start(target.world, target.world.member("eve"))
    sub = forging.claims_of(other.access)["sub"]
    target.require_refused(changed(target, target.held.access, sub=sub))
    sid = forging.claims_of(other.access)["sid"]
    target.require_refused(changed(target, target.held.access, sid=sid))


def test_an_api_key_names_its_scope(target: Target) -> None:
    other = cast.world()
    answer = Bearer.of(target.program.token, other.scope.slug).post(
        "/token/introspect", {"token": target.held.access}
    )
    problem(answer, 401, "unauthenticated")
