"""Two hundred wrong passwords at the same time, by every path: few are ever compared."""

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest
from django.db import connections

from accounts.backends import StaffBackend
from accounts.models import User
from accounts.services import hash_lane, passwords
from identity.errors import DomainError
from identity.sdk.keys import DeviceKeys
from invitations.models import Invitation
from invitations.services import account
from tests import acts, cast

GUESSES, THREADS = 200, 20
RIGHT = "correct horse battery"
MOST_OF_AN_INVITATION = 5

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    """A member of staff with a password, whom every path lets try."""
    member = world.member("alice", "super-admin", "workspace-owner")
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(
            password=passwords.make_verifier(RIGHT), is_staff=True
        )
    return member


@pytest.fixture
def compared(world: cast.World, alice: cast.Member, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hashes that the Argon2 library was really asked to verify for alice's account."""
    with cast.in_scope(world):
        verifier = User.objects.get(id=alice.user.id).password
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def observed(self: argon2.PasswordHasher, hashed: Any, password: Any) -> Any:
        seen.extend([str(password)] if str(hashed) in verifier else [])
        return verify(self, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", observed)
    # A lane as wide as the storm: what holds here is the counter, not the queue.
    wide = hash_lane.Lane(at_once=THREADS, waiting=GUESSES, patience=60)
    monkeypatch.setattr(hash_lane, "LANE", wide)
    return seen


def storm(guess: Callable[[int], str], count: int = GUESSES) -> list[str]:
    """The code of each refusal."""

    def run(number: int) -> str:
        try:
            return guess(number)
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(count)))


def change_password(world: cast.World, alice: cast.Member, number: int) -> str:
    by = acts.as_actor(alice)
    with cast.in_scope(world):
        account.change_password(
            old=f"wrong guess {number}",
            new="another password",
            by=by,
            now=acts.now(),
            evidence=acts.SIGNED,
        )
    return "accepted"


def sign_in_to_admin(world: cast.World, number: int) -> str:
    user = StaffBackend().authenticate(
        None,
        username="alice@example.test",
        password=f"wrong guess {number}",
        scope=world.scope.slug,
    )
    return "password.refused" if user is None else "accepted"


def authorize(world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys, number: int) -> str:
    acts.authorize(world, bundle, keys, password=f"wrong guess {number}")
    return "accepted"


def test_all_paths_share_one_counter(
    world: cast.World, alice: cast.Member, compared: list[str]
) -> None:
    bundle, keys = acts.invitation(world, "alice@example.test"), DeviceKeys.generate()
    paths: tuple[Callable[[int], str], ...] = (
        lambda number: change_password(world, alice, number),
        lambda number: sign_in_to_admin(world, number),
        lambda number: authorize(world, bundle, keys, number),
    )
    ends = storm(lambda number: paths[number % 3](number))
    assert set(ends) <= {"password.refused", "invitation.not-valid"}
    assert 0 < len(compared) <= passwords.MOST_WRONG
    with cast.in_scope(world):
        assert User.objects.get(id=alice.user.id).wrong_passwords <= passwords.MOST_WRONG


def test_an_invitation_lets_five_try(
    world: cast.World, alice: cast.Member, compared: list[str]
) -> None:
    bundle, keys = acts.invitation(world, "alice@example.test"), DeviceKeys.generate()
    ends = storm(lambda number: authorize(world, bundle, keys, number))
    assert set(ends) == {"password.refused", "invitation.not-valid"}
    assert ends.count("password.refused") == len(compared) == MOST_OF_AN_INVITATION
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "locked"
    # The right password comes too late now, for this invitation and whoever holds it.
    assert storm(lambda _: acts_with_right(world, bundle, keys), 1) == ["invitation.not-valid"]


def acts_with_right(world: cast.World, bundle: Mapping[str, Any], keys: DeviceKeys) -> str:
    acts.authorize(world, bundle, keys, password=RIGHT)
    return "accepted"


def test_wrong_secrets_lock_an_invitation(world: cast.World) -> None:
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    count = itertools.count()

    def guess(number: int) -> str:
        acts.authorize(world, bundle, keys, invite_string=f"inv_{next(count)}")
        return "accepted"

    assert set(storm(guess, 50)) == {"invitation.not-valid"}
    with cast.in_scope(world):
        invitation = Invitation.objects.get()
    assert (invitation.state, invitation.wrong_tries) == ("locked", MOST_OF_AN_INVITATION)
