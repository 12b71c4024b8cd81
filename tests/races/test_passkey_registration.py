"""A name is joined under once at the face `passport`, however many passkeys come at one moment."""

import pytest

from accounts.models import ManagedKey, Passkey, User
from tests import cast
from tests.faces.passport import people
from tests.faces.passport.client import Client
from tests.faces.passport.people import Person
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def test_fifty_registrations_of_one_name_are_one_user() -> None:
    world = cast.world()
    people.welcome(world)
    begun = []
    for _ in range(THREADS):
        person = Person(Client(world))
        challenge_id, options, sealed = person.begin("initiateRegistration")
        begun.append((person, challenge_id, person.device.create(options), sealed))

    def complete(number: int) -> str:
        person, challenge_id, given, sealed = begun[number]
        body = person.complete("completeRegistration", challenge_id, given, sealed).body
        return "done" if "result" in body else str(body["error"]["data"])

    ends = together.run(complete, count=THREADS)
    assert sorted(ends) == ["done"] + ["registration.duplicate"] * (THREADS - 1)
    with cast.in_scope(world):
        assert [model.objects.count() for model in (User, Passkey, ManagedKey)] == [1, 1, 1]


def test_fifty_answers_to_one_challenge_are_one_session() -> None:
    world = cast.world()
    people.welcome(world)
    alice = people.registered(world)
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    given = alice.device.get(options)

    def complete(_: int) -> str:
        body = alice.complete("completeAuthentication", challenge_id, given, sealed).body
        return "done" if "result" in body else str(body["error"]["data"])

    ends = together.run(complete, count=THREADS)
    assert sorted(ends) == ["challenge.refused"] * (THREADS - 1) + ["done"]
