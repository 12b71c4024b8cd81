"""`connect bridge` and `manage.py bridge` against a live server: keys, a context, every way in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from identity.crypto import user_key
from identity.management import bridge_set_up
from tests import prepared
from tests.serving import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = prepared.home(tmp_path_factory.mktemp("bridge") / "home")
    with Served(home, {"COUNTERSIGN_WORKERS": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def facts(served: Served) -> dict[str, str]:
    printed = served.manage("connect", "bridge", "--scope", "acme", "--json", "--mint-key")
    told: dict[str, str] = json.loads(printed)
    return told


def bridge(served: Served, facts: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """The command as from a shell that has the key in its environment."""
    key = {"API_KEY_ID": facts["api_key_id"], "API_KEY_SECRET": facts["api_key_secret"]}
    with served.begin("manage", "bridge", *arguments, environment=key) as done:
        return done.wait(120), done.output(), done.complaints()


def test_prints_what_a_server_is_configured_with(served: Served, facts: dict[str, str]) -> None:
    assert facts["url"] == f"{served.url}/s/acme/api"
    assert set(facts) == {"url", "api_key_id", "api_key_secret", "solution_id", "context_id"}
    assert json.loads(served.manage("connect", "bridge", "--scope", "acme", "--json")) == {
        "url": facts["url"]
    }


def test_run_again_makes_another_key_and_finds_the_same_place(
    served: Served, facts: dict[str, str]
) -> None:
    printed = served.manage("connect", "bridge", "--scope", "acme", "--json", "--mint-key")
    again = json.loads(printed)
    assert again["api_key_id"] != facts["api_key_id"]
    for name in ("solution_id", "context_id"):
        assert again[name] == facts[name]


def test_a_name_that_was_changed_makes_no_second_place(
    served: Served, facts: dict[str, str]
) -> None:
    for method, params in (
        ("solution/updateSolution", {"id": facts["solution_id"], "name": "Shop"}),
        ("context/updateContext", {"contextId": facts["context_id"], "name": "Customers"}),
    ):
        assert bridge(served, facts, method, json.dumps(params))[0] == 0
    printed = served.manage("connect", "bridge", "--scope", "acme", "--json", "--mint-key")
    assert json.loads(printed)["context_id"] == facts["context_id"]


@pytest.mark.parametrize("way", ["hmac", "basic", "bearer"])
def test_calls_with_the_key_in_each_way(served: Served, facts: dict[str, str], way: str) -> None:
    name = f"user of {way}"
    params = {
        "contextId": facts["context_id"],
        "userId": name,
        "userPubKey": user_key.generate().public.text,
    }
    for address in (("--url", f"{served.url}/api"), ("--scope", "acme"), ()):
        status, out, err = bridge(
            served, facts, "context/addUserToContext", json.dumps(params), "--auth", way, *address
        )
        assert (status, json.loads(out)["result"]) == (0, "OK"), err
    found = json.dumps({"contextId": facts["context_id"], "userId": name})
    status, out, _ = bridge(
        served, facts, "context/getUserFromContext", found, "--json=.result.user.pubKey", "-r"
    )
    assert (status, out) == (0, f"{params['userPubKey']}\n")


def test_ends_with_1_for_an_error(served: Served, facts: dict[str, str]) -> None:
    status, out, _ = bridge(served, facts, "solution/getSolution", '{"id": "nothing"}')
    assert (status, json.loads(out)["error"]["code"]) == (1, 24880)
    wrong = {**facts, "api_key_secret": "0" * 32}
    status, out, _ = bridge(served, wrong, "solution/listSolutions")
    assert (status, json.loads(out)["error"]["code"]) == (1, 24879)


def made(served: Served, *arguments: str) -> dict[str, str]:
    printed = served.manage("bridge", "createApiKey", "--scope", "acme", *arguments)
    return dict(line.split("=", 1) for line in printed.splitlines())


def called(served: Served, key: dict[str, str], method: str) -> Any:
    secret = (key["API_KEY_ID"], key.get("API_KEY_SECRET", ""))
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
    return httpx.post(f"{served.url}/api", json=body, auth=secret).json()


def test_makes_keys_of_some_words(served: Served) -> None:
    key = made(served, "--name", "sign-up server", "--access", "solution")
    assert {name: len(value) for name, value in key.items()} == {
        "API_KEY_ID": 32,
        "API_KEY_SECRET": 32,
    }
    assert "result" in called(served, key, "solution/listSolutions")
    assert called(served, key, "manager/listApiKeys")["error"]["code"] == 24878
    everything = made(served)
    assert "result" in called(served, everything, "manager/listApiKeys")


def test_makes_keys_that_sign(served: Served, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (tmp_path / "public.pem").write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    key = made(served, "--public-key", str(tmp_path / "public.pem"))
    assert set(key) == {"API_KEY_ID"}
    signed = ("--key-id", key["API_KEY_ID"], "--private-key", str(tmp_path / "key.pem"))
    for way in ("hmac", "bearer"):
        printed = served.manage(
            "bridge", "solution/listSolutions", *signed, "--auth", way, "--scope", "acme"
        )
        assert "result" in json.loads(printed)
    assert called(served, key, "solution/listSolutions")["error"]["code"] == 24879


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "acme", "--access", "everything"),
        ("--scope", "acme", "--access", "session:x"),
        ("--scope", "nowhere"),
        (),
    ],
)
def test_makes_no_key_of_what_there_is_not(served: Served, arguments: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="CommandError"):
        served.manage("bridge", "createApiKey", *arguments)


def test_the_first_words_are_those_of_the_face() -> None:
    from identity.api.bridge.methods import manager

    assert set(bridge_set_up.EVERY_WORD) == set(manager.FIRST)
