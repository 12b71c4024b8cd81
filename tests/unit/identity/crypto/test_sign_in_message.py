"""Sign-in messages: the three dialects, read and written in one form."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import (
    base58btc,
    chain_account,
    did_key,
    ecdsa_p256,
    ed25519,
    secp256k1,
    sign_in_message,
    sign_in_proof,
)
from identity.crypto.errors import AddressInvalid, KeyInvalid, SignInMessageMalformed
from identity.crypto.sign_in_message import Dialect, Message

ADDRESS = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
SOLANA = base58btc.encode(bytes(range(1, 33)))
DID = did_key.of_key(ed25519.parse_private(bytes(32)).public)

FULL = f"""\
https://service.example wants you to sign in with your Ethereum account:
{ADDRESS}

I accept the Terms (v1.0): https://service.example/tos?x=1#2

URI: https://service.example/login
Version: 1
Chain ID: 1
Nonce: 32891756abc
Issued At: 2026-09-30T16:25:24Z
Expiration Time: 2026-09-30T16:30:24.123Z
Not Before: 2026-09-30T18:25:24+02:00
Request ID: some-id%20x
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://service.example/my-web2-claim.json"""

BARE = f"""\
service.example:8443 wants you to sign in with your Ethereum account:
{ADDRESS}


URI: https://service.example:8443/login
Version: 1
Chain ID: 137
Nonce: 32891756
Issued At: 2026-09-30T16:25:24Z"""

OF_SOLANA = f"""\
service.example wants you to sign in with your Solana account:
{SOLANA}

Hello

URI: https://service.example/login
Version: 1
Chain ID: mainnet
Nonce: 32891756
Issued At: 2026-09-30T16:25:24Z"""

OF_DID = f"""\
service.example wants you to sign in with your DID account:
{DID}

URI: https://service.example/login
Version: 1
Chain ID: did:key
Nonce: 32891756
Issued At: 2026-09-30T16:25:24Z"""

OF_PKH = OF_DID.replace(DID, f"did:pkh:eip155:1:{ADDRESS}").replace("did:key", "eip155:1")
TEXTS = [FULL, BARE, OF_SOLANA, OF_DID, OF_PKH]


@pytest.mark.parametrize("text", TEXTS)
def test_writes_what_it_reads(text: str) -> None:
    assert sign_in_message.build(sign_in_message.parse(text)) == text


def test_reads_every_field() -> None:
    assert sign_in_message.parse(FULL) == Message(
        dialect=Dialect.ETHEREUM,
        scheme="https",
        domain="service.example",
        address=ADDRESS,
        statement="I accept the Terms (v1.0): https://service.example/tos?x=1#2",
        uri="https://service.example/login",
        version="1",
        chain_id="1",
        nonce="32891756abc",
        issued_at="2026-09-30T16:25:24Z",
        expiration_time="2026-09-30T16:30:24.123Z",
        not_before="2026-09-30T18:25:24+02:00",
        request_id="some-id%20x",
        resources=(
            "ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/",
            "https://service.example/my-web2-claim.json",
        ),
    )


def test_tells_what_is_missing_from_what_is_empty() -> None:
    bare = sign_in_message.parse(BARE)
    assert (bare.scheme, bare.statement, bare.request_id, bare.resources) == (None,) * 4
    empty = sign_in_message.parse(f"{BARE}\nRequest ID: \nResources:")
    assert (empty.request_id, empty.resources) == ("", ())


