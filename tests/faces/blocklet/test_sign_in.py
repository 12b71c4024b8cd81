"""`user/loginByWallet` and `user/login`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import ExternalIdentity, Profile, User
from accounts.models import Wallet as WalletRow
from accounts.services import users
from identity.api.blocklet import application
from identity.crypto import ed25519, request_signature, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.crypto.request_signature import Request
from identity.models import ApiKey
from identity.scoping import current
from identity.services import app_keys, scopes
from sessions_app.models import Session
from tests import cast
from tests.faces.blocklet.browser import SERVICE, Answer, Browser, Wallet, sign_in
from tests.faces.blocklet.test_session import claims

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/blocklet.json").read_text())
REQUESTS = VECTORS["login_requests"]["requests"]
EXPIRY = datetime(2100, 1, 1, tzinfo=UTC)
KINDS = [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM]
BODY = {"provider": "github", "id": "4711", "fullName": "Ann", "email": "Ann@Example.test"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_wallet_signs_in_and_joins(world, kind) -> None:
    wallet, browser = Wallet.of(kind), Browser(world)
    answer = browser.post("user/loginByWallet", wallet.body("C0FFEE", visitorId="label"))
    assert answer.status == 200
    told = answer.json
    assert told.keys() == {"sessionToken", "refreshToken", "challenge", "visitorId"}
    assert (told["challenge"], told["visitorId"]) == ("C0FFEE", "label")
    assert not answer.cookies
    assert claims(told["sessionToken"])["did"] == wallet.did
    again = browser.post("user/loginByWallet", wallet.body("SECOND"))
    assert claims(again.json["sessionToken"])["sub"] == claims(told["sessionToken"])["sub"]


def test_takes_the_label_of_the_header(world) -> None:
    answer = Browser(world).post(
        "user/loginByWallet", Wallet.of().body(), x_blocklet_visitor_id="from-header"
    )
    assert answer.json["visitorId"] == "from-header"


@pytest.mark.parametrize("label", ["a\nb", "a\x1b", "\x7f", "\u0141ódź", "\U0001f600"])
def test_refuses_a_label_that_no_header_can_carry(world, label) -> None:
    fault = '"visitorId" must be a text that a header can carry'
    body, browser = Wallet.of().body(), Browser(world)
    answer = browser.post("user/loginByWallet", body | {"visitorId": label})
    assert (answer.status, answer.json) == (400, {"error": fault, "code": "invalid"})
    # The wallet's signature is not spent by that.
    assert browser.post("user/loginByWallet", body | {"visitorId": "plain"}).status == 200


def test_an_unknown_wallet_is_not_found_where_joining_is_closed(world) -> None:
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"sign_up": False}, by=world.system, now=datetime.now(UTC))
    answer = Browser(world).post("user/loginByWallet", Wallet.of().body())
    assert (answer.status, answer.json["error"]) == (404, "User does not exist")


def test_a_disabled_user_is_told_so_after_the_proof_alone(world, alice) -> None:
    with current.in_scope(world.scope.id):
        user = User.objects.get(wallets__address=alice.wallet.did)
    users.disable(user_id=user.id, by=world.system, now=datetime.now(UTC))
    answer = alice.browser.post("user/loginByWallet", alice.wallet.body("new"))
    assert answer.status == 403
    body = alice.wallet.body("newer") | {"signature": Wallet.of().token("newer")}
    assert alice.browser.post("user/loginByWallet", body).status == 401


def test_a_token_of_a_wallet_is_good_once(world) -> None:
    body = Wallet.of().body()
    assert Browser(world).post("user/loginByWallet", body).status == 200
    answer = Browser(world).post("user/loginByWallet", body)
    assert (answer.status, answer.json["error"]) == (401, "Invalid signature")


def test_never_stores_another_key(world, alice) -> None:
    body = alice.wallet.body("x") | {"userPk": Wallet.of().private.public.base58}
    assert alice.browser.post("user/loginByWallet", body).status == 400
    with current.in_scope(world.scope.id):
        stored = WalletRow.objects.get(address=alice.wallet.did).public_key
    assert stored == alice.wallet.private.public.raw.hex()
    sign_in(world, wallet=alice.wallet, challenge="y")


@pytest.mark.parametrize(
    "missing", ["userDid", "userPk", "signature", "walletOS", "challenge", "componentId"]
)
def test_names_what_is_missing(world, missing) -> None:
    body = Wallet.of().body()
    del body[missing]
    answer = Browser(world).post("user/loginByWallet", body)
    assert (answer.status, answer.json["error"]) == (400, f'"{missing}" is required')


def test_refuses_what_is_no_did(world) -> None:
    answer = Browser(world).post("user/loginByWallet", Wallet.of().body(userDid="z1nobody"))
    assert answer.json["error"] == 'Expect "userDid" to be valid did'


def test_finds_a_user_by_every_form_of_the_did(world) -> None:
    wallet = Wallet.of(KeyKind.ETHEREUM)
    first = sign_in(world, wallet=wallet)
    for number, did in enumerate([f"did:abt:{wallet.did}", wallet.did.lower(), f" {wallet.did} "]):
        told = sign_in(world, wallet=wallet, challenge=str(number), userDid=did)
        assert claims(told.access)["sub"] == claims(first.access)["sub"]


@pytest.mark.parametrize("each", REQUESTS, ids=lambda each: each["case"])
def test_answers_the_vectors_as_advised(world, each) -> None:
    # Where a token is "from the future", it is asked for before the time that it names.
    now = EXPIRY - timedelta(seconds=900 if "2099" in each["case"] else 300)
    answer = Browser(world).post("user/loginByWallet", each["body"], now=now)
    expected = {int(part) for part in str(each["advised"]).split(" ")[0].split("/")}
    assert answer.status in expected, answer.text


@pytest.fixture
def key(world) -> wallet_keys.PrivateKey:
    return app_keys.mint(name="backend", by=world.system, now=datetime.now(UTC))


def secret_of(key: wallet_keys.PrivateKey) -> ed25519.PrivateKey:
    assert isinstance(key.secret, ed25519.PrivateKey)
    return key.secret


def signed(
    world: cast.World,
    key: wallet_keys.PrivateKey,
    body: dict[str, Any],
    *,
    path: str = "",
    age: int = 0,
) -> dict[str, Any]:
    """The headers of a request of the application's server."""
    at = int(datetime.now(UTC).timestamp()) - age
    request = Request(
        method="post",
        path=path or f"/s/{world.scope.slug}{SERVICE}/api/user/login",
        query={},
        body=body,
        issued_at=at,
        expires_at=at + 300,
    )
    return {
        "x_blocklet_sig": request_signature.sign(request, secret_of(key)),
        "x_blocklet_sig_iat": str(at),
        "x_blocklet_sig_exp": str(at + 300),
        "x_blocklet_sig_version": "1",
        "x_blocklet_component_id": "z8component",
    }


