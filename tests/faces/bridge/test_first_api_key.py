"""`manager/createFirstApiKey`: the way in for whoever set the server up, once for each scope."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from identity.api.bridge.methods.manager import FIRST
from identity.models import ApiKey
from identity.services import api_keys
from tests import cast, programs
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Answer, basic, public_pem

WORD = "an-initialization-token-of-the-deployment"
EXISTS = {"code": 0x613E, "message": "First api key already exists", "data": None}
WRONG = {"code": 0x613F, "message": "Initialization token missmatch", "data": None}


@pytest.fixture(autouse=True)
def _word(settings: Any) -> None:
    settings.BRIDGE_INITIALIZATION_TOKEN = WORD


def first(
    world: cast.World, token: str = WORD, *, now: datetime | None = None, **more: Any
) -> Answer:
    params = {"initializationToken": token, "name": "first", **more}
    return clients.call("manager/createFirstApiKey", params, slug=world.scope.slug, now=now)


def test_the_first_key_may_do_everything_there_is_here(world: cast.World) -> None:
    told = first(world).result
    header = basic(told["id"], told["secret"])
    (key,) = clients.call("manager/listApiKeys", authorization=header).result["list"]
    assert set(key["scope"]) == set(FIRST)
    assert (key["id"], key["name"]) == (told["id"], "first")
    wanted = ["solution:*", "context"]
    params = {
        "grantType": "api_key_credentials",
        "apiKeyId": told["id"],
        "apiKeySecret": told["secret"],
        "scope": wanted,
    }
    assert set(clients.call("manager/auth", params).result["scope"]) == set(wanted)


def test_there_is_one_first_key(world: cast.World) -> None:
    told = first(world).result
    assert first(world).error == EXISTS
    # Whoever has not the word hears it first, as elsewhere.
    assert first(world, "wrong").error == EXISTS
    with cast.in_scope(world):
        (row,) = ApiKey.objects.all()
    api_keys.revoke(key_id=row.id, by=world.system, now=datetime.now(UTC))
    assert first(world).error == EXISTS
    assert told["id"] == row.key_id


def test_a_scope_that_has_a_key_gets_no_first_one(world: cast.World) -> None:
    programs.make(world.system, "users:list")
    assert first(world).error == EXISTS


def test_each_scope_has_its_own(world: cast.World) -> None:
    other = cast.world()
    assert first(world).result["id"] != first(other).result["id"]


@pytest.mark.parametrize("token", ["wrong", WORD[:-1], WORD + "x", WORD.upper(), "ą"])
def test_nobody_else_gets_one(world: cast.World, token: str) -> None:
    assert first(world, token).error == WRONG


def test_there_is_none_where_the_deployment_has_no_word(world: cast.World, settings: Any) -> None:
    settings.BRIDGE_INITIALIZATION_TOKEN = ""
    for token in (WORD, "x"):
        assert first(world, token).error == WRONG
    answer = first(world, "")
    assert answer.data == "initializationToken -> Invalid length! Expected min 1, get 0"


def test_guesses_are_counted(world: cast.World) -> None:
    now = datetime.now(UTC)  # One window, however long the test takes.
    codes = {first(world, f"guess {number}", now=now).code for number in range(61)}
    assert codes == {0x613F, 429}
    assert first(world, now=now).code == 429


def test_it_may_be_a_key_that_signs(world: cast.World) -> None:
    private = Ed25519PrivateKey.generate()
    told = first(world, publicKey=public_pem(private), name="").result
    assert told["secret"] == ""
    body, stamp = clients.envelope("manager/listApiKeys", {}), clients.Stamped()
    header = stamp.header(told["id"], private.sign(stamp.data(body)))
    (key,) = clients.call("manager/listApiKeys", authorization=header).result["list"]
    assert key["publicKey"] == public_pem(private)


def test_of_many_at_once_one_is_made(world: cast.World) -> None:
    answers: list[Answer] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        try:
            answers.append(first(world))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    made = [each for each in answers if "result" in each.body]
    assert len(made) == 1
    assert all(each.error == EXISTS for each in answers if each not in made)
    with cast.in_scope(world):
        assert ApiKey.objects.count() == 1