def test_names_networks_as_caip_2_does() -> None:
    solana = OF_SOLANA.replace("mainnet", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp")
    assert [sign_in_message.parse(text).chain for text in (*TEXTS, solana)] == [
        "eip155:1",
        "eip155:137",
        "solana:mainnet",
        "did:key",
        "eip155:1",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    ]


CHANGES = [
    ("service.example wants", "mallory@service.example wants"),
    ("service.example wants", "service.example/ wants"),
    ("service.example wants", " wants"),
    ("service.example wants", "sérvice.example wants"),
    ("https://service.example wants", "://service.example wants"),
    ("https://service.example wants", "1ttps://service.example wants"),
    ("Ethereum account", "ethereum account"),
    ("Ethereum account", "Bitcoin account"),
    ("account:\n", "account: \n"),
    (ADDRESS, ADDRESS.lower()),
    (ADDRESS, ADDRESS[2:]),
    (ADDRESS, ADDRESS.replace("C02a", "c02a")),
    (ADDRESS, ADDRESS + " "),
    (ADDRESS, SOLANA),
    ("I accept", 'I "accept"'),
    ("I accept", "I accept 100%"),
    ("I accept", "I\naccept"),
    ("I accept", "I\raccept"),
    ("I accept", "I áccept"),
    ("I accept", "I\u202eaccept"),
    ("URI: https", "URI: "),
    ("URI: https", "uri: https"),
    ("URI: https", "URI:https"),
    ("URI: https://service", "URI: https://ser vice"),
    ("URI: https://service", "URI: https://ser%zzvice"),
    ("URI: https://service", "URI: https://a@b@service"),
    ("/login", "/login#a#b"),
    ("/login", "/login[1]"),
    ("Version: 1", "Version: 2"),
    ("Version: 1", "Version: 01"),
    ("Chain ID: 1", "Chain ID: 01"),
    ("Chain ID: 1", "Chain ID: 0x1"),
    ("Chain ID: 1", "Chain ID: eip155:1"),
    ("Chain ID: 1", "Chain ID: 0"),
    ("Chain ID: 1", "Chain ID: \u0661"),
    ("Nonce: 32891756abc", "Nonce: 3289175"),
    ("Nonce: 32891756abc", "Nonce: 32891756-abc"),
    ("Nonce: 32891756abc\n", ""),
    ("Nonce: 32891756abc", "Nonce: 32891756abc\nNonce: 32891756abc"),
    ("16:25:24Z", "16:25:24"),
    ("16:25:24Z", "16:25:60Z"),
    ("16:25:24Z", "16:25Z"),
    ("16:25:24Z", "16:25:24z"),
    ("-30T16:25", "-31T16:25"),
    ("-30T16:25", "-30 16:25"),
    ("2026-09-30T16:25", "0000-09-30T16:25"),
    ("+02:00", "+0200"),
    ("+02:00", "+24:00"),
    ("Request ID: some-id", "Request ID: some id"),
    ("Resources:\n", "Resources:\n\n"),
    ("- ipfs", "-ipfs"),
    ("- ipfs", "- not a uri"),
    ("- ipfs:", "- "),
    ("\n", "\r\n"),
    ("json", "json\n"),
    ("Expiration Time", "Not Before"),
]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_reads_no_other_form(old: str, new: str) -> None:
    assert old in FULL
    with pytest.raises(SignInMessageMalformed):
        sign_in_message.parse(FULL.replace(old, new))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" + FULL,
        " " + FULL,
        "\ufeff" + FULL,
        FULL + "\x00",
        BARE.replace("\n\n\n", "\n\n"),
        OF_SOLANA.replace(SOLANA, ADDRESS),
        OF_SOLANA.replace(SOLANA, SOLANA + "11"),
        OF_SOLANA.replace(SOLANA, "0" + SOLANA[1:]),
        OF_SOLANA.replace("\n\nHello\n\n", "\n\n\n"),
        OF_DID.replace("Chain ID: did:key", "Chain ID: eip155:1"),
        OF_DID.replace(DID, "did:web:service.example"),
        OF_DID.replace(DID, DID + "#" + DID[8:]),
        OF_PKH.replace("Chain ID: eip155:1", "Chain ID: eip155:10"),
        OF_PKH.replace(ADDRESS, ADDRESS.lower()),
        FULL.replace("I accept", "x" * 9000),
        BARE + "\nResources:" + "\n- a:b" * 33,
        BARE + "\nResources:" + "\n- " + "a" * 3000 + "\n- " * 500,
    ],
    ids=range(18),
)
def test_reads_no_other_text(text: str) -> None:
    with pytest.raises(SignInMessageMalformed):
        sign_in_message.parse(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"domain": "a.example wants you to sign in with your Ethereum account:\nx"},
        {"statement": ""},
        {"statement": "one\n\nURI: https://mallory.example"},
        {"nonce": "short"},
        {"nonce": "12345678\nIssued At: 2026-09-30T16:25:24Z"},
        {"version": "2"},
        {"request_id": "a\nResources:\n- a:b"},
        {"resources": ("a:b\n- c:d",)},
        {"dialect": Dialect.SOLANA},
        {"expiration_time": "2026-02-30T00:00:00Z"},
    ],
    ids=str,
)
def test_writes_nothing_that_reads_as_something_else(changed: dict[str, Any]) -> None:
    message = dataclasses.replace(sign_in_message.parse(FULL), **changed)
    with pytest.raises(SignInMessageMalformed):
        sign_in_message.build(message)


