"""Class 8 of the known attacks, on the face `blocklet`: an account that somebody else's word links.

Seen as CVE-2025-61783 (social-auth-app-django), CVE-2026-9087 (Keycloak) and GHSA-86j7: the same
e-mail address, a name or an id that one provider shares with another leads into a foreign account.
"""

from datetime import UTC, datetime

import pytest

from accounts.models import ExternalIdentity, Profile, User
from accounts.services import role_assignments, role_credentials
from accounts.services.role_credentials import Granted
from identity import ids
from identity.services import app_keys
from tests import cast
from tests.faces.blocklet.browser import Signed, Wallet, sign_in
from tests.faces.blocklet.test_session import claims
from tests.faces.blocklet.test_sign_in import BODY, log_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(sign_up=True)


@pytest.fixture
def key(world):
    return app_keys.mint(name="backend", by=world.system, now=datetime.now(UTC))


def subject(answer) -> str:
    assert answer.status == 200, answer.text
    return str(claims(answer.json["token"])["sub"])


def test_the_same_address_is_another_account(world, key) -> None:
    alice = sign_in(world)
    assert alice.put("user/profile", {"email": "ann@example.test"}).status == 200
    with cast.in_scope(world):
        Profile.objects.update(is_email_verified=True)
    told = log_in(world, key, BODY | {"email": "ann@example.test"})
    assert subject(told) != claims(alice.access)["sub"]
    told = log_in(world, key, BODY | {"provider": "email", "id": "ann@example.test"})
    assert subject(told) != claims(alice.access)["sub"]


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("github", "4711"),
        ("GitHub", "4711"),
        ("github", "04711"),
        ("github ", "4711"),
        ("git", "hub|4711"),
        ("", "github|4711"),
        ("google", "4711"),
    ],
)
def test_no_name_of_a_provider_leads_to_the_real_one(world, key, provider, name) -> None:
    carol = world.member("carol", "super-admin")
    with cast.in_scope(world):
        for issuer in ("https://github.com", "github", "https://accounts.google.com"):
            ExternalIdentity.objects.create(
                scope_id=world.scope.id,
                user=carol.user,
                provider="github",
                issuer=issuer,
                subject="4711",
                linked_at=datetime.now(UTC),
            )
    answer = log_in(world, key, BODY | {"provider": provider, "id": name})
    if answer.status == 200:
        assert subject(answer) != str(carol.user.public_id)
    with cast.in_scope(world):
        assert ExternalIdentity.objects.filter(user=carol.user).count() == 3


def test_what_is_joined_of_two_parts_stays_two(world, key) -> None:
    first = subject(log_in(world, key, BODY | {"provider": "a", "id": "b|c"}))
    second = log_in(world, key, BODY | {"provider": "a|b", "id": "c"})
    assert second.status == 400 or subject(second) != first


def test_a_wallets_address_as_an_id_is_no_wallet(world, key) -> None:
    alice = sign_in(world)
    told = log_in(world, key, BODY | {"id": alice.wallet.did})
    assert subject(told) != claims(alice.access)["sub"]


def test_its_word_verifies_nothing(world, key) -> None:
    body = BODY | {"emailVerified": True, "phoneVerified": True, "role": "owner", "kyc": 3}
    told = log_in(world, key, body).json
    assert told["user"]["emailVerified"] is False
    assert told["user"]["role"] == "guest"
    assert claims(told["token"])["kyc"] == 0


def test_an_account_of_its_word_is_no_wallets(world, key) -> None:
    told = log_in(world, key, BODY).json["user"]
    wallet = Wallet.of()
    body = wallet.body() | {"userDid": told["did"]}
    answer = sign_in(world).browser.post("user/loginByWallet", body)
    assert answer.status in {400, 401}


def test_staff_get_no_rights_by_its_word(world, key) -> None:
    alice = sign_in(world)
    with cast.in_scope(world):
        user = User.objects.get(wallets__address=alice.wallet.did)

    now = datetime.now(UTC)
    role_assignments.grant(user_id=user.id, role="super-admin", by=world.system, now=now)
    body = {"did": alice.wallet.did, "pk": alice.wallet.private.public.base58, "fullName": "A"}
    told = log_in(world, key, body).json
    assert claims(told["token"])["role"] == "guest"
    assert told["user"]["permissions"] == []


@pytest.fixture
def taken(world, key) -> Signed:
    """A session of alice's that only an application's server vouches for."""
    alice = sign_in(world)
    body = {"did": alice.wallet.did, "pk": alice.wallet.private.public.base58, "fullName": "A"}
    told = log_in(world, key, body).json
    alice.access, alice.refresh = told["token"], told["refreshToken"]
    assert alice.get("did/session").status == 200
    return alice


@pytest.mark.parametrize("kind", ["oauth", "passkey"])
def test_its_word_takes_no_role_of_a_passport(world, taken, kind) -> None:
    now = datetime.now(UTC)
    with cast.in_scope(world):
        user = User.objects.get(wallets__address=taken.wallet.did)
    role_assignments.grant(user_id=user.id, role="member", by=world.system, now=now)
    passport = role_credentials.issue(
        Granted(user.id, "member"), credential_id=ids.new(), by=world.system, now=now
    )
    answer = taken.post(f"{kind}/switch", {"passportId": passport.credential_id})
    assert answer.status == 403
    assert taken.get("did/session").json["user"]["role"] == "guest"


def test_its_word_adds_no_way_in(taken) -> None:
    address = {"email": "thief@example.test"}
    assert taken.post("kyc/email/send", address).status == 403
    assert taken.post("kyc/email/verify", {"code": "123456"}).status == 403
