"""A credential, a name and a challenge are good once, however many come at the same moment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.errors import NameTaken, PasskeyTaken
from accounts.models import Passkey, User
from identity.services import scopes
from sessions_app.errors import ChallengeRefused, SignInRefused
from sessions_app.services import passkey_ceremonies as ceremonies
from sessions_app.services import passkey_proofs
from tests import cast
from tests.authenticator import Authenticator
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    with cast.in_scope(world):
        scopes.change_settings(changes={"passkey_sign_up": True}, by=world.system, now=now())
    return world


def registered(world: cast.World, user: User, device: Authenticator) -> Passkey:
    begun = ceremonies.begin_registration(user=user, by=world.system, now=now())
    return completed(world, user, begun, device.create(begun.options))


def completed(world: cast.World, user: User, begun: Any, answer: Any) -> Passkey:
    return ceremonies.complete_registration(
        challenge_id=begun.challenge_id,
        user=user,
        credential=answer,
        name="Key",
        by=world.system,
        now=now(),
    )


def only(ends: list[Any], kind: type[Exception]) -> Any:
    """The one end that is no refusal of this kind."""
    [one] = [end for end in ends if not isinstance(end, kind)]
    return one


def test_fifty_registrations_of_one_credential_are_one_passkey(world: cast.World) -> None:
    user, device = world.member("alice").user, Authenticator()
    with cast.in_scope(world):
        # One credential, and a challenge for each registration of it.
        begun = [
            ceremonies.begin_registration(user=user, by=world.system, now=now())
            for _ in range(THREADS)
        ]
        device.create(begun[0].options)
        answers = [device.attest(device.credentials[0], one.options) for one in begun]
    ends = together.run(
        lambda number: completed(world, user, begun[number], answers[number]), count=THREADS
    )
    assert isinstance(only(ends, PasskeyTaken), Passkey)
    with cast.in_scope(world):
        assert Passkey.objects.count() == 1


def test_one_challenge_adds_one_passkey(world: cast.World) -> None:
    user, device = world.member("alice").user, Authenticator()
    with cast.in_scope(world):
        begun = ceremonies.begin_registration(user=user, by=world.system, now=now())
    answers = [device.create(begun.options) for _ in range(THREADS)]
    ends = together.run(
        lambda number: completed(world, user, begun, answers[number]), count=THREADS
    )
    assert isinstance(only(ends, ChallengeRefused), Passkey)


def test_fifty_newcomers_of_one_name_are_one_user(world: cast.World) -> None:
    def join(_: int) -> ceremonies.Joined:
        with cast.in_scope(world):
            begun = ceremonies.begin_newcomer(name="dora", display_name="", now=now())
            return ceremonies.complete_newcomer(
                challenge_id=begun.challenge_id,
                name="dora",
                display_name="",
                credential=Authenticator().create(begun.options),
                now=now(),
            )

    joined = only(together.run(join, count=THREADS), NameTaken)
    with cast.in_scope(world):
        assert [user.id for user in User.objects.all()] == [joined.user.id]
        assert [row.id for row in Passkey.objects.all()] == [joined.passkey.id]


def test_one_assertion_is_taken_once(world: cast.World) -> None:
    user, device = world.member("alice").user, Authenticator()
    with cast.in_scope(world):
        row = registered(world, user, device)
        begun = ceremonies.begin_authentication(name=None, now=now())
    answer = device.get(begun.options)

    def prove(_: int) -> Passkey:
        with cast.in_scope(world):
            proven = ceremonies.complete_authentication(
                challenge_id=begun.challenge_id, name=None, credential=answer, now=now()
            )
            return passkey_proofs.noted(proven, now=now())

    assert only(together.run(prove, count=THREADS), ChallengeRefused).id == row.id


def test_two_answers_with_one_count_are_one_sign_in_and_an_alarm(world: cast.World) -> None:
    user, device = world.member("alice").user, Authenticator()
    answers = []
    with cast.in_scope(world):
        registered(world, user, device)
        for _ in range(2):
            begun = ceremonies.begin_authentication(name=None, now=now())
            device.credentials[0].counter = 6
            answers.append((begun.challenge_id, device.get(begun.options)))

    def prove(number: int) -> Passkey:
        challenge_id, answer = answers[number]
        with cast.in_scope(world):
            proven = ceremonies.complete_authentication(
                challenge_id=challenge_id, name=None, credential=answer, now=now()
            )
            return passkey_proofs.noted(proven, now=now())

    assert only(together.run(prove, count=2), SignInRefused).sign_count == 7
    with cast.in_scope(world):
        assert Passkey.objects.get().alarmed_at is not None


def test_first_passkeys_made_at_the_same_time_have_one_handle(world: cast.World) -> None:
    user = world.member("alice").user

    def register(_: int) -> Passkey:
        with cast.in_scope(world):
            return registered(world, user, Authenticator())

    ends = together.run(register, count=8)
    assert all(isinstance(end, Passkey) for end in ends), ends
    assert len({end.handle for end in ends}) == 1
    with cast.in_scope(world):
        assert Passkey.objects.count() == 8
