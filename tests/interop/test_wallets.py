"""Wallets' own packages and this house read each other's signatures, of every kind of key."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from identity.crypto import (
    base58btc,
    did_address,
    did_key,
    ecdsa_p256,
    ed25519,
    eip191,
    role_credential,
    secp256k1,
    sign_in_message,
    sign_in_proof,
    stable_json,
    wallet_jwt,
    wallet_keys,
)
from identity.crypto.did_address import KeyKind, Role
from identity.crypto.errors import CredentialInvalid, SignatureInvalid, TokenInvalid
from identity.crypto.sign_in_message import Dialect, Message
from identity.crypto.sign_in_proof import Expectation
from tests.interop.test_node import node

pytestmark = pytest.mark.interop

NOW = datetime.now(UTC).replace(microsecond=0)
EPOCH = int(NOW.timestamp())
KINDS = {
    "ed25519": KeyKind.ED25519,
    "secp256k1": KeyKind.SECP256K1,
    "ethereum": KeyKind.ETHEREUM,
}
DOMAIN, URI, NONCE = "login.example.test", "https://login.example.test/login", "n0nceN0nce1234567"
CHALLENGE = "B1946AC92492D2347C6235B4D2611184"
STABLE: list[Any] = [
    {"b": [1, -2.5, 1e21, 1e-7, 123456789.125], "a": {"é": "☃", "\ufb33": 1, "😀": '"\\\n\u001f'}},
    [True, None, "", {}, [], 0, -1, 2**53 - 1],
]


def seed_of(kind: str) -> bytes:
    """The same secret as in wallets.test.mjs."""
    return hashlib.sha256(f"wallet of {kind}".encode()).digest()


PRIVATE = {name: wallet_keys.private_of(kind, seed_of(name)) for name, kind in KINDS.items()}
P256 = ecdsa_p256.parse_private(seed_of("p256").hex())
EDWARDS, POINT = PRIVATE["ed25519"].secret, PRIVATE["secp256k1"].secret
HOLDER = role_credential.Signer(
    did_address.parse(PRIVATE["ed25519"].public.address()), PRIVATE["ed25519"]
)
ISSUER = role_credential.Signer(
    did_address.parse(PRIVATE["ed25519"].public.address(Role.APPLICATION)), PRIVATE["ed25519"]
)


def time_text() -> str:
    return NOW.isoformat().replace("+00:00", "Z")


def message(dialect: Dialect, address: str, chain_id: str, **more: Any) -> Message:
    facts: dict[str, Any] = {
        "statement": "Sign in.",
        "domain": DOMAIN,
        "uri": URI,
        "nonce": NONCE,
        "issued_at": time_text(),
    }
    return Message(dialect=dialect, address=address, chain_id=chain_id, **facts | more)


def tokens() -> Iterator[dict[str, str]]:
    for name, private in PRIVATE.items():
        issuer = did_address.parse(private.public.address())
        for version in ("1.1.0", "1.0.0") if name == "ed25519" else ("1.1.0",):
            claims = {"challenge": CHALLENGE, "nested": {"b": [1, "ü"], "a": True}}
            yield {
                "kind": name,
                "version": version,
                "did": issuer.text,
                "pk": private.public.hex,
                "token": wallet_jwt.sign(
                    private, claims, issuer=issuer, now=EPOCH, version=version
                ),
            }


def sign_in_messages() -> Iterator[dict[str, str]]:
    private = secp256k1.parse_private(seed_of("ethereum"))
    address = PRIVATE["ethereum"].public.address()
    variants: list[dict[str, Any]] = [
        {"nonce": "bare1234", "statement": None},
        {
            "nonce": "full1234",
            "scheme": "https",
            "expiration_time": f"{NOW.year + 1}-01-01T00:00:00Z",
            "not_before": "2026-01-01T00:00:00.000Z",
            "request_id": "a%20b",
            "resources": ("ipfs://bafy/", "https://service.example/?a=b#c"),
        },
    ]
    for more in variants:
        text = sign_in_message.build(message(Dialect.ETHEREUM, address, "1", **more))
        signature = eip191.sign(private, text.encode())
        facts = {"domain": DOMAIN, "nonce": more["nonce"], "now": time_text()}
        yield {"text": text, "signature": signature, "address": address, **facts}


def to_sign() -> Iterator[dict[str, str]]:
    assert isinstance(EDWARDS, ed25519.PrivateKey)
    assert isinstance(POINT, secp256k1.PrivateKey)
    solana = base58btc.encode(EDWARDS.public.raw)
    each: list[tuple[str, str, str, Message]] = [
        ("solana", "ed25519", "", message(Dialect.SOLANA, solana, "mainnet")),
        (
            "ed25519",
            "ed25519",
            "z",
            message(Dialect.DID, did_key.of_key(EDWARDS.public), "did:key"),
        ),
        (
            "secp256k1",
            "secp256k1",
            "z",
            message(Dialect.DID, did_key.of_key(POINT.public), "did:key"),
        ),
        ("p256", "p256", "z", message(Dialect.DID, did_key.of_key(P256.public), "did:key")),
    ]
    for name, signer, prefix, said in each:
        text = sign_in_message.build(said)
        yield {"name": name, "signer": signer, "prefix": prefix, "text": text}


def credentials() -> dict[str, Any]:
    subject = {"id": HOLDER.address.text, "role": {"name": "admin", "title": "Admin ☃"}}
    credential = role_credential.issue(
        subject, types=["Role"], signer=ISSUER, issuer_name="Demo", now=NOW, proof_id=uuid4()
    )
    presentation = role_credential.present(
        [credential], challenge=CHALLENGE, holder=HOLDER, now=NOW
    )
    return {
        "credential": credential,
        "presentation": presentation,
        "holder": HOLDER.address.text,
        "issuer": ISSUER.address.text,
        "challenge": CHALLENGE,
    }


def hashed() -> Iterator[dict[str, str]]:
    for name, private in PRIVATE.items():
        signature = wallet_keys.sign_hashed(private, b"hello")
        yield {
            "kind": name,
            "pk": private.public.hex,
            "did": private.public.address(),
            "message": "hello",
            "signature": "0x" + signature.hex(),
        }


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Node signed, after it has verified what Python signed."""
    folder: Path = tmp_path_factory.mktemp("wallets")
    given = {
        "tokens": list(tokens()),
        "hashed": list(hashed()),
        "messages": list(sign_in_messages()),
        "toSign": list(to_sign()),
        "credentials": credentials(),
        "stable": [{"value": value, "text": stable_json.text(value)} for value in STABLE],
        "challenge": CHALLENGE,
        "domain": DOMAIN,
        "uri": URI,
        "nonce": NONCE,
        "now": time_text(),
    }
    (folder / "given.json").write_text(json.dumps(given))
    node(
        "wallets.test.mjs",
        COUNTERSIGN_WALLETS=str(folder / "given.json"),
        COUNTERSIGN_WALLETS_SIGNED=str(folder / "signed.json"),
    )
    result: dict[str, Any] = json.loads((folder / "signed.json").read_text())
    return result