def log_in(
    world: cast.World,
    key: wallet_keys.PrivateKey,
    body: dict[str, Any],
    *,
    path: str = "/api/user/login",
    signed_path: str = "",
    signed_body: dict[str, Any] | None = None,
    age: int = 0,
    **headers: str,
) -> Answer:
    """A request of the application's server."""
    what = body if signed_body is None else signed_body
    where = signed_path or f"/s/{world.scope.slug}{SERVICE}{path}"
    sent = signed(world, key, what, path=where, age=age) | headers
    return Browser(world).ask("POST", f"{SERVICE}{path}", body, **sent)


@pytest.mark.parametrize("path", ["/api/user/login", "/user/login"])
def test_the_applications_server_signs_its_users_in(world, key, path) -> None:
    answer = log_in(world, key, BODY, path=path)
    assert answer.status == 200, answer.text
    told = answer.json
    assert told.keys() == {"user", "token", "refreshToken", "visitorId"}
    user = told["user"]
    assert user["fullName"] == "Ann"
    assert user["email"].lower() == "ann@example.test"
    assert user["emailVerified"] is False
    assert user["connectedAccounts"][0]["provider"] == "github"
    token = claims(told["token"])
    assert (token["role"], token["provider"], token["walletOS"]) == ("guest", "github", "api")
    headers = {"authorization": f"Bearer {told['token']}"}
    assert Browser(world).get("did/session", **headers).json["user"]["did"] == user["did"]
    again = log_in(world, key, BODY | {"updateInfo": False})
    assert again.json["user"]["did"] == user["did"]


def test_takes_the_path_before_a_gateway_put_a_prefix_to_it(world, key) -> None:
    assert log_in(world, key, BODY, signed_path=f"{SERVICE}/api/user/login").status == 200


def test_a_wallets_holder_too(world, key) -> None:
    wallet = Wallet.of()
    body = {"provider": "wallet", "did": wallet.did, "pk": wallet.private.public.base58}
    answer = log_in(world, key, body | {"fullName": "Bea"})
    assert answer.status == 200, answer.text
    assert answer.json["user"]["did"] == wallet.did
    assert claims(answer.json["token"])["provider"] == "wallet"
    # And the holder of the wallet finds the same account.
    assert (
        claims(sign_in(world, wallet=wallet).access)["sub"] == claims(answer.json["token"])["sub"]
    )


def test_a_signature_is_good_once(world, key) -> None:
    headers = signed(world, key, BODY)
    assert Browser(world).post("user/login", BODY, **headers).status == 200
    answer = Browser(world).post("user/login", BODY, **headers)
    assert (answer.status, answer.json) == (401, "verify sig failed")


