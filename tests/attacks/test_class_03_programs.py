"""Class 3 of the known attacks: a program's token is taken for a person's, or for another use.

RFC 9700 §4.15: whoever can choose what a program is called makes a server believe that a user
calls. Here a key has the very id of a user, a refresh token is shown where access is looked for,
and a key's token where a person's belongs.
"""

from typing import Any

import pytest

from identity.api.v1.table import TABLE
from identity.services import api_key_secrets, api_keys
from identity.services.api_keys import Holder
from sessions_app.services.machine_sessions import Pair
from tests import cast, programs
from tests.attacks.tokens import Target
from tests.faces.v1.client import Bearer, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def target() -> Target:
    return Target.new()


def pair_of(target: Target, **more: Any) -> Pair:
    return programs.make(target.world.system, "users:list", **more).begin()


def test_a_key_with_a_users_id_is_not_that_user(target: Target) -> None:
    victim = target.held.session.user
    secret = api_key_secrets.new_hex_secret()
    api_keys.create(
        key_id=victim.public_id,
        name="mallory",
        credential=api_key_secrets.shared(secret),
        words=("users:list",),
        called=str(victim.public_id),
        holder=Holder(user_id=victim.id),
        by=target.world.system,
        now=target.held.session.created_at,
    )
    told = target.introspect(programs.begun(str(victim.public_id)).access).json()
    assert told["active"]
    assert told["sub"] not in {str(victim.public_id), str(victim.id), victim.username}
    assert not {"username", "role", "auth_time"} & set(told)
    of_victim = target.introspect(target.held.access).json()
    assert of_victim["sub"] == str(victim.public_id)
    assert not {"scope", "solutions", "contexts"} & set(of_victim)


def test_a_refresh_token_is_no_access_anywhere(target: Target) -> None:
    pair = pair_of(target)
    assert target.introspect(pair.refresh).json() == {"active": False}
    problem(target.ask(pair.refresh), 401, "unauthenticated")
    problem(target.renew(pair.refresh), 401, "token.refused")
    problem(target.renew(pair.access), 401, "token.refused")


def test_no_token_of_a_program_is_a_persons(target: Target) -> None:
    pair = pair_of(target, holder=Holder(user_id=target.held.session.user_id))
    program = Bearer.of(pair.access, target.world.scope.slug)
    assert program.get("/users").status_code == 200
    own = [each for each in TABLE.routes if each.permission == "self" and not each.placeholders]
    assert own
    for each in own:
        body: Any = None if each.body is None else {}
        problem(program.send(each.method, each.path, body), 403, "forbidden")


def test_of_another_scope_nothing_is_told_and_nothing_ends(target: Target) -> None:
    other = cast.world()
    pair = programs.make(other.system, "users:list").begin()
    for token in (pair.access, pair.refresh):
        assert target.introspect(token).json() == {"active": False}
        assert target.revoke(token).json() == {}
    assert programs.asking(pair).session_id == pair.session_id
