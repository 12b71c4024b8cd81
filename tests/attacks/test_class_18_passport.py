"""Class 18 of the known attacks: a disabled thing still works, at the face `passport`.

Seen as CVE-2025-14559, CVE-2026-1486 and others in Keycloak, CVE-2025-53942 in authentik. Whatever
stands behind a proof is switched off, and the very headers that worked a moment ago are refused at
the next request: those of a session and those with a developer's word, for every method of an
account.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from accounts.services import users
from identity.models import DeveloperKey, Scope
from identity.services import developer_keys, scopes
from sessions_app.models import Session
from sessions_app.services import sessions
from tests import cast
from tests.faces.passport import people
from tests.faces.passport.client import ZERO, Answer, Client, Developer

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "alice"
CALLS: tuple[tuple[str, list[str]], ...] = (("eth_accounts", []), ("personal_sign", ["hi", ZERO]))
Switch = Callable[[cast.World], None]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    people.welcome(world)
    return world


def by_session(world: cast.World) -> Client:
    person = people.registered(world, NAME)
    return replace(person.client, proof=person.enter())


def by_word(world: cast.World) -> Client:
    developer, client = Developer(), Client(world)
    developer_keys.add(name="Ours", public_key=developer.spki, by=world.system, now=now())
    sealed = client.seal_json({"username": NAME})
    credential = {"KeySignature": client.seal_json(developer.assertion(sealed))}
    params = {"encrypted_user": sealed, "encrypted_credential": credential}
    assert client.call("delegatedRegistration", params).result
    return replace(client, proof=developer.vouch(client, NAME))


def changed(**values: object) -> Switch:
    def switch(world: cast.World) -> None:
        with cast.in_scope(world):
            assert User.objects.filter(username=NAME).update(**values) == 1

    return switch


def deleted(world: cast.World) -> None:
    with cast.in_scope(world):
        user = User.objects.get(username=NAME)
        users.delete(user_id=user.id, by=world.system, now=now())


def suspended(world: cast.World) -> None:
    scopes.suspend(by=world.system, now=now())


def ended(world: cast.World) -> None:
    with cast.in_scope(world):
        session_id = Session.objects.get().id
    sessions.end(session_id=session_id, reason="by staff", by=world.system, now=now())


def revoked(world: cast.World) -> None:
    with cast.in_scope(world):
        key_id = DeveloperKey.objects.get().id
    developer_keys.revoke(key_id=key_id, by=world.system, now=now())


OF_USERS: dict[str, Switch] = {
    "disabled": changed(status="disabled"),
    "expired": changed(expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "from another network": changed(networks=["198.51.100.0/24"]),
    "a program": changed(kind="program"),
    "deleted": deleted,
    "of a suspended scope": suspended,
}
CASES = [
    *((name, by_session, switch) for name, switch in OF_USERS.items() if name != "a program"),
    ("ended", by_session, ended),
    *((name, by_word, switch) for name, switch in OF_USERS.items()),
    ("revoked", by_word, revoked),
]


@pytest.mark.parametrize(
    ("proof", "switch"),
    [case[1:] for case in CASES],
    ids=[f"{case[1].__name__} {case[0]}" for case in CASES],
)
def test_is_refused_at_the_next_request(
    world: cast.World, proof: Callable[[cast.World], Client], switch: Switch
) -> None:
    client = proof(world)
    for method, params in CALLS:
        assert client.call(method, params).result
    switch(world)
    for method, params in CALLS:
        refused(client.call(method, params))


def refused(answer: Answer) -> None:
    # A word for somebody who is gone is a word for nobody, which the key's holder is told.
    assert answer.error["data"] in {"unauthenticated", "account.unknown", "scope.not-active"}


@pytest.mark.parametrize("switch", [*OF_USERS.values()], ids=list(OF_USERS))
def test_nobody_signs_in_who_is_out(world: cast.World, switch: Switch) -> None:
    person = people.registered(world, NAME)
    challenge_id, options, sealed = person.begin("initiateAuthentication")
    given = person.device.get(options)
    switch(world)
    answer = person.complete("completeAuthentication", challenge_id, given, sealed)
    assert answer.error["data"] in {"sign-in.refused", "scope.not-active"}
    with cast.in_scope(world):
        assert not Session.objects.exists()


def test_a_late_session_is_refused(world: cast.World) -> None:
    client = by_session(world)
    with cast.in_scope(world):
        assert Scope.objects.get().status == "active"
        ends = Session.objects.get().expires_at
    for method, params in CALLS:
        refused(client.call(method, params, now=ends + timedelta(seconds=1)))
