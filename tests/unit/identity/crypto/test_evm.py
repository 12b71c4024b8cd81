"""What accounts of Ethereum sign: the vectors of the EIPs, and the same as eth-account."""

import contextlib
import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_keys.backends.coincurve import CoinCurveECCBackend
from eth_keys.datatypes import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import ethereum_address, evm, keccak, secp256k1
from identity.crypto.evm import PersonalMessage, Transaction, TypedData
from identity.errors import Invalid

SECRET = bytes(range(1, 33))
KEY = secp256k1.parse_private(SECRET)
ACCOUNT = Account.from_key(SECRET)
ADDRESS = ethereum_address.of_key(KEY.public.uncompressed[1:])
TO = "0x" + "35" * 20
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# The example of EIP-155.
EIP_155: dict[str, Any] = {
    "nonce": 9,
    "gasPrice": 20 * 10**9,
    "gas": 21000,
    "to": TO,
    "value": 10**18,
    "data": "0x",
    "chainId": 1,
}
TIPPED: dict[str, Any] = {
    "type": "0x2",
    "nonce": "0x1",
    "gas": "0x5208",
    "maxFeePerGas": "0x77359400",
    "maxPriorityFeePerGas": "0x3B9ACA00",
    "to": TO,
    "value": "1000000000000000000",
    "chainId": "0xaa36a7",
}
LISTED: dict[str, Any] = EIP_155 | {
    "type": "0x1",
    "accessList": [{"address": TO, "storageKeys": ["0x" + "01" * 32, "0x" + "00" * 32]}],
}

# The example of EIP-712.
PERSON = [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}]
MAIL: dict[str, Any] = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "Person": PERSON,
        "Mail": [
            {"name": "from", "type": "Person"},
            {"name": "to", "type": "Person"},
            {"name": "contents", "type": "string"},
        ],
    },
    "primaryType": "Mail",
    "domain": {
        "name": "Ether Mail",
        "version": "1",
        "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    },
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
        "contents": "Hello, Bob!",
    },
}