def test_refuses_what_no_living_key_signed(world, key) -> None:
    other = cast.world(sign_up=True)
    foreign = app_keys.mint(name="x", by=other.system, now=datetime.now(UTC))
    refused = [
        log_in(world, foreign, BODY),
        log_in(world, key, BODY, signed_body=BODY | {"id": "1"}),
        log_in(world, key, BODY, signed_path="/elsewhere"),
        log_in(world, key, BODY, age=400),
        log_in(world, key, BODY, age=-400),
        log_in(world, key, BODY, x_blocklet_sig="0x00"),
        Browser(world).post("user/login", BODY),
    ]
    with current.in_scope(world.scope.id):
        ApiKey.objects.update(status="revoked", revoked_at=datetime.now(UTC))
    refused.append(log_in(world, key, BODY))
    for answer in refused:
        assert (answer.status, answer.json) == (401, "verify sig failed")
    assert log_in(world, key, BODY, x_blocklet_sig="").status == 400


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, '"fullName" is required'),
        ({"fullName": "A"}, '"did" is required'),
        ({"fullName": "A", "did": "z1x"}, '"pk" is required'),
        ({"fullName": "A", "did": "z1x", "pk": "z"}, 'Expect "did" to be valid did'),
        ({"fullName": "A", "provider": "google"}, '"id" is required'),
        ({"fullName": "A", "provider": "google", "id": "1"}, '"email" is required'),
    ],
)
def test_names_what_is_wrong(world, key, body, error) -> None:
    answer = log_in(world, key, body)
    assert (answer.status, answer.json["error"]) == (400, error)


def test_wants_the_component(world, key) -> None:
    answer = log_in(world, key, BODY, x_blocklet_component_id="")
    assert answer.json["error"] == "componentId is required when login user"


def test_a_key_that_is_not_the_dids(world, key) -> None:
    body = {"did": Wallet.of().did, "pk": Wallet.of().private.public.base58, "fullName": "A"}
    assert log_in(world, key, body).status == 400


def test_newcomers_need_an_open_scope(world, key) -> None:
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"sign_up": False}, by=world.system, now=datetime.now(UTC))
    assert log_in(world, key, BODY).status == 403


def test_never_becomes_the_real_providers_account(world, key) -> None:
    now = datetime.now(UTC)
    carol = world.member("carol", "super-admin")
    with current.in_scope(world.scope.id):
        ExternalIdentity.objects.create(
            scope_id=world.scope.id,
            user=carol.user,
            provider="github",
            issuer="https://github.com",
            subject="4711",
            email="ann@example.test",
            linked_at=now,
        )
    told = log_in(world, key, BODY | {"email": "carol@example.test"}).json
    assert claims(told["token"])["sub"] != str(carol.user.public_id)
    with current.in_scope(world.scope.id):
        made = ExternalIdentity.objects.exclude(user=carol.user).get()
        assert made.issuer == f"application:{application.permanent(now=now)}"


def test_one_id_at_two_providers_is_two_accounts(world, key) -> None:
    first = log_in(world, key, BODY).json["user"]["did"]
    assert log_in(world, key, BODY | {"provider": "google"}).json["user"]["did"] != first


def test_its_word_is_no_fresh_proof(world, key) -> None:
    told = log_in(world, key, BODY).json
    headers = {"authorization": f"Bearer {told['token']}"}
    assert Browser(world).delete("user", **headers).status == 403
    with current.in_scope(world.scope.id):
        assert Session.objects.get().authenticated_at.year == 1970


def test_changes_what_is_known_of_a_user_only_where_asked(world, key) -> None:
    log_in(world, key, BODY)
    body = BODY | {"fullName": "Anna", "email": "new@example.test"}
    assert log_in(world, key, body | {"updateInfo": False}).json["user"]["fullName"] == "Ann"
    user = log_in(world, key, body).json["user"]
    assert (user["fullName"], user["email"]) == ("Anna", "new@example.test")
    with current.in_scope(world.scope.id):
        Profile.objects.update(is_email_verified=True)
    other = BODY | {"locale": "de"}
    assert log_in(world, key, other).json["user"]["email"] == "new@example.test"


@pytest.mark.parametrize(
    ("said", "kept"), [("zh_CN", "zh-CN"), ("de", "de"), ("no language", ""), ("\u4e2d", "")]
)
def test_a_strange_language_keeps_nobody_out(world, key, said, kept) -> None:
    assert log_in(world, key, BODY | {"locale": said}).status == 200
    with current.in_scope(world.scope.id):
        assert Profile.objects.get().locale == kept


def test_an_inviter_who_is_nobody_is_ignored(world, key) -> None:
    user = log_in(world, key, BODY | {"inviter": "z1nobody"}).json["user"]
    assert (user["inviter"], user["generation"]) == (None, 0)
