"""Introspection, revocation and renewal of tokens; the keys and the metadata."""

import base64
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from accounts.services import users
from identity.services import api_key_secrets, server_keys
from sessions_app.services import tokens
from tests import cast, signed_in
from tests.faces.v1.client import BASE, Bearer, InProcess, Signed, problem
from tests.faces.v1.test_bearers import key_of
from tests.signed_in import PHONE, SignedIn

WEB = httpx.Client(base_url=BASE, transport=InProcess())


@pytest.fixture
def held(world: cast.World) -> SignedIn:
    world.member("owner", "super-admin")
    return signed_in.start(world, world.member("bob"))


@pytest.fixture
def backend(world: cast.World) -> Bearer:
    return key_of(world, "sessions:introspect")


def introspected(who: Any, token: str) -> dict[str, Any]:
    answer = who.post("/token/introspect", {"token": token})
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    told: dict[str, Any] = answer.json()
    return told


def test_tells_of_a_token_that_is_of_use(
    world: cast.World, held: SignedIn, backend: Bearer
) -> None:
    told = introspected(backend, held.access)
    assert told["active"] is True
    assert told["sub"] == str(held.session.user.public_id)
    assert told["sid"] == str(held.session.id)
    assert told["iss"] == told["aud"] == tokens.issuer(world.scope.slug)
    assert told["username"] == "bob@example.test"
    assert told["token_type"] == "Bearer"
    assert told["exp"] - told["iat"] == 600


def test_tells_a_signing_program_too(world: cast.World, held: SignedIn) -> None:
    device = Signed.of(world.member("robot", "super-admin"), world.scope.slug)
    assert introspected(device, held.access)["active"] is True


def test_passes_over_what_it_does_not_know(held: SignedIn, backend: Bearer) -> None:
    form = {"token": held.access, "token_type_hint": "refresh_token", "client_id": "x"}
    assert backend.post("/token/introspect", form).json()["active"] is True


def test_tells_everything_else_alike(world: cast.World, held: SignedIn, backend: Bearer) -> None:
    other = cast.world()
    elsewhere = signed_in.start(other, other.member("charlie")).access
    old = signed_in.start(world, world.member("old"))
    now = datetime.now(UTC)
    with cast.in_scope(world):
        expired = tokens.access(old.live, seconds=-1, now=now)
    for token in (held.refresh, elsewhere, expired, "", "x", "a.b.c", api_key_secrets.new_secret()):
        assert introspected(backend, token) == {"active": False}


def test_knows_at_once_that_a_user_is_shut_out(
    world: cast.World, held: SignedIn, backend: Bearer
) -> None:
    assert introspected(backend, held.access)["active"] is True
    users.disable(user_id=held.session.user_id, by=world.system, now=datetime.now(UTC))
    assert introspected(backend, held.access) == {"active": False}


def test_needs_the_word(world: cast.World, held: SignedIn) -> None:
    weak = key_of(world, "sessions:view")
    problem(weak.post("/token/introspect", {"token": held.access}), 403, "forbidden")
    anybody = Bearer.of(held.access, world.scope.slug)
    problem(anybody.post("/token/introspect", {"token": held.access}), 403, "forbidden")


def test_takes_a_form_or_json(held: SignedIn, backend: Bearer) -> None:
    address = f"{backend.prefix}/token/introspect"
    headers = {"Authorization": f"Bearer {backend.token}"}
    read = backend.http.post(address, json={"token": held.access}, headers=headers)
    assert read.json()["active"] is True
    headers["Content-Type"] = "text/plain"
    answer = backend.http.post(address, content=f"token={held.access}", headers=headers)
    problem(answer, 415, "http.media-type")


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_revoking_a_token_ends_its_session(
    world: cast.World, held: SignedIn, backend: Bearer, which: str
) -> None:
    form = {"token": getattr(held, which)}
    assert backend.post("/token/revoke", form).json() == {}
    assert introspected(backend, held.access) == {"active": False}
    assert backend.post("/token/revoke", form).status_code == 200
    assert backend.post("/token/revoke", {"token": "nothing"}).status_code == 200


def test_revokes_nothing_of_another_scope(world: cast.World, backend: Bearer) -> None:
    other = cast.world()
    elsewhere = signed_in.start(other, other.member("charlie"))
    assert backend.post("/token/revoke", {"token": elsewhere.access}).status_code == 200
    signed_in.check(other, elsewhere.access)


