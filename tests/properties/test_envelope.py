"""Envelopes under damage: every flipped bit is found, no bytes break more than themselves."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import (
    cbor,
    cose,
    cose_device,
    cose_encrypt,
    cose_sign1,
    ecdsa_p256,
    rsa,
    strict_json,
)
from identity.errors import DomainError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/enterprise.json").read_text())
NOW: int = VECTORS["now"]
KEYS = VECTORS["keys"]
SERVER = rsa.load_private_pem(KEYS["server"]["rsa_private_pem"])
SERVER_SIGNER = ecdsa_p256.parse_private(KEYS["server"]["ecdsa_private"])
DEVICE = UUID(KEYS["device"]["uuid"])
DEVICE_KEY = rsa.load_private_pem(KEYS["device"]["rsa_private_pem"])
DEVICE_SIGNER = ecdsa_p256.parse_private(KEYS["device"]["ecdsa_private"])
DIGEST = bytes.fromhex(VECTORS["requests"][1]["body_sha256"])


def receive(body: bytes) -> bytes:
    outer = cose.read_outer(body)
    key = SERVER if outer.recipient_kid == SERVER.public.kid else None
    inner = cose.open_inner(outer, key)
    signer = DEVICE_SIGNER.public if outer.device == DEVICE else None
    audience = cose.audience(outer.recipient_kid)
    cose.verify_inner(inner, signer, expected_audience=audience, now=NOW)
    strict_json.decode(inner.payload)
    return inner.payload


def read_reply(body: bytes) -> bytes:
    return cose_device.open_reply(
        body,
        device=DEVICE,
        private=DEVICE_KEY,
        server_keys=[SERVER_SIGNER.public],
        expected_requests={DIGEST},
    ).payload


def read_error(body: bytes) -> bytes:
    return cose_device.open_error(
        body, server_keys=[SERVER_SIGNER.public], expected_requests={DIGEST}
    ).payload


def read_evidence(sign1: bytes) -> bytes:
    inner = cose.read_signed_request(sign1)
    cose.verify_signed_request(inner, DEVICE_SIGNER.public)
    return inner.payload


MESSAGES: dict[str, tuple[Callable[[bytes], bytes], bytes]] = {
    "request": (receive, base64.b64decode(VECTORS["requests"][1]["body"])),
    "reply": (read_reply, base64.b64decode(VECTORS["replies"][1]["body"])),
    "error": (read_error, base64.b64decode(VECTORS["errors"][0]["body"])),
    "evidence": (read_evidence, bytes.fromhex(VECTORS["requests"][1]["cose_sign1"])),
}
named = pytest.mark.parametrize(("read", "body"), MESSAGES.values(), ids=MESSAGES.keys())


@named
def test_every_flipped_bit_is_refused(read: Callable[[bytes], bytes], body: bytes) -> None:
    assert read(body)
    accepted = []
    for bit in range(8 * len(body)):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            read(bytes(flipped))
        except DomainError:
            continue
        accepted.append(bit)
    assert accepted == []


@named
def test_every_cut_and_every_further_byte_is_refused(
    read: Callable[[bytes], bytes], body: bytes
) -> None:
    for wrong in (*(body[:size] for size in range(len(body))), body + b"\x00", b"\x00" + body):
        with pytest.raises(DomainError):
            read(wrong)


@named
@given(data=st.data())
def test_damaged_bytes_raise_typed_errors_only(
    read: Callable[[bytes], bytes], body: bytes, data: st.DataObject
) -> None:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(changed)))
        end = start + data.draw(st.integers(0, 8))
        changed[start:end] = data.draw(st.binary(max_size=8))
    if bytes(changed) != body:
        with pytest.raises(DomainError):
            read(bytes(changed))


@named
@given(wrong=st.binary(max_size=600))
def test_random_bytes_raise_typed_errors_only(
    read: Callable[[bytes], bytes], body: bytes, wrong: bytes
) -> None:
    del body
    with pytest.raises(DomainError):
        read(wrong)


pieces: st.SearchStrategy[Any] = (
    st.integers(-60, 60)
    | st.binary(max_size=40)
    | st.sampled_from([cose.REQUEST_TYPE, cose_encrypt.ENVELOPE_TYPE, "req", ""])
    | st.sampled_from([DEVICE.bytes, SERVER.public.kid, bytes(12), bytes(256)])
)
labels = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 15, 16, "req"])
headers: st.SearchStrategy[Any] = st.dictionaries(
    labels, pieces | st.dictionaries(labels, pieces, max_size=4), max_size=5
)
encoded_headers: st.SearchStrategy[bytes] = headers.map(cbor.encode)


@given(
    st.sampled_from([16, 17, 18, 96, 97, 98]),
    st.tuples(encoded_headers | pieces, headers, pieces, pieces | st.lists(headers, max_size=2)),
)
def test_well_formed_nonsense_raises_typed_errors_only(tag: int, parts: tuple[Any, ...]) -> None:
    body = cbor.encode(cbor.Tag(tag, list(parts)))
    for read, _ in MESSAGES.values():
        with pytest.raises(DomainError):
            read(body)


@given(headers, pieces | st.just(b"{}"), pieces)
def test_sealed_nonsense_raises_typed_errors_only(
    header: dict[int | str, cbor.Value], payload: Any, signature: Any
) -> None:
    plaintext = cbor.encode(cbor.Tag(18, [cbor.encode(header), {}, payload, signature]))
    with pytest.raises(DomainError):
        receive(cose_encrypt.seal(plaintext, device=DEVICE, recipient=SERVER.public))
    with pytest.raises(DomainError):
        read_reply(cose_encrypt.seal(plaintext, device=DEVICE, recipient=DEVICE_KEY.public))


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=50), max_size=5))
def test_each_side_opens_what_the_other_sealed(content: dict[str, str]) -> None:
    payload = strict_json.encode(content)
    request = cose_device.seal_request(
        payload,
        device=DEVICE,
        signing_key=DEVICE_SIGNER,
        recipient=SERVER.public,
        now=NOW,
    )
    assert receive(request.body) == payload
    assert read_evidence(request.sign1) == payload
    outer = cose.read_outer(request.body)
    assert outer.digest == request.digest

    reply = cose.seal_reply(
        payload,
        device=outer.device,
        recipient=DEVICE_KEY.public,
        request_digest=outer.digest,
        signing_key=SERVER_SIGNER,
        now=NOW,
    )
    answer = cose_device.open_reply(
        reply,
        device=DEVICE,
        private=DEVICE_KEY,
        server_keys=[SERVER_SIGNER.public],
        expected_requests={request.digest},
    )
    assert answer.payload == payload
    error = cose.sign_error(
        payload, request_digest=outer.digest, signing_key=SERVER_SIGNER, now=NOW
    )
    refusal = cose_device.open_error(
        error, server_keys=[SERVER_SIGNER.public], expected_requests={request.digest}
    )
    assert (refusal.payload, refusal.issued_at) == (payload, NOW)


@given(st.integers(0, 2**256 - 1), st.binary(max_size=300))
def test_only_one_signer_fits_a_signature(seed: int, message: bytes) -> None:
    other = ecdsa_p256.generate()
    signature = ecdsa_p256.sign(DEVICE_SIGNER, message)
    ecdsa_p256.verify(DEVICE_SIGNER.public, signature, message)
    for key, text, raw in (
        (other.public, message, signature),
        (DEVICE_SIGNER.public, message + b"\x00", signature),
        (DEVICE_SIGNER.public, message, seed.to_bytes(32, "big") + signature[32:]),
    ):
        with pytest.raises(DomainError):
            ecdsa_p256.verify(key, raw, text)


def test_a_signature_covers_header_and_payload_apart() -> None:
    # The same bytes divided otherwise between header and payload give another structure.
    first = cose_sign1.sig_structure(b"ab", b"c")
    assert len({first, cose_sign1.sig_structure(b"a", b"bc")}) == 2
