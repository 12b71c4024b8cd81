"""`manager/auth`: three grants, and what words give whom."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from identity.services import api_keys
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Answer, Client, Stamped, auth, bearer, hmac_of
from tests.programs import Program

FAULT = {"code": -32602, "message": "Invalid params", "data": "Value doesn't match any spec"}
NO_KEY = {"code": 0x612B, "message": "Api key does not exist", "data": None}
WRONG = {"code": 0x612C, "message": "Invalid credentials", "data": None}
NO_TOKEN = {"code": 0x15, "message": "Invalid token", "data": None}
BAD_SIGNATURE = {"code": 0x08, "message": "Invalid signature", "data": None}


@pytest.fixture
def key(world: cast.World) -> Program:
    return clients.program(world.system, "apiKey", "solution", "context", solutions=["*"])


def granted(params: dict[str, Any], **more: Any) -> Answer:
    return clients.call("manager/auth", params, **more)


def by_secret(key: Program, **changed: Any) -> dict[str, Any]:
    return {
        "grantType": "api_key_credentials",
        "apiKeyId": key.row.key_id,
        "apiKeySecret": key.secret,
        **changed,
    }


def by_signature(key: Program, stamp: Stamped | None = None, data: str = "") -> dict[str, Any]:
    stamp = stamp or Stamped()
    return {
        "grantType": "api_key_signature",
        "apiKeyId": key.row.key_id,
        "signature": base64.b64encode(hmac_of(key.secret, stamp.grant(data))).decode(),
        "timestamp": stamp.milliseconds,
        "nonce": stamp.nonce,
        **({"data": data} if data else {}),
    }


def renewed(token: str, **more: Any) -> Answer:
    return granted({"grantType": "refresh_token", "refreshToken": token}, **more)


def lives(token: str, **more: Any) -> bool:
    return (
        "result" in clients.call("solution/listSolutions", authorization=bearer(token), **more).body
    )


def test_answers_six_facts(key: Program) -> None:
    now = datetime.now(UTC)
    told = granted(by_secret(key), now=now).result
    assert set(told) == {
        *("tokenType", "accessToken", "accessTokenExpiry", "refreshToken", "refreshTokenExpiry"),
        "scope",
    }
    assert told["tokenType"] == "Bearer"
    milliseconds = int(now.timestamp() * 1000)
    assert abs(told["accessTokenExpiry"] - milliseconds - 15 * 60 * 1000) <= 1
    assert abs(told["refreshTokenExpiry"] - milliseconds - 7 * 24 * 60 * 60 * 1000) <= 1
    assert set(told["scope"]) == {"apiKey", "solution", "context", "solution:*"}


def test_the_documentations_example_works(key: Program) -> None:
    told = granted(by_secret(key, scope=["solution:*", "context"])).result
    assert set(told["scope"]) == {"solution:*", "context"}


def test_a_signature_under_the_secret_is_a_grant(key: Program) -> None:
    assert granted(by_signature(key)).result["accessToken"]
    assert granted(by_signature(key, data="hello ąę")).result["accessToken"]


def test_a_signature_by_a_key_of_the_programs_own_is_a_grant(world: cast.World) -> None:
    program, stamp = clients.signer(world.system, "context"), Stamped()
    signature = base64.b64encode(program.key.sign(stamp.grant("x"))).decode()
    params = {
        "grantType": "api_key_signature",
        "apiKeyId": program.row.key_id,
        "signature": signature,
        "timestamp": stamp.milliseconds,
        "nonce": stamp.nonce,
        "data": "x",
    }
    assert granted(params).result["scope"] == ["context"]
    assert granted(params).error == BAD_SIGNATURE


@pytest.mark.parametrize(
    "params",
    [
        {},
        [],
        {"grantType": "password"},
        {"grantType": ["api_key_credentials"]},
        {"grantType": "api_key_credentials"},
        {"grantType": "api_key_credentials", "apiKeyId": "", "apiKeySecret": "x"},
        {"grantType": "api_key_credentials", "apiKeyId": "x", "apiKeySecret": "x" * 129},
        {"grantType": "api_key_credentials", "apiKeyId": "x", "apiKeySecret": "x", "y": 1},
        {"grantType": "api_key_credentials", "apiKeyId": "x", "apiKeySecret": "x", "scope": "a"},
        {
            "grantType": "api_key_credentials",
            "apiKeyId": "x",
            "apiKeySecret": "x",
            "scope": ["a"] * 129,
        },
        {"grantType": "refresh_token"},
        {"grantType": "refresh_token", "refreshToken": ""},
        {"grantType": "refresh_token", "refreshToken": "x" * 2049},
        {"grantType": "refresh_token", "refreshToken": "x", "scope": ["context"]},
        {
            "grantType": "api_key_signature",
            "apiKeyId": "x",
            "signature": "x",
            "timestamp": "1",
            "nonce": "n" * 32,
        },
        {
            "grantType": "api_key_signature",
            "apiKeyId": "x",
            "signature": "x",
            "timestamp": 1,
            "nonce": "n" * 31,
        },
    ],
)
def test_any_fault_in_the_parameters_is_told_by_one_text(key: Program, params: Any) -> None:
    assert granted(params).error == FAULT


def test_an_unknown_key_and_one_that_is_off_are_told_alike(world: cast.World, key: Program) -> None:
    assert granted(by_secret(key, apiKeyId="0" * 32)).error == NO_KEY
    now = datetime.now(UTC)
    api_keys.disable(key_id=key.row.id, by=world.system, now=now)
    for params in (by_secret(key), by_signature(key), by_secret(key, apiKeySecret="x")):
        assert granted(params).error == NO_KEY
    api_keys.enable(key_id=key.row.id, by=world.system, now=now)
    assert granted(by_secret(key)).result
    api_keys.revoke(key_id=key.row.id, by=world.system, now=now)
    assert granted(by_secret(key)).error == NO_KEY


def test_a_wrong_secret_is_told(key: Program) -> None:
    for wrong in (key.secret[:-1], key.secret + "x", key.secret.upper(), "x"):
        assert granted(by_secret(key, apiKeySecret=wrong)).error == WRONG


def test_a_public_key_gives_no_token_to_whoever_knows_it(world: cast.World) -> None:
    import hashlib

    program = clients.signer(world.system, "context")
    md5 = hashlib.md5(program.pem.encode(), usedforsecurity=False).hexdigest()
    for secret in (md5, program.row.public_key, program.pem[:128]):
        params = {
            "grantType": "api_key_credentials",
            "apiKeyId": program.row.key_id,
            "apiKeySecret": secret,
        }
        assert granted(params).error == WRONG


def test_a_signature_that_is_wrong_old_or_used_is_told(key: Program) -> None:
    stamp = Stamped()
    params = by_signature(key, stamp)
    assert granted(params).result
    assert granted(params).error == BAD_SIGNATURE
    assert granted({**by_signature(key), "data": "more"}).error == BAD_SIGNATURE
    assert granted({**by_signature(key), "signature": "AAAA"}).error == BAD_SIGNATURE
    assert granted({**by_signature(key), "signature": "%"}).error == BAD_SIGNATURE
    old = Stamped(milliseconds=stamp.milliseconds - 10 * 60 * 1000)
    assert granted(by_signature(key, old)).error == BAD_SIGNATURE


def test_plays_the_vectors(world: cast.World, vectors: Any) -> None:
    given = vectors["requestSignatures"]
    now = datetime.fromtimestamp(given["timestamp"] / 1000, tz=UTC)
    ring = clients.known_keys(world, given, now=now)
    request = given["request"]
    for program, kind in zip(ring, ("hmac", "ed25519"), strict=True):
        header = request[f"{kind}Header"].replace(given["apiKeyId"], program)
        status, _, raw = clients.exchange(request["body"].encode(), authorization=header, now=now)
        assert (status, b'"result":{"list":[]}' in raw) == (200, True)
        for grant in given["grant_api_key_signature"]:
            params = {
                "grantType": "api_key_signature",
                "apiKeyId": program,
                "signature": grant[f"{kind}Signature"],
                "timestamp": given["timestamp"],
                "nonce": given["nonce"],
                "data": grant["data"],
            }
            # The nonce is taken already: only the first one of each key may be let in.
            assert granted(params, now=now).error == BAD_SIGNATURE


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_plays_the_vectors_of_grants(
    world: cast.World, vectors: Any, place: int, kind: str
) -> None:
    given = vectors["requestSignatures"]
    now = datetime.fromtimestamp(given["timestamp"] / 1000, tz=UTC)
    by_hmac, by_ed25519 = clients.known_keys(world, given, now=now)
    grant = given["grant_api_key_signature"][place]
    params = {
        "grantType": "api_key_signature",
        "apiKeyId": by_hmac if kind == "hmac" else by_ed25519,
        "signature": grant[f"{kind}Signature"],
        "timestamp": given["timestamp"],
        "nonce": given["nonce"],
        "data": grant["data"],
    }
    assert granted(params, now=now).result["accessToken"]


def test_the_public_vector_is_the_key_of_its_private_one(vectors: Any) -> None:
    given = vectors["requestSignatures"]
    private = serialization.load_pem_private_key(given["ed25519PrivatePem"].encode(), None)
    assert isinstance(private, Ed25519PrivateKey)
    assert clients.public_pem(private) == given["ed25519PublicPem"]


@pytest.mark.parametrize(
    ("held", "asked", "refused"),
    [
        (("context",), ("apiKey",), "apiKey"),
        (("context",), ("context", "solution"), "solution"),
        (("apiKey",), ("apikey",), "apikey"),
        (("context",), ("Context",), "Context"),
        (("context",), ("nonsense",), "nonsense"),
        (("context",), ("context:read",), "context:read"),
        (("context",), ("solution:",), "solution:"),
        (("context",), ("ipAddr:here",), "ipAddr:here"),
        (("context",), ("ipAddr:192.0.2.0/24",), "ipAddr:192.0.2.0/24"),
        (("context",), ("expiresIn:-1",), "expiresIn:-1"),
        (("context",), ("expiresIn:1.5",), "expiresIn:1.5"),
        (("context",), ("expiresIn:604800001",), "expiresIn:604800001"),
        (("context",), ("connection",), "connection"),
    ],
)
def test_a_word_that_the_key_has_not_is_told(
    world: cast.World, held: tuple[str, ...], asked: tuple[str, ...], refused: str
) -> None:
    answer = auth(clients.program(world.system, *held), *asked)
    assert answer.error == {
        "code": 0x612E,
        "message": "Insufficient scope",
        "data": f"Cannot use {refused}",
    }


def test_a_token_has_the_words_that_were_asked_for_and_no_more(world: cast.World) -> None:
    key = clients.program(world.system, "apiKey", "solution", "context")
    told = auth(key, "solution").result
    assert told["scope"] == ["solution"]
    assert lives(told["accessToken"])
    answer = clients.call("manager/listApiKeys", authorization=bearer(told["accessToken"]))
    assert answer.error["data"] == "apiKey"


def test_words_about_the_session_are_not_echoed(key: Program) -> None:
    asked = ("context", "session:a", "ipAddr:192.0.2.7", "expiresIn:60000")
    assert set(auth(key, *asked).result["scope"]) == {"context", "solution:*"}


def test_a_token_lives_as_long_as_was_asked_for(key: Program) -> None:
    now = datetime.now(UTC)
    told = auth(key, "solution", "expiresIn:60000", now=now).result
    assert abs(told["accessTokenExpiry"] - int(now.timestamp() * 1000) - 60_000) <= 1
    token = told["accessToken"]
    assert lives(token, now=now + timedelta(seconds=59))
    assert not lives(token, now=now + timedelta(seconds=60))
    again = renewed(told["refreshToken"], now=now + timedelta(seconds=90)).result
    assert lives(again["accessToken"], now=now + timedelta(seconds=149))
    assert not lives(again["accessToken"], now=now + timedelta(seconds=150))


def test_a_second_session_of_a_name_ends_the_first(key: Program) -> None:
    first = auth(key, "solution", "session:a").result["accessToken"]
    other = auth(key, "solution", "session:b").result["accessToken"]
    second = auth(key, "solution", "session:a").result["accessToken"]
    assert [lives(each) for each in (first, other, second)] == [False, True, True]


def test_a_token_for_one_address_is_good_there_alone(key: Program) -> None:
    token = auth(key, "solution", "ipAddr:192.0.2.9").result["accessToken"]
    assert lives(token, address="192.0.2.9")
    assert not lives(token, address="192.0.2.8")


def test_a_key_for_one_network_is_good_there_alone(world: cast.World) -> None:
    key = clients.program(world.system, "solution", networks=["192.0.2.0/29"])
    assert auth(key, "solution", "ipAddr:192.0.2.9").error["data"] == "Cannot use ipAddr:192.0.2.9"
    assert auth(key, "solution", address="198.51.100.1").error == NO_KEY
    token = auth(key, "solution").result["accessToken"]
    assert lives(token)
    assert not lives(token, address="198.51.100.1")


def test_a_key_has_sixteen_sessions_and_the_oldest_ends(key: Program) -> None:
    tokens = [auth(key, "solution").result["accessToken"] for _ in range(18)]
    assert [lives(each) for each in tokens] == [False] * 2 + [True] * 16


def test_a_renewal_ends_both_tokens_before_and_keeps_the_words(key: Program) -> None:
    told = auth(key, "solution").result
    again = renewed(told["refreshToken"]).result
    assert set(again) == set(told)
    assert again["scope"] == told["scope"]
    assert not lives(told["accessToken"])
    assert lives(again["accessToken"])
    assert not lives(again["refreshToken"])
    assert renewed(again["accessToken"]).error == NO_TOKEN


def test_a_spent_refresh_token_ends_the_session(key: Program) -> None:
    now = datetime.now(UTC)
    told = auth(key, "solution", now=now).result
    again = renewed(told["refreshToken"], now=now).result
    later = now + timedelta(seconds=11)
    assert renewed(told["refreshToken"], now=later).error == NO_TOKEN
    assert not lives(again["accessToken"], now=later)
    assert renewed(again["refreshToken"], now=later).error == NO_TOKEN


def test_a_lost_answer_can_be_asked_for_again_by_the_same_program(key: Program) -> None:
    told = auth(key, "solution").result
    first, second = (renewed(told["refreshToken"]).result for _ in range(2))
    assert first == second
    assert renewed(told["refreshToken"], address="198.51.100.1").error == NO_TOKEN


@pytest.mark.parametrize("end", [api_keys.disable, api_keys.revoke])
def test_the_end_of_a_key_is_the_end_of_its_tokens(
    world: cast.World, key: Program, end: Any
) -> None:
    told = auth(key, "solution").result
    end(key_id=key.row.id, by=world.system, now=datetime.now(UTC))
    assert not lives(told["accessToken"])
    assert renewed(told["refreshToken"]).error == NO_TOKEN


def test_a_token_of_a_limited_key_is_limited_whatever_it_asks_for(world: cast.World) -> None:
    """The escape of asking for no solution (specification §11.1) is closed."""
    key = clients.program(world.system, "context", solutions=["a", "b"])
    assert set(auth(key, "context").result["scope"]) == {"context", "solution:a", "solution:b"}
    assert set(auth(key, "context", "solution:a").result["scope"]) == {"context", "solution:a"}
    for wrong in ("solution:*", "solution:c"):
        assert auth(key, "context", wrong).error["data"] == f"Cannot use {wrong}"


@pytest.mark.parametrize("solutions", [[], ["*"]])
def test_a_key_without_limits_may_narrow_itself(world: cast.World, solutions: list[str]) -> None:
    key = clients.program(world.system, "context", solutions=solutions)
    for word in ("solution:a", "solution:*"):
        assert set(auth(key, "context", word).result["scope"]) == {"context", word}


def test_the_grant_is_open_to_keys_of_other_makers(world: cast.World) -> None:
    """One model for all faces: a key made elsewhere works here, with the words it has in full."""
    from tests import programs

    key = programs.make(world.system, "solutions:list", "members:get")
    told = auth(key).result
    assert told["scope"] == []
    assert lives(told["accessToken"])
    assert auth(key, "solution").error["data"] == "Cannot use solution"


def test_renews_nothing_at_the_address_of_another_scope(world: cast.World, client: Client) -> None:
    other = cast.world("other")
    first = clients.auth(client.program).result
    refused = renewed(first["refreshToken"], slug=other.scope.slug)
    assert refused.code == 0x15
    assert renewed(first["refreshToken"], slug=world.scope.slug).result["accessToken"]
