"""Addresses of keys: every derivation, role, form and mistake of the vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import did_address, ethereum_address, wallet_keys
from identity.crypto.did_address import HashKind, KeyKind, Role
from identity.crypto.errors import AddressInvalid, KeyInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())
ROLES: dict[str, int] = VECTORS["constants"]["RoleType"]
WALLETS = [pytest.param(wallet, id=wallet["address"]) for wallet in VECTORS["wallets"]]
BY_ROLE = [
    pytest.param(wallet, role, address, id=f"{role}-{address}")
    for wallet in VECTORS["wallets"]
    for role, address in wallet.get("addresses_by_role", {}).items()
]
ED25519, _, SECP256K1, ETHEREUM = VECTORS["wallets"][:4]


def key_of(wallet: dict[str, Any]) -> wallet_keys.PublicKey:
    return wallet_keys.parse_public(wallet["public_key"]["base58btc"])


@pytest.mark.parametrize("wallet", WALLETS)
def test_computes_the_address_of_a_key(wallet: dict[str, Any]) -> None:
    kind = wallet["type"]
    key = key_of(wallet)
    assert key.kind is KeyKind(kind["pk"])
    assert key.address(Role(kind["role"]), HashKind(kind["hash"])) == wallet["address"]


@pytest.mark.parametrize("wallet", WALLETS)
def test_computes_the_public_key_of_a_secret(wallet: dict[str, Any]) -> None:
    seed = bytes.fromhex(wallet["secret_key_hex"][2:66])
    private = wallet_keys.private_of(KeyKind(wallet["type"]["pk"]), seed)
    assert private.public.hex == wallet["public_key"]["hex0x"]
    assert private.public.base58 == wallet["public_key"]["base58btc"]


@pytest.mark.parametrize("wallet", WALLETS)
def test_reads_what_an_address_tells(wallet: dict[str, Any]) -> None:
    told, kind = did_address.parse(wallet["did"]), wallet["type_info_from_did"]
    assert told.text == wallet["to_address_of_did"]
    assert told.did == wallet["did"]
    assert (told.role, told.key_kind, told.hash_kind) == (kind["role"], kind["pk"], kind["hash"])


@pytest.mark.parametrize(("wallet", "role", "address"), BY_ROLE)
def test_computes_the_address_in_every_role(
    wallet: dict[str, Any], role: str, address: str
) -> None:
    key = key_of(wallet)
    assert key.address(Role(ROLES[role])) == address
    parsed = did_address.parse(address)
    assert parsed.role == ROLES[role]
    assert did_address.is_from_public_key(parsed, key.raw, key.kind)


def test_knows_every_role_and_kind_of_the_vectors() -> None:
    constants = VECTORS["constants"]
    assert set(Role) == set(ROLES.values())
    assert set(KeyKind) == set(constants["KeyType"].values())
    assert set(HashKind) == set(constants["HashType"].values())
    assert len(BY_ROLE) == 78


@pytest.mark.parametrize("wallet", WALLETS)
def test_takes_the_forms_of_a_public_key_that_the_vectors_take(wallet: dict[str, Any]) -> None:
    address = did_address.parse(wallet["address"])
    for form in ("hex0x", "hex", "base58btc", "base64url", "base64"):
        text, is_taken = wallet["public_key"][form], wallet["is_from_public_key"][form]
        assert is_from(address, text) is is_taken, form
    raw = wallet_keys.parse_public_base64(wallet["public_key"]["base64"]).raw
    assert raw == key_of(wallet).raw


def is_from(address: did_address.Address, text: str) -> bool:
    try:
        wallet_keys.verify_owner(address, wallet_keys.parse_public(text))
    except (KeyInvalid, AddressInvalid):
        return False
    return True


@pytest.mark.parametrize("fixture", VECTORS["server_fixtures"], ids=lambda fixture: fixture["did"])
def test_knows_the_servers_own_addresses(fixture: dict[str, Any]) -> None:
    address = did_address.parse(fixture["did"])
    assert address.role == fixture["type"]["role"]
    assert is_from(address, fixture["pk"]) is fixture["is_from_public_key"] is True


VALIDITY = [each for each in VECTORS["did_validity"] if each["did"] is not None]


@pytest.mark.parametrize("each", VALIDITY, ids=lambda each: each["did"])
def test_tells_a_valid_did(each: dict[str, Any]) -> None:
    assert did_address.is_valid(each["did"]) is each["isValid"]


def test_compares_addresses_of_ethereum_in_their_one_form() -> None:
    shouted = "0x" + ETHEREUM["address"][2:].upper()
    for text in (ETHEREUM["address"], ETHEREUM["address"].lower(), shouted, ETHEREUM["did"]):
        assert did_address.normalise(text) == ETHEREUM["address"]
    assert ethereum_address.is_checksummed(ETHEREUM["address"])
    assert not ethereum_address.is_checksummed(ETHEREUM["address"].lower())
    assert not ethereum_address.is_checksummed(ETHEREUM["address"][2:])


@pytest.mark.parametrize("other", [SECP256K1, ETHEREUM])
def test_refuses_the_same_point_as_another_kind_of_key(other: dict[str, Any]) -> None:
    twin = ETHEREUM if other is SECP256K1 else SECP256K1
    assert SECP256K1["public_key"]["hex"][2:] == ETHEREUM["public_key"]["hex"]
    assert not is_from(did_address.parse(other["address"]), twin["public_key"]["hex0x"])


@pytest.mark.parametrize(
    "text",
    [
        "0x" + "02" + SECP256K1["public_key"]["hex"][2:66],
        "0x" + "05" + SECP256K1["public_key"]["hex"][2:],
        "0x04" + "11" * 64,
        "0x" + "11" * 64,
        ED25519["public_key"]["hex0x"] + "\n",
        " " + ED25519["public_key"]["base58btc"],
        ED25519["public_key"]["base58btc"] + " ",
        ED25519["public_key"]["base58btc"] + "0",
        "z" + "1" * 300,
        "",
        "z",
    ],
)
def test_refuses_other_texts_as_a_public_key(text: str) -> None:
    with pytest.raises(KeyInvalid):
        wallet_keys.parse_public(text)


@pytest.mark.parametrize("text", ["", "AA==", "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1x=", "%"])
def test_refuses_other_texts_as_base64_of_a_key(text: str) -> None:
    with pytest.raises(KeyInvalid):
        wallet_keys.parse_public_base64(text)


@pytest.mark.parametrize("wallet", WALLETS)
def test_signs_messages_by_their_hash_as_the_vectors_do(wallet: dict[str, Any]) -> None:
    said, key = wallet["message_signature"], key_of(wallet)
    message, signature = said["message"].encode(), bytes.fromhex(said["signature_hex"])
    assert wallet_keys.message_digest(key.kind, message).hex() == said["digest_hex"]
    wallet_keys.verify_hashed(key, signature, message)
    seed = bytes.fromhex(wallet["secret_key_hex"][2:66])
    private = wallet_keys.private_of(key.kind, seed)
    assert wallet_keys.sign_hashed(private, message) == signature


@pytest.mark.parametrize(
    "text", ["z" * 81, "did:" + "a" * 90, "did:abt:did:abt:z1", "z" + "1" * 60]
)
def test_reads_no_longer_text_as_an_address(text: str) -> None:
    with pytest.raises(AddressInvalid):
        did_address.parse(text)


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_computes_no_address_of_another_size_of_key(size: int) -> None:
    with pytest.raises(ValueError, match="64"):
        ethereum_address.of_key(bytes(size))


def test_has_no_private_keys_of_passkeys() -> None:
    with pytest.raises(KeyInvalid):
        wallet_keys.private_of(KeyKind.PASSKEY, bytes(32))


def test_computes_the_address_of_a_passkey() -> None:
    address = did_address.address_of(b"cose", KeyKind.PASSKEY, Role.PASSKEY, HashKind.SHA2)
    parsed = did_address.parse(address)
    assert (parsed.role, parsed.key_kind) == (Role.PASSKEY, KeyKind.PASSKEY)
    assert did_address.is_from_public_key(parsed, b"cose", KeyKind.PASSKEY)
    assert not did_address.is_from_public_key(parsed, b"cosf", KeyKind.PASSKEY)
