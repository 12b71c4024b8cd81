"""Replies and errors: every vector, and each side against the other."""

import base64
import hashlib
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from identity.crypto import cose, cose_device, cose_encrypt, cose_sign1, ecdsa_p256, rsa
from identity.errors import DomainError

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
NOW: int = VECTORS["now"]
KEYS = VECTORS["keys"]
DEVICE = UUID(KEYS["device"]["uuid"])
DEVICE_KEY = rsa.load_private_pem(KEYS["device"]["rsa_private_pem"])
SIGNER = ecdsa_p256.parse_private(KEYS["server"]["ecdsa_private"])
REQUEST = bytes.fromhex(VECTORS["requests"][1]["body_sha256"])

CODES: dict[type[DomainError], str] = {
    cose.EnvelopeMalformed: "-1",
    cose.EnvelopeUnsupported: "-2",
    cose.EnvelopeSealed: "-3",
    cose.EnvelopeUnauthentic: "-4",
    cose.EnvelopeReplayed: "-6",
}


def named(items: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", items, ids=lambda item: item.get("name", "error"))


def opened(
    body: bytes,
    requests: Collection[bytes] = (REQUEST,),
    *,
    device: UUID = DEVICE,
    server_key: ecdsa_p256.PublicKey = SIGNER.public,
) -> cose_device.Answer:
    """As a client does: what is not an error in the clear has to be a sealed reply."""
    if body[:1] == b"\xd2":
        return cose_device.open_error(body, server_keys=[server_key], expected_requests=requests)
    return cose_device.open_reply(
        body,
        device=device,
        private=DEVICE_KEY,
        server_keys=[server_key],
        expected_requests=requests,
    )


def outcome(body: bytes, requests: Collection[bytes] = (REQUEST,), **arguments: Any) -> str:
    try:
        opened(body, requests, **arguments)
    except DomainError as error:
        return CODES[type(error)]
    return "ok"


def drawing(vector: dict[str, Any]) -> Callable[[int], bytes]:
    values = {16: "cti", 32: "cek", 12: "iv"}
    return lambda size: bytes.fromhex(vector[values[size]])


def reply(payload: bytes = b"{}", **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "device": DEVICE,
        "recipient": DEVICE_KEY.public,
        "request_digest": REQUEST,
        "signing_key": SIGNER,
        "now": NOW,
    }
    return cose.seal_reply(payload, **arguments | changes)


def error(payload: bytes = b"{}", **changes: Any) -> bytes:
    arguments: dict[str, Any] = {"request_digest": REQUEST, "signing_key": SIGNER, "now": NOW}
    return cose.sign_error(payload, **arguments | changes)


@named(VECTORS["replies"])
def test_opens_the_reply_and_gives_all_that_it_says(vector: dict[str, Any]) -> None:
    request = bytes.fromhex(vector["req"])
    answer = opened(base64.b64decode(vector["body"]), {request}, device=UUID(vector["device"]))
    assert answer.payload.decode() == vector["payload_utf8"]
    assert answer.request_digest == request
    assert answer.issued_at == vector["iat"]


@named(VECTORS["replies"])
def test_makes_the_reply_byte_for_byte(vector: dict[str, Any]) -> None:
    made = reply(
        vector["payload_utf8"].encode(),
        device=UUID(vector["device"]),
        request_digest=bytes.fromhex(vector["req"]),
        now=vector["iat"],
        random=drawing(vector),
    )
    # As with requests: the last field is wrapped with a seed that the library chooses.
    assert made[:-256] == base64.b64decode(vector["body"])[:-256]
    assert rsa.decrypt(DEVICE_KEY, made[-256:]).hex() == vector["cek"]


@named(VECTORS["errors"])
def test_opens_and_makes_the_error_byte_for_byte(vector: dict[str, Any]) -> None:
    body, request = base64.b64decode(vector["body"]), bytes.fromhex(vector["req"])
    answer = opened(body, {request})
    assert answer.payload.decode() == vector["payload_utf8"]
    assert answer.issued_at == vector["iat"]
    cti = cose_sign1.read(body, expected_type=cose.ERROR_TYPE, key_id_size=32).claims[7]
    assert isinstance(cti, bytes)
    made = error(
        vector["payload_utf8"].encode(),
        request_digest=request,
        now=vector["iat"],
        random=lambda _: cti,
    )
    assert made == body


@named(VECTORS["negative_replies"])
def test_judges_the_hostile_reply_as_expected(vector: dict[str, Any]) -> None:
    requests = {bytes.fromhex(digest) for digest in vector["pending"]}
    assert outcome(base64.b64decode(vector["body"]), requests) == vector["expect"]


def test_answers_nothing_that_was_not_asked() -> None:
    assert outcome(reply()) == "ok"
    assert outcome(error()) == "ok"
    for nothing in (set(), {bytes(32)}, {hashlib.sha256(b"other").digest()}):
        assert outcome(reply(), nothing) == "-6"
        assert outcome(error(), nothing) == "-6"


def test_refuses_another_server() -> None:
    stranger = ecdsa_p256.generate()
    assert outcome(reply(signing_key=stranger)) == "-4"
    assert outcome(error(signing_key=stranger)) == "-4"
    assert outcome(reply(), server_key=stranger.public) == "-4"


def test_refuses_a_reply_to_another_device() -> None:
    other = UUID(KEYS["other_device"]["uuid"])
    assert outcome(reply(device=other)) == "-4"
    # Outer header ours, signed claim of the other device.
    claims: cose_sign1.Claims = {3: str(other), 6: NOW, 7: bytes(16), "req": REQUEST}
    assert outcome(reply_of(claims)) == "-4"


def test_refuses_a_reply_whose_outer_header_names_another_device() -> None:
    outer = cose_encrypt.read(reply())
    sign1 = cose_encrypt.open_sealed(outer, DEVICE_KEY)
    other = UUID(KEYS["other_device"]["uuid"])
    again = cose_encrypt.seal(sign1, device=other, recipient=DEVICE_KEY.public)
    assert outcome(again) == "-4"


def test_refuses_a_reply_under_the_name_of_another_encryption_key() -> None:
    # The recipient's header is not authenticated, so the client has to look at it itself.
    body = reply()
    assert body.count(DEVICE_KEY.public.kid) == 1
    assert outcome(body.replace(DEVICE_KEY.public.kid, bytes(32))) == "-3"


def test_refuses_a_reply_to_another_encryption_key() -> None:
    foreign = rsa.load_private_pem(KEYS["other_device"]["rsa_private_pem"])
    assert outcome(reply(recipient=foreign.public)) == "-3"


def reply_of(
    claims: cose_sign1.Claims, message_type: str = cose.REPLY_TYPE, key_id: bytes | None = None
) -> bytes:
    sign1 = cose_sign1.sign(
        b"{}",
        message_type=message_type,
        key_id=SIGNER.public.kid if key_id is None else key_id,
        claims=claims,
        signing_key=SIGNER,
    )
    return cose_encrypt.seal(sign1, device=DEVICE, recipient=DEVICE_KEY.public)


GOOD: cose_sign1.Claims = {3: str(DEVICE), 6: NOW, 7: bytes(16), "req": REQUEST}
CLAIM_CHANGES: dict[str, tuple[str, cose_sign1.Claims]] = {
    "nothing": ("ok", GOOD),
    "no device": ("-1", {6: NOW, 7: bytes(16), "req": REQUEST}),
    "no request": ("-1", {3: str(DEVICE), 6: NOW, 7: bytes(16)}),
    "a further claim": ("-1", {**GOOD, 4: NOW}),
    "device of upper case": ("-4", {**GOOD, 3: str(DEVICE).upper()}),
    "device as bytes": ("-4", {**GOOD, 3: DEVICE.bytes}),
    "time as text": ("-1", {**GOOD, 6: str(NOW)}),
    "nonce of 15 bytes": ("-1", {**GOOD, 7: bytes(15)}),
    "request as text": ("-1", {**GOOD, "req": REQUEST.hex()}),
    "request as a list": ("-1", {**GOOD, "req": [REQUEST]}),
    "request cut short": ("-6", {**GOOD, "req": REQUEST[:-1]}),
}


@pytest.mark.parametrize(("expected", "claims"), CLAIM_CHANGES.values(), ids=CLAIM_CHANGES.keys())
def test_the_claims_of_a_reply_are_closed(expected: str, claims: cose_sign1.Claims) -> None:
    assert outcome(reply_of(claims)) == expected


def test_types_do_not_stand_in_for_one_another() -> None:
    assert outcome(reply_of(GOOD, message_type=cose.REQUEST_TYPE)) == "-2"
    assert outcome(reply_of(GOOD, message_type=cose.ERROR_TYPE)) == "-2"
    assert outcome(reply_of(GOOD, message_type="application/vnd.ecs.reply.v2+cose")) == "-2"
    # A request's signer is named by 16 bytes, a server's by 32.
    assert outcome(reply_of(GOOD, key_id=DEVICE.bytes)) == "-1"
    # An error inside an envelope, and an error with a reply's claims.
    inside = cose_encrypt.seal(error(), device=DEVICE, recipient=DEVICE_KEY.public)
    assert outcome(inside) == "-2"
    in_the_clear = cose_sign1.sign(
        b"{}",
        message_type=cose.ERROR_TYPE,
        key_id=SIGNER.public.kid,
        claims=GOOD,
        signing_key=SIGNER,
    )
    assert outcome(in_the_clear) == "-1"


def test_accepts_each_of_several_server_keys() -> None:
    new = ecdsa_p256.generate()
    for signing_key in (SIGNER, new):
        answer = cose_device.open_reply(
            reply(signing_key=signing_key),
            device=DEVICE,
            private=DEVICE_KEY,
            server_keys=[SIGNER.public, new.public],
            expected_requests={REQUEST},
        )
        assert answer.request_digest == REQUEST


def test_a_server_opens_no_reply_and_no_error_as_a_request() -> None:
    outer = cose.read_outer(reply())
    with pytest.raises(cose.EnvelopeUnsupported):
        cose.open_inner(outer, DEVICE_KEY)
    with pytest.raises(cose.EnvelopeUnsupported):
        cose.read_outer(error())


def test_a_temporary_device_gets_its_reply_under_the_key_in_its_request() -> None:
    vector = VECTORS["requests"][0]
    details = json.loads(vector["payload_utf8"])["details"]
    recipient = rsa.parse_public(details["device_encryption_pubkey"])
    device = UUID(vector["device"])
    body = reply(device=device, recipient=recipient)
    assert opened(body, device=device).payload == b"{}"