def test_reads_tokens_of_wallets_of_three_kinds(signed: dict[str, Any]) -> None:
    outcomes = set()
    for said in signed["tokens"]:
        key = wallet_keys.parse_public(said["pk"])
        assert key == PRIVATE[said["kind"]].public
        assert key.address() == said["did"]
        now = int(datetime.now(UTC).timestamp())
        if said["version"] == "1.0.0" and said["kind"] != "ed25519":
            with pytest.raises(TokenInvalid):
                wallet_jwt.verify(said["token"], key, now=now)
            continue
        claims = wallet_jwt.verify(said["token"], key, now=now)
        assert claims.text("challenge") == CHALLENGE
        assert claims.body["requestedClaims"] == [{"type": "profile"}]
        outcomes.add((said["kind"], claims.version))
    assert outcomes == {(kind, "1.1.0") for kind in KINDS} | {("ed25519", "1.0.0")}


def test_reads_messages_of_wallets_of_three_kinds(signed: dict[str, Any]) -> None:
    assert {said["kind"] for said in signed["hashed"]} == set(KINDS)
    for said in signed["hashed"]:
        key, signature = wallet_keys.parse_public(said["pk"]), bytes.fromhex(said["signature"][2:])
        wallet_keys.verify_hashed(key, signature, said["message"].encode())
        with pytest.raises(SignatureInvalid):
            wallet_keys.verify_hashed(key, signature, b"another")


EXPECTED = Expectation(
    domain=DOMAIN,
    uri=URI,
    chains=frozenset({"eip155:1", "solana:mainnet", "did:key"}),
    nonce=NONCE,
    now=NOW,
)


def test_reads_messages_that_siwe_wrote(signed: dict[str, Any]) -> None:
    assert [said["name"] for said in signed["messages"]] == ["bare", "full", "without resources"]
    for said in signed["messages"]:
        proof = sign_in_proof.verify(said["text"], said["signature"], EXPECTED)
        assert proof.address == said["address"] == PRIVATE["ethereum"].public.address()
        assert proof.public_key == PRIVATE["ethereum"].public.raw
        assert sign_in_message.build(proof.message) == said["text"]


def test_reads_proofs_of_other_libraries(signed: dict[str, Any]) -> None:
    kinds = []
    for said in signed["proofs"]:
        proof = sign_in_proof.verify(said["text"], said["signature"], EXPECTED)
        kinds.append(proof.kind)
        assert kinds[-1] == said["name"]
    assert kinds == ["solana", "ed25519", "secp256k1", "p256"]


def test_reads_credentials_of_issuers_of_three_kinds(signed: dict[str, Any]) -> None:
    assert {said["kind"] for said in signed["credentials"]} == set(KINDS)
    for said in signed["credentials"]:
        facts: dict[str, Any] = {"trusted_issuers": {said["issuer"]}, "now": datetime.now(UTC)}
        read = role_credential.verify(
            said["credential"], expected_holder=HOLDER.address.text, **facts
        )
        assert read.subject["role"] == {"name": "admin"}
        with pytest.raises(CredentialInvalid):
            role_credential.verify(
                said["credential"], expected_holder=said["issuer"] + "x", **facts
            )