def renewed(world: cast.World, token: str, agent: str = "Laptop/1") -> httpx.Response:
    return WEB.post(
        f"/s/{world.scope.slug}/v1/token/refresh",
        json={"refresh_token": token},
        headers={"User-Agent": agent},
    )


def test_renews_a_pair(world: cast.World, held: SignedIn) -> None:
    told = renewed(world, held.refresh).json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 3600
    assert signed_in.check(world, told["access_token"]).door.session_id == held.session.id
    again = renewed(world, told["refresh_token"])
    assert again.status_code == 200
    lost = renewed(world, told["refresh_token"])
    assert lost.json()["refresh_token"] == again.json()["refresh_token"]


def test_a_spent_token_in_another_hand_ends_the_session(world: cast.World, held: SignedIn) -> None:
    pair = renewed(world, held.refresh).json()
    problem(renewed(world, held.refresh, "Thief/1"), 401, "token.refused")
    problem(renewed(world, pair["refresh_token"]), 401, "token.refused")


def test_renews_at_its_own_scope_alone(world: cast.World, held: SignedIn) -> None:
    problem(renewed(cast.world(), held.refresh), 401, "token.refused")
    assert renewed(world, held.refresh).status_code == 200


def test_renews_no_tokens_of_another_audience(world: cast.World) -> None:
    world.member("owner", "super-admin")
    held = signed_in.start(world, world.member("bob"), audience="an app")
    problem(renewed(world, held.refresh), 401, "token.refused")
    problem(renewed(world, held.access), 401, "token.refused")
    assert introspected(key_of(world, "sessions:introspect"), held.access)["aud"] == "an app"
    problem(Bearer.of(held.access, world.scope.slug).get("/me"), 401, "unauthenticated")


def test_a_phone_is_another_holder(world: cast.World) -> None:
    world.member("owner", "super-admin")
    held = signed_in.start(world, world.member("bob"), origin=PHONE)
    assert renewed(world, held.refresh, "Any/1").status_code == 200


def test_publishes_keys_that_verify_tokens(world: cast.World, held: SignedIn) -> None:
    answer = WEB.get(f"/s/{world.scope.slug}/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (jwk,) = answer.json()["keys"]
    assert set(jwk) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    head, payload, signature = held.access.split(".")
    assert orjson.loads(raw(head))["kid"] == jwk["kid"]
    x, y = (int.from_bytes(raw(jwk[name]), "big") for name in ("x", "y"))
    numbers = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
    r, s = raw(signature)[:32], raw(signature)[32:]
    der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    signed = f"{head}.{payload}".encode()
    numbers.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))


def test_publishes_a_key_before_the_first_token(world: cast.World) -> None:
    address = f"/s/{world.scope.slug}/.well-known/jwks.json"
    (jwk,) = WEB.get(address).json()["keys"]
    held = signed_in.start(world, world.member("bob"), origin=PHONE)
    assert orjson.loads(raw(held.access.split(".")[0]))["kid"] == jwk["kid"]
    assert WEB.get(address).json()["keys"] == [jwk]


def test_keys_overlap_when_they_are_rotated(world: cast.World, held: SignedIn) -> None:
    address = f"/s/{world.scope.slug}/.well-known/jwks.json"
    before = WEB.get(address)
    server_keys.rotate(purpose=server_keys.TOKEN, by=world.system, now=datetime.now(UTC))
    after = WEB.get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert before.json()["keys"][0] in after.json()["keys"]
    assert len(after.json()["keys"]) == 2
    same = WEB.get(address, headers={"If-None-Match": after.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_an_unknown_scope_has_no_keys(world: cast.World) -> None:
    assert WEB.get("/s/nowhere/.well-known/jwks.json").status_code == 404


def test_says_what_it_offers(world: cast.World, held: SignedIn, backend: Bearer) -> None:
    slug = world.scope.slug
    told = WEB.get(f"/s/{slug}/.well-known/oauth-authorization-server").json()
    # RFC 8414 §3.1 puts the issuer's path behind the well-known one.
    assert WEB.get(f"/.well-known/oauth-authorization-server/s/{slug}").json() == told
    assert told["issuer"] == tokens.issuer(slug)
    assert WEB.get(told["jwks_uri"]).json()["keys"]
    for name in ("introspection_endpoint", "revocation_endpoint"):
        answer = WEB.post(
            told[name],
            data={"token": held.access},
            headers={"Authorization": f"Bearer {backend.token}"},
        )
        assert answer.status_code == 200


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
