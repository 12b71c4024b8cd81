"""Class 10 of the known attacks: two spellings of an e-mail address that one part takes for one.

Seen in Auth.js as GHSA-7rqj (a look-alike `@` became a real one behind the check) and in
social-app-django as issue 151 (case). There is one function that makes the form that is compared,
stored and written to; here is its table.
"""

from datetime import UTC, datetime

import pytest

from accounts.errors import NameTaken
from accounts.models import User
from accounts.services import mail_addresses, profiles
from accounts.services.profiles import Newcomer
from identity.errors import Invalid
from tests import cast

ONE = {
    "alice@example.com": "alice@example.com",
    "  alice@example.com\n": "alice@example.com",
    "Alice@Example.COM": "alice@example.com",
    "ALICE+tag@example.com": "alice+tag@example.com",
    "a.l.i.c.e@example.com": "a.l.i.c.e@example.com",
    "\uff41lice@example.com": "alice@example.com",
    "alice@\uff45xample.com": "alice@example.com",
    "alice@b\u00fccher.example": "alice@xn--bcher-kva.example",
    "alice@bu\u0308cher.example": "alice@xn--bcher-kva.example",
    "alice@B\u00dcCHER.example": "alice@xn--bcher-kva.example",
    "alice@xn--bcher-kva.example": "alice@xn--bcher-kva.example",
    "alice@stra\u00dfe.example": "alice@xn--strae-oqa.example",
    "alice@strasse.example": "alice@strasse.example",
    # A Cyrillic a is another letter: another domain, whatever it looks like.
    "alice@ex\u0430mple.com": "alice@xn--exmple-4nf.com",
}


@pytest.mark.parametrize(("given", "expected"), ONE.items())
def test_each_address_has_one_form(given: str, expected: str) -> None:
    assert mail_addresses.normal(given) == expected
    assert mail_addresses.normal(expected) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice\uff20example.com",
        "alice\ufe6bexample.com",
        "alice@evil.example\uff20example.com",
        "alice@example.com@evil.example",
        '"alice@evil.example"@example.com',
        "alice@example\uff0ecom",
        "alice@example\u2024com",
        "alice@example\u3002com",
        "alice@example.com,bob@evil.example",
        "alice@example.com\nBcc: bob@evil.example",
        "alice@example.com\0",
        "alice\u200b@example.com",
        "al\u202eice@example.com",
        "alice@exam\u00adple.com\u202e",
        "alice@[192.0.2.1]",
        "alice@localhost_",
        "alice@-example.com",
        "alice@exam ple.com",
        "alic\u0435@example.com",
        "\ud800@example.com",
        "Alice <alice@example.com>",
        "a" * 65 + "@example.com",
        "alice@" + "a" * 250 + ".com",
        "alice@xn--zzzz999999.example",
    ],
)
def test_what_could_be_read_two_ways_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        mail_addresses.normal(given)


@pytest.mark.django_db
class TestHolders:
    """Whose an address is: who proved it, not who wrote it down."""

    @pytest.fixture
    def world(self) -> cast.World:
        return cast.world()

    def person(self, world: cast.World, name: str, *, email: str = "") -> User:
        newcomer = Newcomer(username=name, email=email, source="wallet")
        return profiles.join(newcomer, key=None, now=datetime.now(UTC))

    def test_what_somebody_wrote_into_a_profile_proves_nothing(self, world: cast.World) -> None:
        with cast.in_scope(world):
            self.person(world, "eve", email="alice@example.com")
            assert mail_addresses.holder_of("alice@example.com") is None

    def test_what_a_provider_said_of_its_user_opens_nothing_by_mail(
        self, world: cast.World
    ) -> None:
        newcomer = Newcomer(
            username="lying-provider:1",
            email="alice@example.com",
            is_email_verified=True,
            source="oidc",
        )
        with cast.in_scope(world):
            profiles.join(newcomer, key=None, now=datetime.now(UTC))
            assert mail_addresses.holder_of("alice@example.com") is None
            alice = self.person(world, "alice")
            mail_addresses.verify(
                user_id=alice.id,
                address="alice@example.com",
                by=world.system,
                now=datetime.now(UTC),
            )
            assert mail_addresses.holder_of("alice@example.com") == alice

    def test_the_proof_makes_the_holder(self, world: cast.World) -> None:
        now = datetime.now(UTC)
        with cast.in_scope(world):
            self.person(world, "eve", email="alice@example.com")
            alice = self.person(world, "alice")
            mail_addresses.verify(
                user_id=alice.id, address="alice@example.com", by=world.system, now=now
            )
            assert mail_addresses.holder_of("alice@example.com") == alice
            assert mail_addresses.verified_of(alice.id) == "alice@example.com"

    def test_an_address_is_verified_for_one(self, world: cast.World) -> None:
        now = datetime.now(UTC)
        with cast.in_scope(world):
            alice, bob = self.person(world, "alice"), self.person(world, "bob")
            for user, expected in ((alice, None), (bob, NameTaken), (alice, None)):
                given = {"user_id": user.id, "address": "a@example.com"}
                if expected is None:
                    mail_addresses.verify(**given, by=world.system, now=now)  # type: ignore[arg-type]
                    continue
                with pytest.raises(expected):
                    mail_addresses.verify(**given, by=world.system, now=now)  # type: ignore[arg-type]

    def test_another_accounts_user_name_can_t_be_verified(self, world: cast.World) -> None:
        with cast.in_scope(world):
            self.person(world, "carol@b\u00fccher.example")
            eve = self.person(world, "eve")
            assert mail_addresses.holder_of("carol@xn--bcher-kva.example") is not None
            with pytest.raises(NameTaken):
                mail_addresses.verify(
                    user_id=eve.id,
                    address="carol@xn--bcher-kva.example",
                    by=world.system,
                    now=datetime.now(UTC),
                )
