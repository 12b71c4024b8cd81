"""Class 16 of the known attacks: delegated rights that grow, at the face `bridge`.

Seen as CVE-2026-9099, CVE-2026-3121 and CVE-2026-11986 in Keycloak. A model check: from one key,
everything that can be reached by making keys, changing keys and asking for tokens, step by step
with whatever was reached, stays within what the first key had.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from identity.api.bridge import scope_words
from identity.limits import Limits, checked
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import basic, bearer

pytestmark = pytest.mark.django_db(transaction=True)

WANTED = [
    ["apiKey", "solution", "context"],
    ["apiKey", "context"],
    ["apiKey", "context", "solution:*"],
    ["apiKey", "context", "solution:a"],
    ["apiKey", "context", "solution:b"],
    ["apiKey", "context", "solution:c"],
    ["apiKey", "solution", "context", "thread", "store", "inbox", "stream", "kvdb", "solution:*"],
    ["apiKey", "context", "solution:a", "ipAddr:192.0.2.7"],
]
MAKERS: list[tuple[tuple[str, ...], dict[str, list[str]]]] = [
    (("apiKey", "context"), {}),
    (("apiKey", "context"), {"solutions": ["*"]}),
    (("apiKey", "context"), {"solutions": ["a", "b"]}),
    (("apiKey", "context"), {"solutions": ["a"], "networks": ["192.0.2.7"]}),
    (("apiKey", "context"), {"contexts": ["x"]}),
    (("context", "solution"), {}),
]
MOST = 12


@dataclass
class Held:
    """A credential that was reached, and what it says it can do."""

    header: str
    words: frozenset[str]
    limits: Limits


def held(header: str, scope: list[str]) -> Held:
    said = scope_words.read(scope)
    return Held(header, said.permissions, checked(solutions=said.solutions, networks=said.networks))


def reached_from(one: Held) -> list[Held]:
    """Everything that this credential gets by one step."""
    found: list[Held] = []
    for scope in WANTED:
        made = clients.call(
            "manager/createApiKey", {"name": "x", "scope": scope}, authorization=one.header
        ).body
        if "result" not in made:
            continue
        key = made["result"]
        header = basic(key["id"], key["secret"])
        found.append(held(header, scope))
        for wider in WANTED:
            change = {"id": key["id"], "scope": wider}
            told = clients.call("manager/updateApiKey", change, authorization=one.header).body
            if "result" in told:
                found[-1] = held(header, wider)
            params = {
                "grantType": "api_key_credentials",
                "apiKeyId": key["id"],
                "apiKeySecret": key["secret"],
                "scope": wider,
            }
            token = clients.call("manager/auth", params).body
            if "result" in token:
                given = token["result"]
                found.append(held(bearer(given["accessToken"]), given["scope"]))
    return found


@pytest.mark.parametrize(("words", "limits"), MAKERS, ids=str)
def test_nothing_that_is_reached_is_wider(
    words: tuple[str, ...], limits: dict[str, list[str]]
) -> None:
    client = clients.client(cast.world(), *words, **limits)
    own = frozenset(clients.permissions(*words))
    bounds = checked(**limits)
    header = basic(client.program.row.key_id, client.program.secret)
    waiting, seen = [Held(header, own, bounds)], 0
    while waiting and seen < MOST:
        seen += 1
        for each in reached_from(waiting.pop(0)):
            assert each.words <= own
            assert Limits(solutions=each.limits.solutions).is_within(
                Limits(solutions=bounds.solutions)
            ), each
            waiting.append(each)
    if "apiKey" not in words:
        assert seen == 1


@pytest.mark.parametrize("word", sorted(scope_words.GROUPS))
def test_a_key_without_the_word_changes_no_key(word: str) -> None:
    if word == scope_words.API_KEY:
        return
    client = clients.client(cast.world(), word)
    own = client.program.row.key_id
    for method, params in (
        ("createApiKey", {"name": "x", "scope": [word]}),
        ("updateApiKey", {"id": own, "scope": ["apiKey"]}),
        ("updateApiKey", {"id": own, "enabled": True}),
        ("deleteApiKey", {"id": own}),
        ("listApiKeys", {}),
        ("getApiKey", {"id": own}),
    ):
        answer = client.call(f"manager/{method}", params)
        assert (answer.code, answer.data) == (0x612E, "apiKey")


@pytest.mark.parametrize("scope", WANTED[2:], ids=str)
def test_a_key_does_not_widen_itself(scope: list[str]) -> None:
    client = clients.client(cast.world(), "apiKey", "context", solutions=["a"])
    own = client.program.row.key_id
    answer: Any = client.call("manager/updateApiKey", {"id": own, "scope": scope})
    shown = client.done("manager/getApiKey", {"id": own})["apiKey"]["scope"]
    assert "result" not in answer.body or "solution:a" in shown
    assert {each for each in shown if each.startswith("solution:")} == {"solution:a"}
    assert set(shown) <= {"apiKey", "context", "solution:a", "ipAddr:192.0.2.7"}
