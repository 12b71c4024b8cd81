"""`did/{action}/{token,status,timeout,auth}`: how wallets join and sign in, and more."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Profile
from accounts.models import Wallet as WalletRow
from accounts.services import users
from identity.crypto import did_address, wallet_jwt
from identity.crypto.did_address import KeyKind
from identity.models import AuditEvent
from identity.scoping import current
from sessions_app.models import Exchange, Session
from tests import cast
from tests.faces.blocklet.browser import Browser, Wallet, sign_in
from tests.faces.blocklet.exchange import Page, Phone

SECRET = bytes(range(32))
FOUR = {"sessionToken", "refreshToken", "visitorId", "csrfToken"}


def begun(world: cast.World, action: str = "login", **more) -> tuple[Page, Phone]:
    page = Page(Browser(world), action, private=more.pop("private", b""))
    answer = page.begin(**more)
    assert answer.status == 200, answer.text
    phone = Phone(Browser(world, address="198.51.100.20"), Wallet.of(), page)
    return page, phone


def as_session(signed, action: str, **more: str) -> tuple[Page, Phone]:
    page = Page(signed.browser, action, headers=signed.bearer)
    answer = page.begin(**more)
    assert answer.status == 200, answer.text
    return page, Phone(Browser(signed.browser.world, address="198.51.100.20"), signed.wallet, page)


def test_shows_an_address_on_the_configured_host_that_cannot_be_guessed(world, settings) -> None:
    settings.BASE_URL = "https://id.example"
    page, _ = begun(world)
    other, _ = begun(world)
    assert len(page.token) == 64
    assert page.token != other.token
    query = parse_qs(urlsplit(page.url).query)
    assert query["action"] == ["requestAuth"]
    inner = query["url"][0]
    assert inner == (
        f"https://id.example/s/{world.scope.slug}/.well-known/service/api/did/login/auth?_t_={page.token}"
    )
    with current.in_scope(world.scope.id):
        assert page.token not in str(list(Exchange.objects.values()))


def test_begins_nothing_for_a_label_that_no_header_can_carry(world) -> None:
    answer = Page(Browser(world), "login").begin(visitorId="\u0141")
    assert answer.status == 400
    assert answer.json["error"] == '"visitorId" must be a text that a header can carry'


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM])
def test_registers_a_wallet_and_signs_its_owner_in(world, kind) -> None:
    page, phone = begun(world, visitorId="visitor-7", locale="de")
    phone.wallet = Wallet.of(kind)
    assert page.status().json["status"] == "created"
    asked = phone.scan()
    assert [each["type"] for each in asked["requestedClaims"]] == ["authPrincipal"]
    assert "192.0.2.10" in asked["requestedClaims"][0]["description"]
    assert page.status().json["status"] == "scanned"
    further = phone.sign()
    assert further["challenge"] != asked["challenge"]
    assert [each["type"] for each in further["requestedClaims"]] == ["profile"]
    last = phone.sign(requestedClaims=[{"type": "profile", "fullName": "Ada <b>L</b>"}])
    assert last["status"] == "ok"
    assert last["response"]["status"] == "ok"
    told = page.status().json
    assert told["status"] == "succeed"
    assert told["did"] == phone.wallet.did
    assert told["pk"] == phone.wallet.private.public.base58
    assert told["visitorId"] == "visitor-7"
    session = page.browser.get(
        "did/session",
        authorization=f"Bearer {told['sessionToken']}",
        x_blocklet_visitor_id="visitor-7",
    ).json
    assert session["user"]["fullName"] == "Ada L"
    assert session["user"]["did"] == phone.wallet.did
    assert session["user"]["role"] == "guest"
    assert session["walletOS"] == "ios"
    assert session["provider"] == "wallet"
    with current.in_scope(world.scope.id):
        assert Profile.objects.get().locale == "de"
        row = Session.objects.get()
    assert (row.address, row.user_agent) == ("192.0.2.10", "Laptop/1")


def test_asks_those_who_are_here_for_nothing_more(world, alice) -> None:
    page, phone = begun(world)
    phone.wallet = alice.wallet
    phone.scan()
    assert phone.sign()["status"] == "ok"
    assert page.status().json.keys() >= FOUR


def test_hands_the_tokens_out_once(world) -> None:
    page, phone = begun(world)
    phone.answer()
    assert page.status().json.keys() >= FOUR
    again = page.status().json
    assert again["status"] == "succeed"
    assert not FOUR & again.keys()
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1


def test_gives_another_browser_nothing_but_the_state(world) -> None:
    page, phone = begun(world)
    phone.answer()
    for other in (Browser(world), phone.browser):
        told = page.status(other).json
        assert told["status"] == "succeed"
        assert not (FOUR | {"did", "pk"}) & told.keys()
    assert page.status().json.keys() >= FOUR


def test_seals_each_token_for_the_pages_key(world) -> None:
    page, phone = begun(world, private=SECRET)
    phone.answer()
    told = page.status(Browser(world)).json
    access = page.opened(told["sessionToken"])
    assert page.browser.get("did/session", authorization=f"Bearer {access}").status == 200
    again = page.status().json
    assert page.opened(again["refreshToken"])
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1
        assert access not in str(list(Exchange.objects.values()))


def test_refuses_a_key_that_hides_nothing(world) -> None:
    for key in ("AAAA", "A" * 43, "?"):
        answer = Browser(world).get("did/login/token", query={"_ek_": key})
        assert answer.status == 400


def test_never_registers_where_newcomers_need_an_invitation(transactional_db) -> None:
    world = cast.world()
    page, phone = begun(world)
    last = phone.answer()
    assert last["status"] == "error"
    assert "invitation" in last["errorMessage"]
    told = page.status().json
    assert told["status"] == "error"
    assert "invitation" in told["error"]
    with current.in_scope(world.scope.id):
        assert not WalletRow.objects.exists()


def test_shuts_out_whoever_was_disabled_before_or_after_the_answer(world, alice) -> None:
    page, phone = begun(world)
    phone.wallet = alice.wallet
    phone.answer()
    with current.in_scope(world.scope.id):
        user = Profile.objects.get(address=alice.wallet.did).user
    users.disable(user_id=user.id, by=world.system, now=datetime.now(UTC))
    assert not FOUR & page.status().json.keys()
    page, phone = begun(world)
    phone.wallet = alice.wallet
    assert phone.answer()["status"] == "error"
    assert page.status().json["status"] == "error"


def test_is_over_for_everybody_after_a_wallet_declined(world) -> None:
    page, phone = begun(world)
    phone.scan()
    phone.sign(action="declineAuth")
    assert page.status().json["status"] == "error"
    assert phone.sign()["errorMessage"] in {"Session not found or expired", "Challenge mismatch"}
    page, phone = begun(world)
    phone.scan()
    phone.sign(action="busy")
    assert page.status().json["status"] == "busy"


@pytest.mark.parametrize(
    "change",
    [
        {"challenge": "0" * 32},
        {"challenge": ""},
        {"user_pk": "zNoKey"},
        {"token": "a.b.c"},
    ],
    ids=["other challenge", "none", "no key", "no token"],
)
def test_refuses_what_the_wallet_did_not_sign_for_this(world, change) -> None:
    page, phone = begun(world)
    phone.scan()
    said = phone.sign(**change)
    assert said["status"] == "error"
    assert said["errorMessage"] in {"Challenge mismatch", "Invalid JWT token"}
    assert page.status().json["status"] == "scanned"
    assert phone.answer()["status"] == "ok"


def test_refuses_what_the_key_signed_in_another_role(world) -> None:
    """One key has an address for each role; a wallet speaks for its account."""
    page, phone = begun(world)
    phone.scan()
    private = phone.wallet.private
    token = wallet_jwt.sign(
        private,
        {"challenge": phone.asked["challenge"], "action": "responseAuth"},
        issuer=did_address.parse(private.public.address(did_address.Role.DEVICE)),
        now=int(datetime.now(UTC).timestamp()),
    )
    assert phone.sign(token=token)["errorMessage"] == "Invalid JWT token"
    assert page.status().json["status"] == "scanned"


def test_goes_on_with_the_first_wallet_alone(world, bob) -> None:
    page, phone = begun(world)
    phone.scan()
    phone.sign()
    other = Phone(Browser(world), bob.wallet, page, dict(phone.asked))
    assert other.sign()["errorMessage"] == "Challenge mismatch"
    last = phone.sign(requestedClaims=[{"type": "profile", "fullName": "Ada"}])
    assert last["status"] == "ok"
    assert page.status().json["did"] == phone.wallet.did


def test_is_forbidden_to_another_wallet_than_the_wanted(world, alice) -> None:
    page, phone = begun(world, forceConnected=alice.wallet.did)
    assert phone.scan()["requestedClaims"][0]["target"] == alice.wallet.did
    assert phone.sign()["status"] == "error"
    assert page.status().status == 403


def test_takes_no_answer_twice(world) -> None:
    _page, phone = begun(world)
    phone.scan()
    first = phone.wallet.token(
        phone.asked["challenge"], action="responseAuth", requestedClaims=[{"type": "authPrincipal"}]
    )
    assert "requestedClaims" in phone.sign(token=first)
    assert phone.sign(token=first)["errorMessage"] == "Challenge mismatch"


def test_is_over_after_five_minutes(world) -> None:
    page, _phone = begun(world)
    later = datetime.now(UTC) + timedelta(minutes=6)
    assert page.status(now=later).json == {"error": "Session not found or expired"}
    assert page.status(now=later).status == 400


def test_has_a_minute_for_the_page(world) -> None:
    page, phone = begun(world)
    phone.answer()
    assert page.status(now=datetime.now(UTC) + timedelta(seconds=62)).status == 400


def test_is_given_up_by_the_page_until_a_wallet_came(world) -> None:
    page, phone = begun(world)
    answer = page.browser.get("did/login/timeout", query={"_t_": page.token})
    assert answer.json == {"token": page.token}
    assert page.status().status == 400
    page, phone = begun(world)
    phone.scan()
    page.browser.get("did/login/timeout", query={"_t_": page.token})
    assert page.status().json["status"] == "scanned"


def test_asks_for_a_token(world) -> None:
    answer = Browser(world).get("did/login/status")
    assert (answer.status, answer.json) == (
        400,
        {"error": "Session Id is required to check status"},
    )


def test_belongs_to_one_action_and_one_scope(world) -> None:
    page, _phone = begun(world)
    page.action = "verify-elevated"
    assert page.status().status == 400
    page.action = "login"
    elsewhere = cast.world(sign_up=True)
    assert page.status(Browser(elsewhere)).status == 400


def test_binds_a_further_wallet_to_who_began(world, alice) -> None:
    page, phone = as_session(alice, "bind-wallet")
    phone.wallet = Wallet.of(KeyKind.ETHEREUM)
    assert phone.answer()["status"] == "ok"
    told = page.status().json
    assert told["status"] == "succeed"
    assert told["did"] == phone.wallet.did
    assert not FOUR & told.keys()
    again = sign_in(world, wallet=phone.wallet)
    assert again.get("did/session").json["user"]["did"] == alice.wallet.did
    with current.in_scope(world.scope.id):
        assert AuditEvent.objects.filter(name="wallet.added").count() == 1


def test_binds_no_wallet_of_somebody_else(world, alice, bob) -> None:
    page, phone = as_session(alice, "bind-wallet")
    phone.wallet = bob.wallet
    assert phone.answer()["status"] == "error"
    assert page.status().json["status"] == "error"
    again = sign_in(world, wallet=bob.wallet, challenge="B2")
    assert again.get("did/session").json["user"]["did"] == bob.wallet.did


@pytest.mark.parametrize("action", ["bind-wallet", "verify-elevated", "destroy-self"])
def test_needs_somebody_signed_in(world, action) -> None:
    answer = Browser(world).get(f"did/{action}/token")
    assert (answer.status, answer.json) == (401, {"error": "not login"})


def test_needs_a_fresh_proof_to_bind_and_takes_one_by_the_wallet(world, alice) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(hours=1))
    answer = alice.get("did/bind-wallet/token")
    assert answer.status == 403
    assert answer.json["code"] == "session.step-up-needed"
    _, phone = as_session(alice, "verify-elevated")
    assert phone.answer()["status"] == "ok"
    assert alice.get("did/bind-wallet/token").status == 200


def test_confirms_the_end_of_an_account_by_its_own_wallet(world, alice, bob) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(hours=1))
    assert alice.delete("user").status == 403
    page, phone = as_session(alice, "destroy-self")
    other = Phone(phone.browser, bob.wallet, page)
    assert other.answer()["status"] == "error"
    assert alice.delete("user").status == 403
    page, phone = as_session(alice, "destroy-self")
    assert phone.answer()["status"] == "ok"
    assert page.status().json["destroySessionId"]
    assert alice.delete("user").json == {"did": alice.wallet.did}


def test_takes_no_fresh_proof_from_another_wallet(world, alice, bob) -> None:
    page, phone = as_session(alice, "verify-elevated")
    phone.wallet = bob.wallet
    assert phone.answer()["status"] == "error"
    assert page.status().json["status"] == "error"


def test_does_nothing_for_a_session_that_ended_meanwhile(world, alice) -> None:
    _page, phone = as_session(alice, "bind-wallet")
    phone.wallet = Wallet.of()
    alice.post("user/logout", {})
    assert phone.answer()["status"] == "error"
    with current.in_scope(world.scope.id):
        assert WalletRow.objects.count() == 1


@pytest.mark.parametrize("action", ["setup", "lost-passport-list", "nonsense"])
def test_says_what_it_does_not_do(world, action) -> None:
    answer = Browser(world).get(f"did/{action}/token")
    assert answer.json["code"] == "not-supported"
    assert answer.status == 501
