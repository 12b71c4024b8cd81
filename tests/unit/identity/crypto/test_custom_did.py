"""Documents that come with private keys: what is taken, what is refused, and at which cost."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import base58btc, bbs_key, custom_did, did_ledger, ed25519
from identity.crypto.errors import DidDocumentRefused
from tests.serving import ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/guardian.json").read_text())
DOCUMENT: dict[str, Any] = VECTORS["did_document"]
KEYS: list[dict[str, str]] = VECTORS["did_keys"]
DID: str = DOCUMENT["id"]
OTHER = ed25519.parse_private(bytes(32))
OTHER_DID = did_ledger.identifier(
    network="testnet", public_key=OTHER.public.raw, topic_id="0.0.424242"
)

Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def refused(document: Any, keys: Any = KEYS) -> str:
    with pytest.raises(DidDocumentRefused) as refusal:
        custom_did.check(document, keys)
    for key in KEYS:
        assert key["key"] not in str(refusal.value)
    return refusal.value.detail


def test_takes_the_vectors() -> None:
    checked = custom_did.check(DOCUMENT, KEYS)
    assert checked.did == DID
    assert checked.parts.topic_id == "0.0.424242"
    assert checked.root.secret.hex() == VECTORS["seed_hex"]
    assert checked.root.method.id == did_ledger.root_method(DID)
    assert [key.method.kind for key in checked.keys] == [did_ledger.ED25519, did_ledger.BBS]
    assert VECTORS["seed_hex"] not in repr(checked)


def test_takes_methods_and_keys_that_are_named_relatively() -> None:
    document = copy.deepcopy(DOCUMENT)
    for one in document["verificationMethod"]:
        one["id"] = one["id"].removeprefix(DID)
    keys = [{"id": key["id"].replace(DID, ""), "key": key["key"]} for key in KEYS]
    assert custom_did.check(document, keys).root.method.id == did_ledger.root_method(DID)


def test_takes_a_did_that_names_the_key_itself() -> None:
    identifier = base58btc.encode(bytes.fromhex(VECTORS["public_key_raw_hex"]))
    did = f"{did_ledger.PREFIX}testnet:{identifier}_0.0.424242"
    document, keys = json.loads(json.dumps([DOCUMENT, KEYS]).replace(DID, did))
    assert custom_did.check(document, keys).did == did


def _methods(it: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = it["verificationMethod"]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.pop("id"),
        lambda it: it.update(id=7),
        lambda it: it.update(id="did:web:example.org"),
        lambda it: it.pop("@context"),
        lambda it: it.update({"@context": "https://example.org/v1"}),
        lambda it: it.update({"@context": []}),
        lambda it: it.update({"@context": [did_ledger.CONTEXT, {"@vocab": "x:"}]}),
        lambda it: it.update({"@context": {"@import": did_ledger.CONTEXT}}),
        lambda it: it.update(controller=OTHER_DID),
        lambda it: it.update(verificationMethod=[]),
        lambda it: it.update(verificationMethod={}),
        lambda it: it.update(verificationMethod=[None]),
        lambda it: _methods(it).append(dict(_methods(it)[0])),
        lambda it: _methods(it).append({**_methods(it)[0], "id": "#did-root-key"}),
        lambda it: _methods(it)[0].update(controller=OTHER_DID),
        lambda it: _methods(it)[0].update(id=f"{OTHER_DID}#did-root-key"),
        lambda it: _methods(it)[0].update(id=DID),
        lambda it: _methods(it)[0].update(id=f"{DID}#"),
        lambda it: _methods(it)[0].update(id=f"{DID}#a/../b"),
        lambda it: _methods(it)[0].update(id=f"{DID}#did-root-key\n"),
        lambda it: _methods(it)[0].update(type=["Ed25519VerificationKey2018"]),
        lambda it: _methods(it)[0].update(publicKeyBase58=""),
        lambda it: _methods(it)[0].update(publicKeyBase58=_methods(it)[0]["publicKeyBase58"] + " "),
        lambda it: _methods(it)[0].update(publicKeyBase58="1" + _methods(it)[0]["publicKeyBase58"]),
        lambda it: _methods(it)[0].update(publicKeyBase58="z" * 100_000),
        lambda it: _methods(it)[0].update(publicKeyMultibase="z6Mk"),
        lambda it: _methods(it)[0].update(privateKeyBase58="1"),
        lambda it: _methods(it).append(
            {"id": f"{DID}#jwk", "type": "JsonWebKey2020", "controller": DID, "jwk": {"d": "AA"}}
        ),
        lambda it: it.update(authentication=[_methods(it)[0]]),
        lambda it: it.update(authentication=["#another"]),
        lambda it: it.update(keyAgreement="#did-root-key"),
        lambda it: it.update(
            service=[{"id": "#did-root-key", "serviceEndpoint": "https://a.test"}]
        ),
        lambda it: it.update(service=["https://a.test"]),
        lambda it: it.update(publicKey=[]),
        lambda it: it.update(proof={}),
        lambda it: it.update({"__proto__": {"isAdmin": True}}),
        lambda it: it.update(service=[{"id": "#x", "constructor": {"prototype": 1}}]),
        lambda it: it.update(service=[{"id": "#x", "serviceEndpoint": "\0"}]),
        lambda it: it.update(service=[{"id": "#x", "serviceEndpoint": "\ud800"}]),
        lambda it: it.update(service=[{"id": "#x", "size": float("nan")}]),
        lambda it: it.update(service=[{"id": "#x", "size": 10**400}]),
        lambda it: it.update({7: "seven"}),
        lambda it: it.update(alsoKnownAs=("a", "b")),
    ],
)
def test_refuses(change: Change) -> None:
    document = changed(change)
    assert refused(document)
    verdict = custom_did.document_keys(document)
    assert (verdict.is_valid, bool(verdict.error)) == (False, True)
    assert {one.is_valid for one in custom_did.key_verdicts(document, KEYS)} == {False}


@pytest.mark.parametrize("document", [None, [], "", 7, {}, DID])
def test_refuses_what_is_no_document(document: Any) -> None:
    assert refused(document)
    assert not custom_did.document_keys(document).is_valid


def test_refuses_a_did_of_another_key() -> None:
    document, keys = json.loads(json.dumps([DOCUMENT, KEYS]).replace(DID, OTHER_DID))
    assert refused(document, keys) == "The DID is not that of one of the Ed25519 keys."


def _raw(key: bytes) -> str:
    return base58btc.encode(key)


SEED = bytes.fromhex(VECTORS["seed_hex"])
PUBLIC = bytes.fromhex(VECTORS["public_key_raw_hex"])


@pytest.mark.parametrize(
    "keys",
    [
        None,
        [],
        {},
        KEYS[0],
        KEYS[:1],
        KEYS[1:],
        [*KEYS, KEYS[0]],
        [*KEYS, {**KEYS[0], "id": "#did-root-key"}],
        [*KEYS, {"id": f"{DID}#another", "key": KEYS[0]["key"]}],
        [KEYS[0], {**KEYS[1], "id": KEYS[0]["id"]}],
        [{**KEYS[0], "extra": "1"}, KEYS[1]],
        [{"id": KEYS[0]["id"]}, KEYS[1]],
        [{"id": KEYS[0]["id"], "key": 7}, KEYS[1]],
        [{**KEYS[0], "key": _raw(SEED)}, KEYS[1]],
        [{**KEYS[0], "key": _raw(bytes(32) + PUBLIC)}, KEYS[1]],
        [{**KEYS[0], "key": _raw(bytes(32) + OTHER.public.raw)}, KEYS[1]],
        [{**KEYS[0], "key": _raw(SEED + OTHER.public.raw)}, KEYS[1]],
        [{**KEYS[0], "key": _raw(SEED + PUBLIC + b"\0")}, KEYS[1]],
        [{**KEYS[0], "key": KEYS[0]["key"] + "\n"}, KEYS[1]],
        [KEYS[0], {**KEYS[1], "key": _raw(bbs_key.derive(bytes(32)))}],
        [KEYS[0], {**KEYS[1], "key": _raw(b"\0" + bbs_key.derive(SEED))}],
        [KEYS[0], {**KEYS[1], "key": _raw(bytes(32))}],
        [KEYS[0], {**KEYS[1], "key": "z" * 5000}],
        [*KEYS, *({"id": f"{DID}#{n}", "key": "1"} for n in range(20))],
    ],
)
def test_refuses_keys(keys: Any) -> None:
    assert refused(DOCUMENT, keys)


def test_says_which_keys_a_document_has() -> None:
    verdict = custom_did.document_keys(DOCUMENT)
    assert (verdict.is_valid, verdict.error) == (True, "")
    named = {kind: [(one.name, one.id) for one in found] for kind, found in verdict.keys.items()}
    assert named == {
        "Ed25519VerificationKey2018": [("did-root-key", f"{DID}#did-root-key")],
        "Bls12381G2Key2020": [("did-root-key-bbs", f"{DID}#did-root-key-bbs")],
    }


@pytest.mark.parametrize("kept", [0, 1])
def test_says_which_kind_of_key_is_missing(kept: int) -> None:
    def drop(it: dict[str, Any]) -> None:
        it["verificationMethod"] = [_methods(it)[kept]]
        it["authentication"] = it["assertionMethod"] = []

    verdict = custom_did.document_keys(changed(drop))
    assert not verdict.is_valid
    assert verdict.error == f"{DOCUMENT['verificationMethod'][1 - kept]['type']} method not found."


def test_says_of_each_key_whether_it_fits() -> None:
    keys = [KEYS[1], {**KEYS[0], "key": KEYS[1]["key"]}, {"id": "#nothing", "key": "1"}, KEYS[0]]
    verdicts = custom_did.key_verdicts(DOCUMENT, keys)
    assert [(one.id, one.is_valid) for one in verdicts] == [
        (KEYS[1]["id"], True),
        (KEYS[0]["id"], False),
        ("#nothing", False),
        (KEYS[0]["id"], True),
    ]
    with pytest.raises(DidDocumentRefused):
        custom_did.key_verdicts(DOCUMENT, [])


def _nested(depth: int) -> Any:
    found: Any = "x"
    for _ in range(depth):
        found = [found]
    return found


def _itself() -> Any:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    "value",
    [
        _nested(100_000),
        _itself(),
        [[["x"] * 400] * 400] * 400,
        "x" * 40_000_000,
        {str(number): number for number in range(300_000)},
        [{"a": "b"}] * 300_000,
    ],
    ids=["deep", "itself", "wide", "long", "names", "rows"],
)
def test_a_gigantic_document_costs_nothing(value: Any) -> None:
    began = time.process_time()
    assert refused(changed(lambda it: it.update(service=value)))
    assert refused(DOCUMENT, value)
    assert refused(DOCUMENT, [{"id": "#a", "key": value}])
    assert time.process_time() - began < 0.5


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON, _JSON)
def test_refuses_any_json(document: Any, keys: Any) -> None:
    refused(document, keys)
    assert not custom_did.document_keys(document).is_valid


@given(st.sampled_from(sorted(DOCUMENT)), _JSON)
def test_refuses_in_our_words_whatever_a_member_is(name: str, value: Any) -> None:
    document = {**DOCUMENT, name: value}
    try:
        custom_did.check(document, KEYS)
    except DidDocumentRefused:
        return
    # Only what says the same, or less, is taken.
    assert value in ([], DOCUMENT[name], [DOCUMENT[name]])
