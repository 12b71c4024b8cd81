"""POST /profiles/did-document/validate and /profiles/did-keys/validate."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.faces.guardian.client import UNAUTHORIZED, Answer, Client, envelope

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/guardian.json").read_text())
DOCUMENT: dict[str, Any] = VECTORS["did_document"]
KEYS: list[dict[str, str]] = VECTORS["did_keys"]
DID = VECTORS["did"]


def of_document(who: Client, document: Any) -> Answer:
    return who.post("/profiles/did-document/validate", document)


def of_keys(who: Client, document: Any = DOCUMENT, keys: Any = KEYS) -> Answer:
    return who.post("/profiles/did-keys/validate", {"document": document, "keys": keys})


def test_says_which_keys_a_document_takes(alice) -> None:
    answer = of_document(alice, DOCUMENT)
    assert (answer.status, answer.json) == (
        200,
        {
            "valid": True,
            "error": "",
            "keys": {
                "Ed25519VerificationKey2018": [
                    {"name": "did-root-key", "id": f"{DID}#did-root-key"}
                ],
                "Bls12381G2Key2020": [
                    {"name": "did-root-key-bbs", "id": f"{DID}#did-root-key-bbs"}
                ],
            },
        },
    )


@pytest.mark.parametrize(
    "change",
    [
        {"id": "did:example:1"},
        {"id": 1},
        {"verificationMethod": []},
        {"@context": {"@vocab": "https://example.org"}},
        {"controller": "did:example:2"},
        {"more": 1},
        {"verificationMethod": DOCUMENT["verificationMethod"][:1]},
        {"service": [{"id": DID + "#a", "privateKeyBase58": "x"}]},
    ],
)
def test_says_why_a_document_is_not_taken(alice, change) -> None:
    answer = of_document(alice, DOCUMENT | change)
    assert answer.status == 200
    assert answer.json["valid"] is False
    assert answer.json["error"]
    assert set(answer.json["keys"]) == {"Ed25519VerificationKey2018", "Bls12381G2Key2020"}


@pytest.mark.parametrize("body", [None, {}])
def test_an_empty_body_is_422(alice, body) -> None:
    answer = of_document(alice, body)
    expected = envelope(422, "Body is empty", "Unprocessable Entity")
    assert (answer.status, answer.json) == (422, expected)


def test_says_of_each_key_whether_it_is_the_methods(alice) -> None:
    swapped = [KEYS[0] | {"key": KEYS[1]["key"]}, KEYS[1], {"id": DID + "#other", "key": "1"}]
    assert [each["valid"] for each in of_keys(alice).json] == [True, True]
    told = of_keys(alice, keys=swapped).json
    assert told == [
        {"id": KEYS[0]["id"], "valid": False},
        {"id": KEYS[1]["id"], "valid": True},
        {"id": DID + "#other", "valid": False},
    ]


def test_keys_of_a_document_that_is_not_taken_are_not_valid(alice) -> None:
    told = of_keys(alice, document=DOCUMENT | {"more": 1}).json
    assert [each["valid"] for each in told] == [False, False]


@pytest.mark.parametrize(
    ("document", "keys", "message"),
    [
        (None, KEYS, "Document is empty"),
        ({}, KEYS, "Document is empty"),
        (DOCUMENT, None, "Keys is empty"),
        (DOCUMENT, [], "Keys is empty"),
    ],
)
def test_422_where_either_is_empty(alice, document, keys, message) -> None:
    answer = of_keys(alice, document, keys)
    expected = envelope(422, message, "Unprocessable Entity")
    assert (answer.status, answer.json) == (422, expected)


@pytest.mark.parametrize("keys", ["x", {"a": 1}, [1], [{"id": 1, "key": 2}], [KEYS[0]] * 21])
def test_422_for_keys_that_are_none(alice, keys) -> None:
    assert of_keys(alice, keys=keys).status == 422


def test_sends_no_key_back(alice) -> None:
    for keys in (KEYS, [KEYS[0] | {"key": KEYS[1]["key"]}], [{"id": KEYS[0]["key"]}]):
        answer = of_keys(alice, keys=keys)
        assert KEYS[1]["key"] not in answer.text


def test_a_deep_or_large_document_is_refused_at_once(alice) -> None:
    deep: Any = "x"
    for _ in range(12):
        deep = [deep]
    wide = copy.deepcopy(DOCUMENT) | {"alsoKnownAs": ["x"] * 5000}
    for document in (DOCUMENT | {"alsoKnownAs": deep}, wide):
        assert of_document(alice, document).json["valid"] is False
        assert [each["valid"] for each in of_keys(alice, document).json] == [False, False]


def test_stops_who_has_keys_looked_at_all_the_time(alice) -> None:
    statuses = {of_keys(alice, keys=[{"id": "x", "key": "x"}]).status for _ in range(21)}
    assert statuses == {200, 429}


def test_is_401_for_nobody(nobody) -> None:
    assert of_document(nobody, DOCUMENT).json == UNAUTHORIZED
    assert of_keys(nobody).json == UNAUTHORIZED
    assert of_keys(nobody, None, None).json == UNAUTHORIZED
