"""Who gets what: every method with every scope word, and with each permission alone."""

from typing import Any

import pytest

from identity import permissions
from identity.api.bridge import scope_words
from identity.api.bridge.methods import METHODS
from identity.api.bridge.scope_words import GROUPS
from identity.limits import NONE
from tests import cast, programs
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import auth, basic, bearer

OPEN = {
    "versions",
    "manager/auth",
    "manager/createFirstApiKey",
    "manager/bindAccessToken",
}
ANY_PROGRAM = {"manager/subscribeToChannel", "manager/unsubscribeFromChannel"}
WORD = {
    "apiKey": {f"manager/{act}ApiKey" for act in ("create", "get", "update", "delete")}
    | {"manager/listApiKeys"},
    "solution": {f"solution/{act}Solution" for act in ("create", "get", "update", "delete")}
    | {"solution/listSolutions"},
    "context": {f"context/{act}Context" for act in ("create", "get", "update", "delete")}
    | {
        *("context/listContexts", "context/listContextsOfSolution"),
        *("context/addSolutionToContext", "context/removeSolutionFromContext"),
        *("context/addUserToContext", "context/removeUserFromContext"),
        *("context/removeUserFromContextByPubKey", "context/getUserFromContext"),
        *("context/getUserFromContextByPubKey", "context/listUsersFromContext"),
        "context/setUserAcl",
    },
}
KEY = clients.new_key()
PAGE = {"skip": 0, "limit": 1, "sortOrder": "asc"}
PARAMS: dict[str, dict[str, Any]] = {
    "manager/createApiKey": {"name": "x", "scope": []},
    "manager/getApiKey": {"id": "x"},
    "manager/updateApiKey": {"id": "x"},
    "manager/deleteApiKey": {"id": "x"},
    "manager/listApiKeys": {},
    "solution/createSolution": {"name": "x"},
    "solution/getSolution": {"id": "x"},
    "solution/updateSolution": {"id": "x", "name": "x"},
    "solution/deleteSolution": {"id": "x"},
    "solution/listSolutions": {},
    "context/createContext": {"solution": "x", "name": "", "description": "", "scope": "private"},
    "context/getContext": {"contextId": "x"},
    "context/updateContext": {"contextId": "x"},
    "context/deleteContext": {"contextId": "x"},
    "context/listContexts": PAGE,
    "context/listContextsOfSolution": {**PAGE, "solutionId": "x"},
    "context/addSolutionToContext": {"contextId": "x", "solutionId": "x"},
    "context/removeSolutionFromContext": {"contextId": "x", "solutionId": "x"},
    "context/addUserToContext": {"contextId": "x", "userId": "x", "userPubKey": KEY},
    "context/removeUserFromContext": {"contextId": "x", "userId": "x"},
    "context/removeUserFromContextByPubKey": {"contextId": "x", "userPubKey": KEY},
    "context/getUserFromContext": {"contextId": "x", "userId": "x"},
    "context/getUserFromContextByPubKey": {"contextId": "x", "pubKey": KEY},
    "context/listUsersFromContext": {**PAGE, "contextId": "x"},
    "context/setUserAcl": {"contextId": "x", "userId": "x", "acl": "ALLOW ALL"},
}
OF_PROGRAMS = sorted(PARAMS)
every_method = pytest.mark.parametrize("method", OF_PROGRAMS)


def word_of(method: str) -> str:
    return next(word for word, methods in WORD.items() if method in methods)


def test_every_method_is_in_the_table() -> None:
    assert set(METHODS) == OPEN | ANY_PROGRAM | set().union(*WORD.values())
    assert set(PARAMS) == set().union(*WORD.values())
    for name, method in METHODS.items():
        assert method.is_of_programs is (name not in OPEN)
        assert method.word == (word_of(name) if name in PARAMS else "")
        assert (method.permission in permissions.ALL) is (name in PARAMS)
        assert not method.word or method.permission in GROUPS[method.word]


def test_the_words_are_those_of_the_protocol_and_share_nothing() -> None:
    assert set(GROUPS) == {
        *("apiKey", "solution", "context", "thread", "store", "inbox", "stream", "kvdb"),
    }
    held = [word for words in GROUPS.values() for word in words]
    assert len(held) == len(set(held))


@every_method
def test_takes_its_own_word_and_no_other(world: cast.World, method: str) -> None:
    """With every other word together the one that is missing is told; with it alone it goes on."""
    own = word_of(method)
    without = clients.program(world.system, *(word for word in GROUPS if word != own))
    alone = clients.program(world.system, own)
    for key, is_let_in in ((without, False), (alone, True)):
        token = auth(key).result["accessToken"]
        for authorization in (bearer(token), basic(key.row.key_id, key.secret)):
            answer = clients.call(method, PARAMS[method], authorization=authorization)
            is_refused = answer.body.get("error", {}).get("code") == 0x612E
            assert is_refused is not is_let_in, (method, authorization[:6])
            if is_refused:
                assert answer.data == own


@every_method
def test_takes_its_own_permission_and_no_other_of_its_word(world: cast.World, method: str) -> None:
    """One model for all faces: a key with a part of a word may call what that part allows."""
    needed = METHODS[method].permission
    rest = GROUPS[word_of(method)] - {needed}
    for held, is_let_in in (({needed}, True), (rest, False)):
        key = programs.make(world.system, *sorted(held))
        authorization = basic(key.row.key_id, key.secret)
        answer = clients.call(method, PARAMS[method], authorization=authorization)
        assert (answer.body.get("error", {}).get("code") != 0x612E) is is_let_in, (method, held)


@pytest.mark.parametrize("word", sorted(GROUPS))
def test_a_word_is_all_of_its_permissions(word: str) -> None:
    held = GROUPS[word]
    assert word in scope_words.of(held, NONE)
    for missing in held:
        assert word not in scope_words.of(held - {missing}, NONE)


@pytest.mark.parametrize("method", sorted(set(METHODS) - OPEN))
def test_nobody_is_let_in_without_a_proof(world: cast.World, method: str) -> None:
    for params in (PARAMS.get(method, {}), {"x": 1}, None):
        assert clients.call(method, params).error["code"] == 0x612F


@pytest.mark.parametrize("method", sorted(OPEN))
def test_what_is_open_needs_no_proof(world: cast.World, method: str) -> None:
    assert clients.call(method, {}).body.get("error", {}).get("code") != 0x612F