def test_reads_accounts_on_ledgers() -> None:
    account = chain_account.parse(f"did:pkh:eip155:137:{ADDRESS}")
    assert (account.chain, account.address) == ("eip155:137", ADDRESS)
    assert account.did == f"did:pkh:eip155:137:{ADDRESS}"
    assert chain_account.parse(f"solana:mainnet:{SOLANA}").did == f"did:pkh:solana:mainnet:{SOLANA}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"did:pkh:eip155:1:{ADDRESS.lower()}",
        f"did:pkh:eip155:01:{ADDRESS}",
        f"did:pkh:eip155:x:{ADDRESS}",
        f"did:pkh:bip122:1:{ADDRESS}",
        f"did:pkh:solana:mainnet:{ADDRESS}",
        f"did:pkh:did:pkh:eip155:1:{ADDRESS}",
        f"did:pkh:eip155:1:{ADDRESS}\n",
    ],
)
def test_reads_no_other_account(text: str) -> None:
    with pytest.raises(AddressInvalid):
        chain_account.parse(text)


EDWARDS = ed25519.parse_private(bytes([1]) * 32).public
KEYS = [
    EDWARDS,
    secp256k1.parse_private(bytes([1]) * 32).public,
    ecdsa_p256.parse_private("01" * 32).public,
]


@pytest.mark.parametrize("key", KEYS)
def test_reads_the_did_of_each_kind_of_key(key: Any) -> None:
    assert did_key.parse(did_key.of_key(key)).point == key


def test_knows_published_dids() -> None:
    # The examples of the did:key specification, one for each kind.
    examples = {
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp": "ed25519",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme": "secp256k1",
        "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169": "p256",
    }
    for did, kind in examples.items():
        assert did_key.parse(did).kind == kind
        assert did_key.of_key(did_key.parse(did).point) == did


UNCOMPRESSED = secp256k1.parse_private(bytes([1]) * 32).public.uncompressed


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:key:",
        "did:key:z",
        DID[:-1],
        DID + "1",
        DID.replace(":z", ":f"),
        DID.replace("did:", "DID:"),
        "did:key:" + base58btc.encode_multibase(b"\xed\x01" + bytes(32)),
        "did:key:" + base58btc.encode_multibase(b"\xec\x01" + EDWARDS.raw),
        "did:key:" + base58btc.encode_multibase(b"\xe7\x01" + UNCOMPRESSED[:33]),
        "did:key:" + base58btc.encode_multibase(b"\xe7\x01" + UNCOMPRESSED),
        "did:key:" + base58btc.encode_multibase(b"\x80\x24" + bytes(33)),
    ],
)
def test_reads_no_other_did(did: str) -> None:
    with pytest.raises(AddressInvalid):
        did_key.parse(did)


# Points of small order (RFC 7748 and libsodium name them): anybody can sign under them.
SMALL = [
    "00" * 32,
    "01" + "00" * 31,
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("raw", SMALL)
def test_refuses_keys_that_are_everybodys(raw: str) -> None:
    with pytest.raises(KeyInvalid):
        ed25519.parse_foreign_public(bytes.fromhex(raw))


PAGE = (Path(__file__).parents[4] / "docs/wallets.md").read_text()


def test_reproduces_the_example_of_the_page() -> None:
    text, signature = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    message = sign_in_message.parse(text)
    private = ed25519.parse_private(bytes(range(32)))
    assert message.address == did_key.of_key(private.public)
    assert base58btc.encode_multibase(ed25519.sign(private, text.encode())) == signature
    proof = sign_in_proof.verify_signature(message, signature)
    assert (proof.kind, proof.public_key) == ("ed25519", private.public.raw)
