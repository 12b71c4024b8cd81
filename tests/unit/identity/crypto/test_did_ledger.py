"""Ledger DIDs, their documents and BBS keys: byte for byte what the clients' libraries make."""

import json
from typing import Any

import pytest

from identity.crypto import base58btc, bbs_key, did_ledger
from identity.crypto.errors import DidInvalid, KeyInvalid
from tests.serving import ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/guardian.json").read_text())
SEED = bytes.fromhex(VECTORS["seed_hex"])
PUBLIC = bytes.fromhex(VECTORS["public_key_raw_hex"])
DID: str = VECTORS["did"]
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


def test_makes_the_did_of_the_vectors() -> None:
    network, topic = VECTORS["network"], VECTORS["topic_id"]
    assert did_ledger.identifier(network=network, public_key=PUBLIC, topic_id=topic) == DID
    identifier = DID.split(":")[3].partition("_")[0]
    assert did_ledger.parse(DID) == (network, identifier, topic)


def test_makes_the_document_of_the_vectors_member_by_member() -> None:
    bbs = bbs_key.public(bbs_key.derive(SEED))
    made = did_ledger.document(did=DID, public_key=PUBLIC, bbs_public_key=bbs)
    assert json.dumps(made) == json.dumps(VECTORS["did_document"])


def test_derives_the_bbs_key_of_the_vectors() -> None:
    root, bbs = VECTORS["did_keys"]
    assert base58btc.encode(SEED + PUBLIC) == root["key"]
    assert base58btc.encode(bbs_key.derive(SEED)) == bbs["key"]


@pytest.mark.parametrize("scalar", [1, 2, 15, 16, 2**128 + 5, ORDER - 1])
def test_multiplies_as_the_library_does(scalar: int) -> None:
    from py_ecc.bls.g2_primitives import G2_to_signature
    from py_ecc.optimized_bls12_381.optimized_curve import G2, multiply

    assert bbs_key.public(scalar.to_bytes(32, "big")) == G2_to_signature(multiply(G2, scalar))


@pytest.mark.parametrize("scalar", [0, ORDER, 2**256 - 1])
def test_refuses_numbers_that_are_no_key(scalar: int) -> None:
    with pytest.raises(KeyInvalid):
        bbs_key.public(scalar.to_bytes(32, "big"))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_refuses_keys_of_another_size(size: int) -> None:
    with pytest.raises(KeyInvalid):
        bbs_key.public(bytes(size))
    with pytest.raises(KeyInvalid):
        bbs_key.derive(bytes(size))
    with pytest.raises(KeyInvalid):
        did_ledger.identifier(network="local", public_key=bytes(size), topic_id="0.0.1")


HASH = DID.split(":")[3].partition("_")[0]


@pytest.mark.parametrize(
    "did",
    [
        "",
        DID + "#did-root-key",
        DID + "\n",
        " " + DID,
        DID.upper(),
        DID.replace("testnet", "Testnet"),
        DID.replace("testnet", ""),
        DID.replace("testnet", "-"),
        DID.replace("0.0.424242", "0.0"),
        DID.replace("0.0.424242", "00.0.424242"),
        DID.replace("0.0.424242", "0.0.\u0664"),
        DID.replace("0.0.424242", "0.0." + "9" * 20),
        DID.replace(HASH, HASH[:-2]),
        DID.replace(HASH, "1" + HASH),
        DID.replace(HASH, HASH[:-1] + "0"),
        DID.replace("_0.0.424242", ";hedera:testnet:tid=0.0.424242"),
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        DID + "0" * 10_000,
    ],
)
def test_reads_one_form_only(did: str) -> None:
    with pytest.raises(DidInvalid):
        did_ledger.parse(did)


@pytest.mark.parametrize(
    ("network", "topic"), [("Local", "0.0.1"), ("", "0.0.1"), ("local", "1"), ("local", "0.0.01")]
)
def test_makes_no_did_that_it_would_not_read(network: str, topic: str) -> None:
    with pytest.raises(DidInvalid):
        did_ledger.identifier(network=network, public_key=PUBLIC, topic_id=topic)
