"""A wallet's token signs its holder in once, and a newcomer where the scope lets people join."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Profile, User, Wallet
from accounts.services import users
from accounts.services.profiles import Newcomer
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.errors import Invalid
from identity.scoping import current
from identity.services import scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.services import wallet_sign_in
from sessions_app.services.wallet_sign_in import Token
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

AUDIENCE = "zNKapplication"
KINDS = [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM]


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"sign_up": True}, by=world.system, now=now())
    return world


def now() -> datetime:
    return datetime.now(UTC)


def key(kind: KeyKind = KeyKind.ED25519, seed: int = 1) -> wallet_keys.PrivateKey:
    return wallet_keys.private_of(kind, bytes([seed]) * 32)


def signed(private: wallet_keys.PrivateKey, claims: dict[str, object]) -> str:
    address = did_address.parse(private.public.address())
    return wallet_jwt.sign(private, claims, issuer=address, now=int(now().timestamp()))


def token(private: wallet_keys.PrivateKey, challenge: str = "c", **more) -> Token:
    text = signed(private, {"challenge": challenge})
    given = {
        "address": private.public.address(),
        "public_key": private.public.base58,
        "token": text,
        "challenge": challenge,
    }
    return Token(**(given | more))


def arrive(world: cast.World, sent: Token, **more) -> User:
    with current.in_scope(world.scope.id):
        proven = wallet_sign_in.prove_token(sent, audience=AUDIENCE, now=now())
        return wallet_sign_in.person(proven, Newcomer(source="wallet"), now=now(), **more)


@pytest.mark.parametrize("kind", KINDS)
def test_makes_a_newcomer_and_knows_them_again(world, kind) -> None:
    private = key(kind)
    made = arrive(world, token(private, "first"))
    assert arrive(world, token(private, "second")).id == made.id
    with current.in_scope(world.scope.id):
        profile = Profile.objects.get(user=made)
        assert profile.address == private.public.address()
        assert profile.public_key == private.public.raw.hex()
        assert made.status == "active"


def test_lets_nobody_join_where_people_are_invited(world) -> None:
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"sign_up": False}, by=world.system, now=now())
    with pytest.raises(SignUpClosed):
        arrive(world, token(key()))
    with current.in_scope(world.scope.id):
        assert not Wallet.objects.exists()


def test_takes_a_token_once(world) -> None:
    sent = token(key())
    arrive(world, sent)
    with pytest.raises(SignInRefused):
        arrive(world, sent)


def test_takes_a_token_once_of_fifty_at_the_same_time(world) -> None:
    sent = token(key())
    ends = together.run(lambda number: arrive(world, sent), count=50)
    assert [type(end) for end in ends if isinstance(end, Exception)] == [SignInRefused] * 49


def test_makes_one_person_of_many_proofs_at_the_same_time(world) -> None:
    sent = [token(key(), str(number)) for number in range(20)]
    ends = together.run(lambda number: arrive(world, sent[number]), count=20)
    assert len({end.id for end in ends}) == 1
    with current.in_scope(world.scope.id):
        assert Wallet.objects.count() == 1
        assert User.objects.filter(status="active").count() == 1


def test_refuses_another_challenge(world) -> None:
    with pytest.raises(SignInRefused):
        arrive(world, dataclasses.replace(token(key(), "one"), challenge="other"))


def test_refuses_a_foreign_key_for_an_address(world) -> None:
    with pytest.raises(Invalid):
        arrive(world, token(key(), public_key=key(seed=2).public.base58))


def test_refuses_a_token_of_another_wallet(world) -> None:
    with pytest.raises(SignInRefused):
        arrive(world, token(key(), token=token(key(seed=2)).token))


def test_needs_a_challenge_in_the_token_unless_the_scope_says_so(world) -> None:
    private = key()
    bare = signed(private, {})
    sent = token(private, token=bare)
    with pytest.raises(SignInRefused):
        arrive(world, sent)
    with current.in_scope(world.scope.id):
        changes = {"wallets_without_challenge": True}
        scopes.change_settings(changes=changes, by=world.system, now=now())
    assert arrive(world, sent).status == "active"


def test_makes_a_new_person_after_the_account_was_deleted(world) -> None:
    private = key()
    first = arrive(world, token(private, "1"))
    users.delete(user_id=first.id, by=world.system, now=now() + timedelta(seconds=1))
    second = arrive(world, token(private, "2"))
    assert second.id != first.id
    assert second.public_id != first.public_id


def test_needs_a_challenge_that_is_something(world) -> None:
    private = key()
    sent = dataclasses.replace(token(private, ""), challenge="")
    assert (
        "challenge"
        not in wallet_jwt.verify(sent.token, private.public, now=int(now().timestamp())).body
    )
    with pytest.raises(SignInRefused):
        arrive(world, sent)


@pytest.mark.parametrize(
    "claims",
    [
        {"action": "responseAuth"},
        {"url": "https://elsewhere.example/auth"},
        {"appInfo": {"name": "Elsewhere"}},
        {"requestedClaims": [{"type": "profile"}]},
        {"origin": "https://elsewhere.example"},
        {"aud": "zNKelsewhere"},
        {"aud": [AUDIENCE]},
        {"appPid": "zNKelsewhere"},
    ],
)
def test_takes_no_answer_that_was_made_for_another_site(world, claims) -> None:
    private = key()
    text = signed(private, {"challenge": "c", **claims})
    with pytest.raises(SignInRefused):
        arrive(world, token(private, token=text))


def test_takes_a_token_that_names_this_application(world) -> None:
    private = key()
    text = signed(private, {"challenge": "c", "aud": AUDIENCE, "appPid": f"did:abt:{AUDIENCE}"})
    assert arrive(world, token(private, token=text)).status == "active"


def test_takes_a_token_in_one_scope_alone(world) -> None:
    other = cast.world("other")
    with current.in_scope(other.scope.id):
        scopes.change_settings(changes={"sign_up": True}, by=other.system, now=now())
    sent = token(key())
    arrive(other, sent)
    with pytest.raises(SignInRefused):
        arrive(world, sent)
