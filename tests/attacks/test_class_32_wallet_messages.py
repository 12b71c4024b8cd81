"""Class 32 of the known attacks: a wallet's proof that is bound to too little.

Seen as base/docs#1502 (the domain was not checked), as the replay of ERC-1271 signatures across
contract wallets (LightAccount, Kernel, Biconomy), and wherever an address is asserted rather than
proven. A message for another place, network, time or challenge, a second signature made out of a
first, a raw signature in place of EIP-191's, and a contract's signature are all refused.
"""

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity.crypto import (
    base58btc,
    did_key,
    ecdsa_p256,
    ed25519,
    eip191,
    ethereum_address,
    keccak,
    secp256k1,
    sign_in_message,
    sign_in_proof,
)
from identity.crypto.errors import (
    ContractWalletUnsupported,
    SignatureInvalid,
    SignInMessageMalformed,
    SignInMessageRefused,
)
from identity.crypto.sign_in_message import Dialect, Message
from identity.crypto.sign_in_proof import Expectation

NOW = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ALICE = secp256k1.parse_private(bytes([1]) * 32)
MALLORY = secp256k1.parse_private(bytes([2]) * 32)
EDWARDS = ed25519.parse_private(bytes([3]) * 32)
P256 = ecdsa_p256.parse_private("03" * 32)
ADDRESS = ethereum_address.of_key(ALICE.public.uncompressed[1:])
EXPECTED = Expectation(
    domain="login.example.test",
    uri="https://login.example.test/login",
    chains=frozenset({"eip155:1", "solana:mainnet", "did:key"}),
    nonce="n0nceN0nce1234567",
    now=NOW,
    address=ADDRESS,
)


