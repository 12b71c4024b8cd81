"""Wallets' proofs: what is written is read back, and nothing near a proof is one."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import (
    base58btc,
    base64url,
    did_address,
    eip191,
    ethereum_address,
    secp256k1,
    sign_in_message,
    sign_in_proof,
    stable_json,
    wallet_jwt,
    wallet_keys,
)
from identity.crypto.did_address import HashKind, KeyKind, Role
from identity.crypto.errors import (
    AddressInvalid,
    ContractWalletUnsupported,
    SignatureInvalid,
    SignInMessageMalformed,
    SignInMessageRefused,
    TokenInvalid,
)
from identity.crypto.sign_in_message import Dialect, Message

KINDS = [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM]
kinds = st.sampled_from(KINDS)
secrets = st.binary(min_size=32, max_size=32).filter(lambda raw: 0 < raw[0] < 0xFF)
PRIVATE = {kind: wallet_keys.private_of(kind, bytes([5]) * 32) for kind in KINDS}
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(max_size=8)
    # Beyond 2^53 a whole float would be read back as an integer that is refused.
    | st.floats(-(2.0**53) + 1, 2.0**53 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
claims = st.dictionaries(
    st.text(st.characters(categories=["Ll"]), min_size=6, max_size=9).filter(
        lambda name: name != "version"
    ),
    st.integers(1, 2**53 - 1) | st.text(min_size=1, max_size=20) | st.booleans(),
    max_size=4,
)


def token_of(kind: KeyKind, said: dict[str, Any] | None = None) -> str:
    issuer = did_address.parse(PRIVATE[kind].public.address())
    return wallet_jwt.sign(PRIVATE[kind], said or {}, issuer=issuer, now=1000)


TOKENS = {kind: token_of(kind, {"challenge": "x" * 32}) for kind in KINDS}


@given(data=st.binary(max_size=80))
def test_base58_and_base64url_read_what_they_write(data: bytes) -> None:
    assert base58btc.decode(base58btc.encode(data)) == data
    assert base58btc.decode_multibase(base58btc.encode_multibase(data)) == data
    assert base64url.decode(base64url.encode(data)) == data


@given(text=st.text("123ABCabcxyz0OIl-_= \n", max_size=30))
def test_no_bytes_have_two_texts(text: str) -> None:
    for codec in (base58btc, base64url):
        try:
            data = codec.decode(text)
        except ValueError:
            continue
        assert codec.encode(data) == text


@given(value=json_values)
def test_stable_json_says_what_was_said(value: Any) -> None:
    written = stable_json.text(value)
    assert json.loads(written) == value
    assert stable_json.text(json.loads(written)) == written


@given(kind=kinds, secret=secrets, role=st.sampled_from(Role), hashed=st.sampled_from(HashKind))
def test_an_address_is_of_its_key(
    kind: KeyKind, secret: bytes, role: Role, hashed: HashKind
) -> None:
    key = wallet_keys.private_of(kind, secret).public
    address = did_address.parse(key.address(role, hashed))
    wallet_keys.verify_owner(address, key)
    assert did_address.parse(address.did) == address
    assert wallet_keys.parse_public(key.base58) == wallet_keys.parse_public(key.hex) == key
    with pytest.raises(AddressInvalid):
        wallet_keys.verify_owner(address, PRIVATE[kind].public)


@given(position=st.integers(0, 26 * 8 - 1))
def test_a_flipped_bit_is_no_address(position: int) -> None:
    raw = bytearray(base58btc.decode_multibase(PRIVATE[KeyKind.ED25519].public.address()))
    raw[position // 8] ^= 1 << position % 8
    assert not did_address.is_valid(base58btc.encode_multibase(bytes(raw)))


@given(kind=kinds, said=claims, now=st.integers(0, 10**11))
def test_a_token_says_what_was_signed(kind: KeyKind, said: dict[str, Any], now: int) -> None:
    private = PRIVATE[kind]
    issuer = did_address.parse(private.public.address())
    token = wallet_jwt.sign(private, said, issuer=issuer, now=now)
    verified = wallet_jwt.verify(token, private.public, now=now)
    assert said.items() <= verified.body.items()
    assert (verified.issuer, verified.expires_at) == (issuer, now + wallet_jwt.LIFE)


@given(kind=kinds, position=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_no_flipped_bit_of_a_token_passes(kind: KeyKind, position: int, bit: int) -> None:
    token = TOKENS[kind]
    index = position % len(token)
    flipped = token[:index] + chr(ord(token[index]) ^ (1 << bit)) + token[index + 1 :]
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(flipped, PRIVATE[kind].public, now=1000)


@given(kind=kinds, text=st.text(max_size=60))
def test_no_text_is_a_token(kind: KeyKind, text: str) -> None:
    for forged in (text, f"{text}.{text}.{text}", TOKENS[kind] + (text or ".")):
        with pytest.raises(TokenInvalid):
            wallet_jwt.verify(forged, PRIVATE[kind].public, now=1000)


KEY = secp256k1.parse_private(bytes([5]) * 32)
ADDRESS = ethereum_address.of_key(KEY.public.uncompressed[1:])
NOW = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
GOOD = Message(
    dialect=Dialect.ETHEREUM,
    domain="login.example.test",
    address=ADDRESS,
    uri="https://login.example.test/",
    chain_id="1",
    nonce="abcdefgh12345678",
    issued_at="2026-09-30T16:29:00Z",
)
TEXT = sign_in_message.build(GOOD)
SIGNATURE = eip191.sign(KEY, TEXT.encode())
EXPECTED = sign_in_proof.Expectation(
    domain=GOOD.domain,
    uri=GOOD.uri,
    chains=frozenset({"eip155:1"}),
    nonce=GOOD.nonce,
    now=NOW,
)
REFUSALS = (
    SignInMessageMalformed,
    SignInMessageRefused,
    SignatureInvalid,
    ContractWalletUnsupported,
)
words = st.text("abcXYZ09-._~:/?#[]@!$&'()*+,;= ", min_size=1, max_size=30)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda time: time.isoformat() + "Z"
)
messages = st.builds(
    Message,
    dialect=st.just(Dialect.ETHEREUM),
    scheme=st.none() | st.just("https"),
    domain=st.from_regex(r"[a-z0-9]{1,10}(\.[a-z]{1,5})?(:[0-9]{1,5})?", fullmatch=True),
    address=st.just(ADDRESS),
    statement=st.none() | words,
    uri=st.from_regex(r"https://[a-z]{1,9}/([a-z0-9/]|%2F){0,9}(\?[a-z=&]{0,9})?", fullmatch=True),
    chain_id=st.integers(1, 10**9).map(str),
    nonce=st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True),
    issued_at=moments,
    expiration_time=st.none() | moments,
    not_before=st.none() | moments,
    request_id=st.none() | st.from_regex(r"([a-z0-9:@]|%2F){0,9}", fullmatch=True),
    resources=st.none()
    | st.lists(st.sampled_from(["a:b", "https://x.example/?q#f", "urn:x:y"]), max_size=32).map(
        tuple
    ),
)


@given(message=messages)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert sign_in_message.parse(sign_in_message.build(message)) == message


@given(
    message=messages, name=st.sampled_from(["domain", "statement", "uri", "nonce", "request_id"])
)
def test_no_line_can_be_brought_in(message: Message, name: str) -> None:
    value = f"{getattr(message, name) or ''}\nChain ID: 5"
    with pytest.raises(SignInMessageMalformed):
        sign_in_message.build(dataclasses.replace(message, **{name: value}))  # type: ignore[arg-type]


def test_the_message_itself_passes() -> None:
    proof = sign_in_proof.verify(TEXT, SIGNATURE, EXPECTED)
    assert proof.address == ADDRESS


@given(position=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_no_flipped_bit_of_a_message_passes(position: int, bit: int) -> None:
    index = position % len(TEXT)
    flipped = TEXT[:index] + chr(ord(TEXT[index]) ^ (1 << bit)) + TEXT[index + 1 :]
    with pytest.raises(REFUSALS):
        sign_in_proof.verify(flipped, SIGNATURE, EXPECTED)


@given(position=st.integers(0, 65 * 8 - 1))
def test_no_flipped_bit_of_a_signature_passes(position: int) -> None:
    raw = bytearray.fromhex(SIGNATURE[2:])
    raw[position // 8] ^= 1 << position % 8
    with pytest.raises(REFUSALS):
        sign_in_proof.verify(TEXT, "0x" + raw.hex(), EXPECTED)


@given(text=st.text(max_size=200), signature=st.text(max_size=140))
def test_whatever_is_sent_is_refused_by_name(text: str, signature: str) -> None:
    with pytest.raises(REFUSALS):
        sign_in_proof.verify(text, signature, EXPECTED)
    with pytest.raises(REFUSALS):
        sign_in_proof.verify(TEXT, signature, EXPECTED)


@given(seconds=st.integers(-100_000, 100_000))
def test_a_message_has_its_time(seconds: int) -> None:
    later = dataclasses.replace(EXPECTED, now=NOW + timedelta(seconds=seconds))
    # It was issued a minute before; ten minutes later it is over, five seconds early are borne.
    if -65 <= seconds <= 540:
        sign_in_proof.verify(TEXT, SIGNATURE, later)
        return
    with pytest.raises(SignInMessageRefused):
        sign_in_proof.verify(TEXT, SIGNATURE, later)
