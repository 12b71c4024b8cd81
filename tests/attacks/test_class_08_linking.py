"""Class 8 of the known attacks: an account is taken over by one elsewhere that looks alike.

Seen in social-auth-app-django as CVE-2025-61783, in Keycloak as CVE-2026-9087, in Casdoor as
CVE-2026-9092. Issuer and subject are the user; an address, a name and a user name are nobody.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import errors
from accounts.models import ExternalIdentity, Profile, User
from accounts.services import external_identities, mail_addresses, profiles, vouched
from accounts.services.external_identities import Proven
from identity import ids
from identity.actor import Actor, ActorKind
from identity.services import scopes
from sessions_app.models import Session
from sessions_app.services import passkey_ceremonies
from tests import cast
from tests.authenticator import Authenticator
from tests.stand_in import StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db

VICTIM = "victim@example.test"
NOW = datetime.now(UTC).replace(microsecond=0)


VICTIM = "victim@example.test"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in)
    return made


def who(world: cast.World, stand_in: StandIn, **claims: Any) -> User:
    """Whom a browser is that signs in with these claims."""
    stand_in.claims = {"name": "Somebody", **claims}
    answer = Visitor(world).through(stand_in)
    assert answer.status_code == 302, answer.content
    with cast.in_scope(world):
        return Session.objects.select_related("user").latest("created_at").user


def test_an_equal_address_is_another_person(world: cast.World, stand_in: StandIn) -> None:
    member = world.member("victim")
    assert member.user.username == VICTIM
    found = who(world, stand_in, sub="x", email=VICTIM, email_verified=True)
    assert found.id != member.user.id
    with cast.in_scope(world):
        assert not ExternalIdentity.objects.filter(user=member.user).exists()
        # The address opens the member's account by mail: it becomes nobody else's.
        assert not Profile.objects.get(user=found).is_email_verified
        assert User.objects.get(id=found.id).email == ""


def test_who_came_first_gains_nothing(world: cast.World, stand_in: StandIn) -> None:
    attacker = who(world, stand_in, sub="attacker", email=VICTIM, email_verified=False)
    victim = who(world, stand_in, sub="victim", email=VICTIM, email_verified=True)
    assert attacker.id != victim.id
    with cast.in_scope(world):
        assert not Profile.objects.get(user=attacker).is_email_verified
        assert Profile.objects.get(user=victim).is_email_verified


def test_claims_that_change_move_nobody(world: cast.World, stand_in: StandIn) -> None:
    alice = who(world, stand_in, sub="1", email="alice@example.test", email_verified=True)
    bob = who(world, stand_in, sub="2", email="bob@example.test", email_verified=True)
    renamed = who(
        world,
        stand_in,
        sub="2",
        email="alice@example.test",
        email_verified=True,
        preferred_username="alice",
        upn="alice@example.test",
        name="Alice",
    )
    assert renamed.id == bob.id != alice.id
    with cast.in_scope(world):
        assert Profile.objects.get(user=bob).email == "bob@example.test"


@pytest.mark.parametrize(
    "alike", ["Alice", "ALICE", "\uff41lice", "\u0430lice", "alice ", "alice\u200b", "alic\u00e9"]
)
def test_a_subject_is_compared_as_it_is(world: cast.World, stand_in: StandIn, alike: str) -> None:
    alice = who(world, stand_in, sub="alice")
    stand_in.claims = {"sub": alike}
    answer = Visitor(world).through(stand_in)
    with cast.in_scope(world):
        mine = Session.objects.filter(user=alice)
        # Another person, or refused as no subject at all; never alice.
        assert mine.count() == 1
    assert answer.status_code in {302, 422}


@pytest.mark.parametrize("said", ["true", 1, "yes", None, [True], {"is": True}])
def test_only_true_is_true(world: cast.World, stand_in: StandIn, said: Any) -> None:
    found = who(world, stand_in, sub="x", email="new@example.test", email_verified=said)
    with cast.in_scope(world):
        assert not Profile.objects.get(user=found).is_email_verified


def test_the_same_subject_of_another_issuer_is_another_person(
    world: cast.World, stand_in: StandIn
) -> None:
    alice = who(world, stand_in, sub="alice")
    with StandIn() as other:
        house(world, other, slug="other")
        other.claims = {"sub": "alice"}
        assert Visitor(world).through(other, "other").status_code == 302
    with cast.in_scope(world):
        assert Session.objects.latest("created_at").user_id != alice.id


def test_the_same_account_in_another_scope_is_another_person(
    world: cast.World, stand_in: StandIn
) -> None:
    alice = who(world, stand_in, sub="alice")
    other = cast.world(governance=False, sign_up=True)
    house(other, stand_in)
    assert who(other, stand_in, sub="alice").id != alice.id


class TestLinking:
    """Only who is signed in links, having proven both just now."""

    def begun(self, world: cast.World, stand_in: StandIn) -> Visitor:
        stand_in.claims = {"sub": "first"}
        visitor = Visitor(world)
        assert visitor.through(stand_in).status_code == 302
        return visitor

    def linked(self, visitor: Visitor, other: StandIn) -> Any:
        page = visitor.post("/login/link/other")
        assert page.status_code == 200, page.content
        address = page.content.decode().partition("0;url=")[2].partition('"')[0]
        return visitor.follow(other.authorize(address.replace("&amp;", "&")))

    def test_two_accounts_are_one_person_then(self, world: cast.World, stand_in: StandIn) -> None:
        visitor = self.begun(world, stand_in)
        with StandIn() as other:
            house(world, other, slug="other")
            other.claims = {"sub": "second"}
            assert self.linked(visitor, other).status_code == 302
            assert Visitor(world).through(other, "other").status_code == 302
        with cast.in_scope(world):
            assert User.objects.count() == 1
            assert ExternalIdentity.objects.count() == 2

    def test_needs_a_fresh_proof(self, world: cast.World, stand_in: StandIn) -> None:
        visitor = self.begun(world, stand_in)
        with StandIn() as other:
            house(world, other, slug="other")
            with cast.in_scope(world):
                Session.objects.update(authenticated_at=NOW - timedelta(minutes=6))
            answer = visitor.post("/login/link/other")
            assert answer.status_code == 403
            assert "0;url=" not in answer.content.decode()

    def test_needs_the_form_of_the_page(self, world: cast.World, stand_in: StandIn) -> None:
        visitor = self.begun(world, stand_in)
        with StandIn() as other:
            house(world, other, slug="other")
            address = f"{visitor.base}/login/link/other"
            assert visitor.client.post(address).status_code == 403
            assert visitor.client.get(address).status_code == 405

    def test_the_session_that_began_must_finish(self, world: cast.World, stand_in: StandIn) -> None:
        visitor = self.begun(world, stand_in)
        with StandIn() as other:
            house(world, other, slug="other")
            other.claims = {"sub": "second"}
            page = visitor.post("/login/link/other").content.decode()
            address = page.partition("0;url=")[2].partition('"')[0].replace("&amp;", "&")
            stand_in.claims = {"sub": "somebody else"}
            assert visitor.through(stand_in).status_code == 302
            answer = visitor.follow(other.authorize(address))
            assert answer.status_code == 401
        with cast.in_scope(world):
            assert not ExternalIdentity.objects.filter(subject="second").exists()

    def test_an_account_that_is_taken_stays_where_it_is(
        self, world: cast.World, stand_in: StandIn
    ) -> None:
        owner = who(world, stand_in, sub="second")
        visitor = self.begun(world, stand_in)
        with cast.in_scope(world):
            user = ExternalIdentity.objects.get(subject="first").user
            by = Actor(ActorKind.SESSION, world.scope.id, user_id=user.id)
            with pytest.raises(errors.IdentityTaken):
                external_identities.link(
                    user_id=user.id,
                    proven=Proven("house", stand_in.issuer, "second"),
                    by=by,
                    now=NOW,
                )
            assert ExternalIdentity.objects.get(subject="second").user_id == owner.id
        assert visitor.get().status_code == 200

    def test_the_last_way_in_stays(self, world: cast.World, stand_in: StandIn) -> None:
        visitor = self.begun(world, stand_in)
        with cast.in_scope(world):
            identity = ExternalIdentity.objects.get(subject="first")
        answer = visitor.post("/login/unlink", identity=str(identity.id))
        assert answer.status_code == 409
        with cast.in_scope(world):
            assert ExternalIdentity.objects.filter(id=identity.id).exists()


def test_a_name_that_looks_like_an_address_is_no_mailbox(world: cast.World) -> None:
    """Somebody joins under the address of another, who later signs in by mail."""
    now, device = datetime.now(UTC), Authenticator()
    with cast.in_scope(world):
        scopes.change_settings(changes={"passkey_sign_up": True}, by=world.system, now=now)
        begun = passkey_ceremonies.begin_newcomer(name=VICTIM, display_name="", now=now)
        thief = passkey_ceremonies.complete_newcomer(
            challenge_id=begun.challenge_id,
            name=VICTIM,
            display_name="",
            credential=device.create(begun.options),
            now=now,
        )
        vouched.register(
            name="vouched@example.test",
            display_name="",
            developer_key_id=ids.new(),
            address="",
            now=now,
        )
        assert mail_addresses.named(VICTIM) == thief.user
        assert mail_addresses.holder_of(VICTIM) is None
        assert mail_addresses.holder_of("vouched@example.test") is None
        # Who proves it has it, also against who took the name.
        alice = world.member("alice").user
        profiles.ensure(user_id=alice.id, by=world.system, now=now)
        mail_addresses.verify(user_id=alice.id, address=VICTIM, by=world.system, now=now)
