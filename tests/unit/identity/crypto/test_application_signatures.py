"""What applications sign: answers, requests, access keys; and tokens against forged requests."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import (
    access_key,
    answer_signature,
    base58btc,
    csrf_token,
    ed25519,
    request_signature,
    wallet_keys,
)
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import KeyInvalid, SignatureInvalid, TokenInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())
SEED = bytes.fromhex(VECTORS["app_wallet"]["secret_key_hex"][2:66])
KEY = ed25519.parse_private(SEED)
ANSWER = VECTORS["response_signature"]
ASKED = VECTORS["app_request_signature"]
RAW = ASKED["raw"]
REQUEST = request_signature.Request(
    "POST", RAW["url"], RAW["query"], RAW["body"], RAW["iat"], RAW["exp"]
)
SIGNATURE = ASKED["headers"]["x-blocklet-sig"]
CSRF = VECTORS["csrf"]
PROGRAM = VECTORS["access_key"]
PREFIX = "blocklet-"


def test_signs_an_answer_as_the_vectors_do() -> None:
    assert answer_signature.sign(ANSWER["data"], KEY) == ANSWER["signed"]
    answer_signature.verify(ANSWER["signed"], KEY.public)


def test_replaces_a_signature_that_is_there() -> None:
    assert answer_signature.sign(ANSWER["signed"] | {"$signature": "x"}, KEY) == ANSWER["signed"]


@pytest.mark.parametrize(
    "changed",
    [
        {"provider": "email"},
        {"more": 1},
        {"$signature": ""},
        {"$signature": None},
        {"$signature": ANSWER["signed"]["$signature"][2:]},
        {"$signature": ANSWER["signed"]["$signature"].upper()},
        {"$signature": ANSWER["signed"]["$signature"] + "00"},
        {"nan": float("nan")},
    ],
)
def test_refuses_a_changed_answer(changed: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        answer_signature.verify(ANSWER["signed"] | changed, KEY.public)


def test_signs_a_request_as_the_vectors_do() -> None:
    assert request_signature.sign(REQUEST, KEY) == SIGNATURE
    first = request_signature.verify(REQUEST, SIGNATURE, KEY.public, now=RAW["iat"])
    again = request_signature.verify(REQUEST, SIGNATURE, KEY.public, now=RAW["exp"] + 5)
    assert first == again


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"path": "/user/login"},
        {"query": {"a": "1"}},
        {"body": RAW["body"] | {"fullName": "Bob"}},
        {"issued_at": RAW["iat"] + 1},
        {"expires_at": RAW["exp"] - 1},
    ],
    ids=str,
)
def test_refuses_a_changed_request(changed: dict[str, Any]) -> None:
    other = dataclasses.replace(REQUEST, **changed)
    with pytest.raises(SignatureInvalid):
        request_signature.verify(other, SIGNATURE, KEY.public, now=RAW["iat"])


@pytest.mark.parametrize("now", [RAW["iat"] - 6, RAW["exp"] + 6, 0])
def test_refuses_a_request_of_another_time(now: int) -> None:
    with pytest.raises(SignatureInvalid):
        request_signature.verify(REQUEST, SIGNATURE, KEY.public, now=now)


@pytest.mark.parametrize("life", [301, -1, 10**9])
def test_refuses_a_request_that_lives_too_long(life: int) -> None:
    asked = dataclasses.replace(REQUEST, expires_at=REQUEST.issued_at + life)
    signature = request_signature.sign(asked, KEY)
    with pytest.raises(SignatureInvalid):
        request_signature.verify(asked, signature, KEY.public, now=REQUEST.issued_at)


def test_refuses_another_applications_request() -> None:
    with pytest.raises(SignatureInvalid):
        request_signature.verify(
            REQUEST, SIGNATURE, ed25519.generate().public, now=REQUEST.issued_at
        )


def test_binds_the_token_against_forged_requests_to_the_sign_in() -> None:
    key, token = CSRF["key"].encode(), CSRF["csrf_token"]
    assert csrf_token.of_sign_in(CSRF["login_token"], key) == token
    csrf_token.verify(token, sign_in_token=CSRF["login_token"], key=key)


@pytest.mark.parametrize(
    ("token", "sign_in", "key"),
    [
        (CSRF["csrf_token"] + "A", CSRF["login_token"], CSRF["key"]),
        ("", CSRF["login_token"], CSRF["key"]),
        ("ü\ud800", CSRF["login_token"], CSRF["key"]),
        (CSRF["csrf_token"], CSRF["login_token"] + "A", CSRF["key"]),
        (CSRF["csrf_token"], CSRF["login_token"], "another key"),
    ],
)
def test_refuses_another_token_against_forged_requests(token: str, sign_in: str, key: str) -> None:
    with pytest.raises(TokenInvalid):
        csrf_token.verify(token, sign_in_token=sign_in, key=key.encode())


def test_finds_an_access_key_by_its_text() -> None:
    text = PROGRAM["authType_simple_token"]
    assert access_key.id_of_bearer(text, prefix=PREFIX) == PROGRAM["id_from_token"]
    private = access_key.parse_secret(PROGRAM["authType_signature_secret"])
    assert access_key.secret_text(private) == PROGRAM["authType_signature_secret"]
    assert access_key.bearer_text(private.public, prefix=PREFIX) == text
    assert private.public.address() == PROGRAM["accessKeyId"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        PREFIX,
        PROGRAM["authType_simple_token"][1:],
        PROGRAM["authType_simple_token"] + "\n",
        PREFIX + VECTORS["wallets"][0]["public_key"]["hex0x"],
        PREFIX + VECTORS["wallets"][3]["public_key"]["base58btc"],
    ],
)
def test_reads_no_other_text_as_an_access_key(text: str) -> None:
    with pytest.raises(TokenInvalid):
        access_key.id_of_bearer(text, prefix=PREFIX)


@pytest.mark.parametrize(
    "text", ["", "z", "z0", "z1111", PROGRAM["authType_signature_secret"][:-1]]
)
def test_reads_no_other_text_as_an_access_keys_secret(text: str) -> None:
    with pytest.raises(KeyInvalid):
        access_key.parse_secret(text)


def test_reads_no_secret_of_two_keys() -> None:
    two = base58btc.encode_multibase(SEED + bytes(32))
    with pytest.raises(KeyInvalid):
        access_key.parse_secret(two)


def test_signs_a_stamp_with_an_access_key() -> None:
    private = access_key.parse_secret(PROGRAM["authType_signature_secret"])
    signature = access_key.sign_stamp(private, key_id="z1", stamp=10**12)
    facts: dict[str, Any] = {"key_id": "z1", "stamp": 10**12, "now": 10**12 + 300_000}
    access_key.verify_stamp(private.public, signature, **facts)
    refused: list[tuple[str, dict[str, Any]]] = [
        (signature, facts | {"key_id": "z2"}),
        (signature, facts | {"stamp": 10**12 + 1}),
        (signature, facts | {"now": 10**12 + 300_001}),
        (signature[2:], facts),
        (signature.upper(), facts),
        ("0xzz", facts),
    ]
    for text, changed in refused:
        with pytest.raises(SignatureInvalid):
            access_key.verify_stamp(private.public, text, **changed)


def test_signs_stamps_with_one_kind_of_key_alone() -> None:
    private = wallet_keys.private_of(KeyKind.ETHEREUM, SEED)
    with pytest.raises(KeyInvalid):
        access_key.secret_text(private)