def stamp(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat().replace("+00:00", "Z")


GOOD = Message(
    dialect=Dialect.ETHEREUM,
    domain="login.example.test",
    address=ADDRESS,
    statement="Sign in to Example.",
    uri="https://login.example.test/login",
    chain_id="1",
    nonce="n0nceN0nce1234567",
    issued_at=stamp(minutes=1),
    expiration_time=stamp(minutes=-4),
)


def signed(message: Message, key: secp256k1.PrivateKey = ALICE) -> tuple[str, str]:
    text = sign_in_message.build(message)
    return text, eip191.sign(key, text.encode())


def test_takes_the_message_that_was_asked_for() -> None:
    text, signature = signed(GOOD)
    proof = sign_in_proof.verify(text, signature, EXPECTED)
    assert (proof.kind, proof.address) == ("ethereum", ADDRESS)
    assert proof.public_key == ALICE.public.uncompressed[1:]
    assert proof.message == GOOD


@pytest.mark.parametrize("v", [0, 1])
def test_takes_the_parity_of_hardware_wallets(v: int) -> None:
    # One of the two is right for each message.
    for minutes in range(1, 9):
        text, signature = signed(dataclasses.replace(GOOD, issued_at=stamp(minutes=minutes)))
        if int(signature[-2:], 16) - 27 == v:
            sign_in_proof.verify(text, f"{signature[:-2]}{v:02x}", EXPECTED)
            return
    pytest.fail("no message had this parity")


OTHERWISE: list[dict[str, Any]] = [
    {"domain": "login.example.test.mallory.example"},
    {"domain": "example.test"},
    {"domain": "LOGIN.example.test"},
    {"domain": "login.example.test:443"},
    {"scheme": "http"},
    {"uri": "https://login.example.test/login/"},
    {"uri": "https://login.example.test/login?next=x"},
    {"uri": "https://login.example.test/s/other/login"},
    {"uri": "http://login.example.test/login"},
    {"uri": "https://mallory.example/login"},
    {"chain_id": "137"},
    {"chain_id": "11155111"},
    {"nonce": "n0nceN0nce1234568"},
    {"nonce": "N0nceN0nce1234567"},
    {"nonce": "n0nceN0nce12345670"},
    {"issued_at": stamp(minutes=11)},
    {"issued_at": stamp(seconds=-6)},
    {"issued_at": "0001-01-01T00:00:00+14:00"},
    {"issued_at": "9999-12-31T23:59:59-14:00"},
    {"expiration_time": stamp(seconds=0)},
    {"expiration_time": stamp(minutes=2)},
    {"not_before": stamp(seconds=-6)},
    {"address": ethereum_address.of_key(MALLORY.public.uncompressed[1:])},
]


@pytest.mark.parametrize("changed", OTHERWISE, ids=str)
def test_refuses_what_was_signed_for_something_else(changed: dict[str, Any]) -> None:
    key = MALLORY if "address" in changed else ALICE
    text, signature = signed(dataclasses.replace(GOOD, **changed), key)
    with pytest.raises(SignInMessageRefused) as refusal:
        sign_in_proof.verify(text, signature, EXPECTED)
    assert (refusal.value.detail, refusal.value.facts) == ("", {})


def test_refuses_another_version() -> None:
    text, signature = signed(GOOD)
    with pytest.raises(SignInMessageMalformed):
        sign_in_proof.verify(text.replace("Version: 1", "Version: 2"), signature, EXPECTED)
    with pytest.raises(SignInMessageRefused):
        sign_in_proof.verify(text, signature, dataclasses.replace(EXPECTED, version="2"))


def test_refuses_an_address_that_is_asserted() -> None:
    text, signature = signed(GOOD, MALLORY)
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify(text, signature, EXPECTED)


def test_refuses_a_signature_over_another_message() -> None:
    _, signature = signed(dataclasses.replace(GOOD, statement="Sign in to something else."))
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify(sign_in_message.build(GOOD), signature, EXPECTED)


def malleable(signature: str) -> str:
    raw = bytes.fromhex(signature[2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


def test_refuses_the_twin_of_a_signature() -> None:
    text, signature = signed(GOOD)
    assert malleable(malleable(signature)) == signature
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify(text, malleable(signature), EXPECTED)


def raw(digest: bytes) -> str:
    return "0x" + secp256k1.sign_recoverable(ALICE, digest).hex()


TEXT, SIGNATURE = signed(GOOD)


@pytest.mark.parametrize(
    "signature",
    [
        raw(keccak.digest(TEXT.encode())),
        raw(eip191.digest(keccak.digest(TEXT.encode()))),
        raw(eip191.digest(TEXT.encode() + b"\n")),
        raw(keccak.digest(b"\x19\x01" + TEXT.encode())),
        SIGNATURE[2:],
        SIGNATURE[:-2],
        SIGNATURE[:-1],
        f"0X{SIGNATURE[2:]}",
        f"{SIGNATURE}\n",
        f"{SIGNATURE[:-2]}{SIGNATURE[-2:]}"[:-2] + "1d",
        f"{SIGNATURE[:-2]}25",
        "0x" + "00" * 65,
        "0x" + "ff" * 65,
        "",
        "0xzz",
    ],
    ids=range(15),
)
def test_refuses_raw_and_misshapen_signatures(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify(TEXT, signature, EXPECTED)


@pytest.mark.parametrize(
    "signature",
    [
        "0x",
        SIGNATURE + SIGNATURE[2:],
        SIGNATURE + "00",
        # ERC-6492: a factory's address, its call and a signature, and the magic at the end.
        "0x" + "00" * 128 + SIGNATURE[2:] + "6492" * 16,
    ],
    ids=["nothing", "two owners", "one byte more", "wrapped"],
)
def test_refuses_contract_wallets_by_name(signature: str) -> None:
    with pytest.raises(ContractWalletUnsupported):
        sign_in_proof.verify(TEXT, signature, EXPECTED)


def other(dialect: Dialect, address: str, chain_id: str) -> Message:
    return dataclasses.replace(GOOD, dialect=dialect, address=address, chain_id=chain_id)


SOLANA = other(Dialect.SOLANA, base58btc.encode(EDWARDS.public.raw), "mainnet")
OTHERS = {
    "solana": SOLANA,
    "ed25519": other(Dialect.DID, did_key.of_key(EDWARDS.public), "did:key"),
    "secp256k1": other(Dialect.DID, did_key.of_key(ALICE.public), "did:key"),
    "p256": other(Dialect.DID, did_key.of_key(P256.public), "did:key"),
    "pkh of ethereum": other(Dialect.DID, f"did:pkh:eip155:1:{ADDRESS}", "eip155:1"),
    "pkh of solana": other(
        Dialect.DID, f"did:pkh:solana:mainnet:{SOLANA.address}", "solana:mainnet"
    ),
}


def signature_of(name: str, text: str) -> str:
    message = text.encode()
    if name == "pkh of ethereum":
        return eip191.sign(ALICE, message)
    if "solana" in name:
        return base58btc.encode(ed25519.sign(EDWARDS, message))
    if name == "ed25519":
        return base58btc.encode_multibase(ed25519.sign(EDWARDS, message))
    if name == "p256":
        return base58btc.encode_multibase(ecdsa_p256.sign(P256, message))
    digest = sha256(message)
    return base58btc.encode_multibase(secp256k1.sign_compact(ALICE, digest))


def sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


@pytest.mark.parametrize("name", OTHERS)
def test_takes_each_kind_of_key(name: str) -> None:
    text = sign_in_message.build(OTHERS[name])
    expected = dataclasses.replace(EXPECTED, address=OTHERS[name].address)
    proof = sign_in_proof.verify(text, signature_of(name, text), expected)
    assert proof.kind == name.removeprefix("pkh of ")
    assert proof.address == OTHERS[name].address


@pytest.mark.parametrize("name", OTHERS)
def test_refuses_each_kinds_message_for_something_else(name: str) -> None:
    changes: list[dict[str, Any]] = [
        {"domain": "mallory.example"},
        {"nonce": "x" * 17},
        {"uri": "https://a.example/"},
    ]
    for changed in changes:
        text = sign_in_message.build(dataclasses.replace(OTHERS[name], **changed))
        with pytest.raises(SignInMessageRefused):
            sign_in_proof.verify(
                text,
                signature_of(name, text),
                dataclasses.replace(EXPECTED, address=OTHERS[name].address),
            )


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("by", OTHERS)
def test_refuses_the_signature_of_another_kind(name: str, by: str) -> None:
    text = sign_in_message.build(OTHERS[name])
    signature = signature_of(by, text)
    if signature == signature_of(name, text):
        return
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify_signature(sign_in_message.parse(text), signature)


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "pkh of ethereum"])
def test_refuses_every_other_text_of_a_signature(name: str) -> None:
    text = sign_in_message.build(OTHERS[name])
    signature = signature_of(name, text)
    message = sign_in_message.parse(text)
    for changed in ("", signature + "1", signature[:-1], f" {signature}", "0x" + "00" * 64):
        with pytest.raises(SignatureInvalid):
            sign_in_proof.verify_signature(message, changed)


def test_refuses_everybodys_key() -> None:
    # The address of Solana's system program is 32 zero bytes, a point of small order.
    message = dataclasses.replace(SOLANA, address=base58btc.encode(bytes(32)))
    identity = b"\x01" + bytes(63)
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify_signature(message, base58btc.encode(identity))


def test_refuses_the_twin_of_a_signature_by_a_did() -> None:
    text = sign_in_message.build(OTHERS["secp256k1"])
    compact = base58btc.decode_multibase(signature_of("secp256k1", text))
    s = ORDER - int.from_bytes(compact[32:], "big")
    twin = base58btc.encode_multibase(compact[:32] + s.to_bytes(32, "big"))
    with pytest.raises(SignatureInvalid):
        sign_in_proof.verify_signature(sign_in_message.parse(text), twin)