def of_one(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    """Typed data with one member of this type."""
    types = {"One": [{"name": "value", "type": kind}], **more}
    message = {"value": value}
    return {"types": types, "primaryType": "One", "domain": {"name": "x"}, "message": message}


def test_signs_the_example_of_eip_155() -> None:
    key = secp256k1.parse_private(b"\x46" * 32)
    read = Transaction.read(EIP_155)
    assert read.digest.hex() == "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
    raw = evm.sign(key, read).raw_transaction
    assert raw is not None
    assert raw.hex() == (
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
        "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
        "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    )


def test_signs_the_example_of_eip_712() -> None:
    # The key of the example is the digest of the text "cow".
    key = secp256k1.parse_private(keccak.digest(b"cow"))
    for given_as in (MAIL, json.dumps(MAIL)):
        read = TypedData.read(given_as)
        assert (
            read.digest.hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
        )
        assert evm.sign(key, read).signature.hex() == (
            "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
            "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
            "1c"
        )


def test_the_library_signs_with_the_same_backend() -> None:
    assert isinstance(PrivateKey(SECRET).backend, CoinCurveECCBackend)


@given(st.binary(max_size=300))
def test_signs_messages_as_the_library(message: bytes) -> None:
    signed = evm.sign(KEY, PersonalMessage(message))
    assert signed.signature == bytes(ACCOUNT.sign_message(encode_defunct(message)).signature)
    assert signed.signature[64] in (27, 28)
    assert int.from_bytes(signed.signature[32:64], "big") <= ORDER // 2
    assert secp256k1.recover(signed.signature, signed.digest).point == KEY.public.point


words = st.integers(0, 2**64 - 2)
amounts = st.integers(0, 2**128)
slots = st.binary(min_size=32, max_size=32).map(lambda key: "0x" + key.hex())
entries = st.fixed_dictionaries({"address": st.just(TO), "storageKeys": st.lists(slots)})
common = {
    "nonce": words,
    "gas": words,
    "value": st.integers(0, 2**256 - 1),
    "chainId": st.integers(1, 2**63 - 37),
    "data": st.binary(min_size=1, max_size=200).map(lambda data: "0x" + data.hex()),
}
legacy = st.fixed_dictionaries(common | {"gasPrice": amounts, "to": st.sampled_from([TO, ""])})
listed = st.fixed_dictionaries(
    common
    | {"gasPrice": amounts, "to": st.just(TO), "type": st.just(1)}
    | {"accessList": st.lists(entries, max_size=3)}
)
tipped = st.fixed_dictionaries(
    common
    | {"maxFeePerGas": st.integers(2**64, 2**128), "maxPriorityFeePerGas": words}
    | {"to": st.sampled_from([TO, ""]), "type": st.just(2)}
)


@given(st.one_of(legacy, listed, tipped))
def test_signs_transactions_as_the_library(fields: dict[str, Any]) -> None:
    expected = ACCOUNT.sign_transaction(fields)
    read = Transaction.read(fields)
    signed = evm.sign(KEY, read)
    assert signed.raw_transaction == bytes(expected.raw_transaction)
    assert signed.signature[:64] == expected.r.to_bytes(32, "big") + expected.s.to_bytes(32, "big")
    assert Account.recover_transaction(signed.raw_transaction) == ADDRESS
    assert Transaction.read(read.wire()) == read


@pytest.mark.parametrize("fields", [EIP_155, TIPPED, LISTED], ids=["155", "1559", "2930"])
def test_every_spelling_is_one_transaction(fields: dict[str, Any]) -> None:
    read = Transaction.read(fields)
    numbers = {name: value for name, value in read.wire().items() if name not in {"to", "data"}}
    for spelled in (
        lambda value: value.upper(),
        lambda value: str(int(value, 16)),
        lambda value: int(value, 16),
        lambda value: "0x0" + value[2:],
    ):
        other = {name: spelled(value) for name, value in numbers.items() if type(value) is str}
        assert Transaction.read(fields | other) == read


def test_takes_the_type_as_clients_write_it() -> None:
    for written in ("0x0", "0x00", 0, "0"):
        assert Transaction.read(EIP_155 | {"type": written}).type == 0
    untyped = {name: value for name, value in TIPPED.items() if name != "type"}
    assert Transaction.read(untyped).type == 2
    assert Transaction.read({**LISTED, "type": None}).type == 1


@pytest.mark.parametrize(
    "change",
    [
        {"chainId": None},
        {"chainId": 0},
        {"nonce": None},
        {"nonce": 2**64 - 1},
        {"gas": None},
        {"gas": "0x"},
        {"gas": -1},
        {"gas": True},
        {"gas": 1.0},
        {"gas": " 1"},
        {"gas": "1\n"},
        {"gas": "\u0661"},
        {"value": 2**256},
        {"value": "0x" + "1" * 65},
        {"value": "1e18"},
        {"gasPrice": None},
        {"maxFeePerGas": 1},
        {"maxFeePerGas": 1, "maxPriorityFeePerGas": 1},
        {"type": "0x3"},
        {"type": "0x4"},
        {"type": "0x2"},
        {"type": "0x100"},
        {"blobVersionedHashes": []},
        {"authorizationList": []},
        {"gasLimit": 1},
        {"to": "0x" + "35" * 19},
        {"to": "35" * 20},
        {"to": 5},
        {"to": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD827"},
        {"to": None},
        {"data": "0x1"},
        {"data": "text"},
        {"data": "0x" + "00" * 65537},
        {"data": "0x01", "input": "0x02"},
        {"from": "0x1"},
        {"type": 0, "accessList": [{"address": TO, "storageKeys": []}]},
        {"type": 1, "accessList": [{"address": TO, "storageKeys": ["0x01"]}]},
        {"type": 1, "accessList": [{"address": TO}]},
        {"type": 1, "accessList": [{"address": TO, "storageKeys": [], "more": 1}]},
        {"type": 1, "accessList": "0x"},
        {"type": 1, "accessList": [{"address": TO, "storageKeys": []}] * 257},
    ],
    ids=str,
)
def test_refuses_what_is_no_transaction(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Transaction.read(EIP_155 | change)


def test_refuses_a_tip_above_the_fee() -> None:
    with pytest.raises(Invalid):
        Transaction.read(TIPPED | {"maxPriorityFeePerGas": "0x77359401"})


def test_tells_policies_what_a_transaction_does() -> None:
    call = Transaction.read(TIPPED | {"data": "0xA9059CBB" + "00" * 64, "from": ADDRESS})
    assert call.facts() == {
        "to": TO,
        "value_wei": 10**18,
        "fee_wei": 21000 * 2 * 10**9,
        "chain_id": 11155111,
        "nonce": 1,
        "selector": "0xa9059cbb",
        "data_bytes": 68,
    }
    assert call.sender == ADDRESS.lower()
    made = Transaction.read({**TIPPED, "to": None, "data": "0x6001600155"})
    assert (made.facts()["to"], made.facts()["selector"]) == ("", "")


def test_typed_data_is_one_thing_in_every_spelling() -> None:
    read = TypedData.read(MAIL)
    assert TypedData.read(read.wire()) == read
    capitals = MAIL | {"domain": MAIL["domain"] | {"chainId": "0x1"}}
    assert TypedData.read(capitals) == read
    undeclared = {name: of for name, of in MAIL["types"].items() if name != "EIP712Domain"}
    assert TypedData.read(MAIL | {"types": undeclared}) == read
    unused = MAIL["types"] | {"Unused": PERSON}
    assert TypedData.read(MAIL | {"types": unused}) == read
    assert read.facts() == {
        "primary_type": "Mail",
        "domain_name": "Ether Mail",
        "domain_contract": "0x" + "cc" * 20,
        "domain_chain_id": 1,
    }


def test_keeps_only_what_is_signed() -> None:
    more = MAIL["message"] | {"note": "never signed"}
    assert "note" not in TypedData.read(MAIL | {"message": more}).message


GOOD: list[tuple[str, Any]] = [
    ("uint8", 255),
    ("uint256", str(2**256 - 1)),
    ("uint", "0xff"),
    ("int8", -128),
    ("int256", "-5"),
    ("int", 7),
    ("bool", False),
    ("bool", True),
    ("address", TO),
    ("string", ""),
    ("string", "héllo"),
    ("bytes", "0x"),
    ("bytes", "0x0102"),
    ("bytes4", "0x01020304"),
    ("bytes32", "0x" + "ab" * 32),
    ("uint8[]", []),
    ("uint8[2]", [1, 2]),
    ("uint8[2][]", [[1, 2], [3, 4]]),
    ("string[]", ["a", "b"]),
    ("bytes4[]", ["0x01020304"]),
    ("address[1]", [TO]),
    ("bool[]", [True, False]),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_hashes_each_type_as_the_library(kind: str, value: Any) -> None:
    asked = of_one(kind, value)
    assert (
        evm.sign(KEY, TypedData.read(asked)).signature
        == ACCOUNT.sign_message(encode_typed_data(full_message=asked)).signature
    )


def test_hashes_lists_of_structures_as_the_library() -> None:
    person = {"name": "Cow", "wallet": TO}
    asked = of_one("Person[]", [person, person], Person=PERSON)
    assert (
        evm.sign(KEY, TypedData.read(asked)).signature
        == ACCOUNT.sign_message(encode_typed_data(full_message=asked)).signature
    )


BAD: list[tuple[str, Any]] = [
    ("uint8", 256),
    ("uint8", -1),
    ("uint8", True),
    ("uint8", 1.0),
    ("uint8", "one"),
    ("int8", 128),
    ("int8", -129),
    ("bool", "false"),
    ("bool", 0),
    ("address", "0x35"),
    ("string", 5),
    ("string", None),
    ("string", "\0"),
    ("bytes", "text"),
    ("bytes", [1]),
    ("bytes4", "0x010203"),
    ("bytes33", "0x" + "00" * 33),
    ("bytes0", "0x"),
    ("uint7", 1),
    ("uint264", 1),
    ("uint8[2]", [1]),
    ("uint8[]", "0x01"),
    ("uint8[0]", []),
    ("Nobody", {}),
    ("fixed", "1"),
    ("string", {}),
]


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_refuses_values_that_are_not_of_their_type(kind: str, value: Any) -> None:
    with pytest.raises(Invalid):
        TypedData.read(of_one(kind, value))


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return of_one("uint8" + "[]" * levels, value)


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "[]",
        "{",
        '{"types":{},"types":{}}',
        "\ud800",
        [],
        {**MAIL, "more": 1},
        {**MAIL, "primaryType": "EIP712Domain"},
        {**MAIL, "primaryType": "Nobody"},
        {**MAIL, "primaryType": 1},
        {**MAIL, "types": []},
        {**MAIL, "types": {"Mail": PERSON, "uint8": PERSON}},
        {**MAIL, "types": {"Mail": PERSON * 2}},
        {**MAIL, "types": {"Mail": [{"name": "a b", "type": "string"}]}},
        {**MAIL, "types": {"Mail": [{"name": "a"}]}},
        {**MAIL, "types": {"Mail": "string a"}},
        {**MAIL, "domain": None},
        {**MAIL, "domain": {}},
        {**MAIL, "domain": {"name": 5}},
        {**MAIL, "message": []},
        {**MAIL, "message": {}},
        {**MAIL, "types": MAIL["types"] | {"EIP712Domain": PERSON}},
        {**MAIL, "types": MAIL["types"] | {"EIP712Domain": MAIL["types"]["EIP712Domain"][::-1]}},
        nested(13),
        of_one("uint8[]", [1] * 1001),
        of_one("string", "x" * 65536),
        of_one("A", {}, A=[{"name": f"m{at}", "type": "bool"} for at in range(128)]),
    ],
    ids=lambda asked: str(asked)[:60].encode("ascii", "replace").decode(),
)
def test_refuses_what_is_no_typed_data(asked: Any) -> None:
    with pytest.raises(Invalid):
        TypedData.read(asked)


def test_reads_an_empty_domain() -> None:
    asked = of_one("uint8", 1) | {"domain": {}}
    assert (
        evm.sign(KEY, TypedData.read(asked)).signature
        == ACCOUNT.sign_message(encode_typed_data(full_message=asked)).signature
    )


anything = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(MAIL)), anything)
def test_reads_typed_data_or_refuses_it(name: str, value: Any) -> None:
    with contextlib.suppress(Invalid):
        assert TypedData.read(MAIL | {name: value}).digest


@given(st.sampled_from(sorted({*EIP_155, "accessList", "from", "type"})), anything)
def test_reads_a_transaction_or_refuses_it(name: str, value: Any) -> None:
    with contextlib.suppress(Invalid):
        assert Transaction.read(EIP_155 | {name: value}).digest


def test_shows_a_message_only_where_it_can_be_read() -> None:
    assert PersonalMessage(b"Hello,\n\tBob").text == "Hello,\n\tBob"
    assert PersonalMessage("pay Bob\u202e".encode()).text is None
    assert PersonalMessage(b"\xff").text is None
    assert PersonalMessage(b"Hello").facts() == {"message_bytes": 5, "message_text": "Hello"}
    assert PersonalMessage(b"x" * 5000).facts() == {"message_bytes": 5000}
    assert PersonalMessage(b"Hello\xff").facts() == {"message_bytes": 6}


def test_refuses_a_message_that_is_too_long() -> None:
    assert PersonalMessage(b"x" * 65536).digest
    with pytest.raises(Invalid):
        PersonalMessage(b"x" * 65537)


def test_reads_only_the_three_kinds() -> None:
    assert evm.read("personal_message", {"message": "0x6869"}) == PersonalMessage(b"hi")
    for kind, wrong in (("eth_sign", {}), ("personal_message", {"message": "hi"})):
        with pytest.raises(Invalid):
            evm.read(kind, wrong)


def test_three_kinds_never_have_one_digest() -> None:
    digests = {PersonalMessage(b"").digest, Transaction.read(EIP_155).digest}
    assert len(digests | {TypedData.read(MAIL).digest}) == 3


def test_shows_no_signature_when_printed() -> None:
    signed = evm.sign(KEY, Transaction.read(EIP_155))
    assert signed.raw_transaction is not None
    assert repr(signed.raw_transaction) not in repr(signed)
    assert repr(signed.signature) not in repr(signed)
