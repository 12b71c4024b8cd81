"""Requests: every vector, the order of checks, and each side against the other."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

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

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
NOW: int = VECTORS["now"]
KEYS = VECTORS["keys"]
SERVER = rsa.load_private_pem(KEYS["server"]["rsa_private_pem"])
SIGNERS = {
    UUID(KEYS["device"]["uuid"]): ecdsa_p256.parse_private(KEYS["device"]["ecdsa_private"]),
    UUID(KEYS["invitation"]["deviceUuid"]): ecdsa_p256.parse_private(
        KEYS["invitation"]["oneTimePrivateKey"]
    ),
    UUID(KEYS["other_device"]["uuid"]): ecdsa_p256.parse_private(KEYS["approver"]["ecdsa_private"]),
}
DEVICE = UUID(KEYS["device"]["uuid"])
AUDIENCE = KEYS["server"]["audience"]

# The face's numbers for the errors (the profile's table of codes).
CODES: dict[type[DomainError], str] = {
    cose.EnvelopeMalformed: "-1",
    cose.EnvelopeUnsupported: "-2",
    cose.EnvelopeSealed: "-3",
    cose.EnvelopeUnauthentic: "-4",
    cose.EnvelopeUntimely: "-5",
    cose.EnvelopeReplayed: "-6",
}


def receive(body: bytes, now: int, seen: set[tuple[UUID, bytes]]) -> cose.Inner:
    """The server's checks in the profile's order, with a set for the table of nonces."""
    outer = cose.read_outer(body)
    is_ours = outer.recipient_kid == SERVER.public.kid
    inner = cose.open_inner(outer, SERVER if is_ours else None)
    signer = SIGNERS.get(outer.device)
    cose.verify_inner(
        inner,
        signer.public if signer else None,
        expected_audience=cose.audience(outer.recipient_kid),
        now=now,
    )
    if (inner.device, inner.cti) in seen:
        raise cose.EnvelopeReplayed
    seen.add((inner.device, inner.cti))
    strict_json.decode(inner.payload)
    return inner


def outcome(body: bytes, now: int, seen: set[tuple[UUID, bytes]]) -> str:
    try:
        receive(body, now, seen)
    except DomainError as error:
        return CODES[type(error)]
    return "ok"


def named(items: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", items, ids=lambda item: item["name"])


def drawing(vector: dict[str, Any]) -> Callable[[int], bytes]:
    """The vector's random values, told apart by their size."""
    values = {16: "cti", 32: "cek", 12: "iv"}
    return lambda size: bytes.fromhex(vector[values[size]])


@named(VECTORS["requests"])
def test_accepts_the_request_and_gives_all_that_it_says(vector: dict[str, Any]) -> None:
    body = base64.b64decode(vector["body"])
    outer = cose.read_outer(body)
    assert outer.device == UUID(vector["device"])
    assert outer.recipient_kid.hex() == KEYS["server"]["rsa_kid"]
    assert outer.digest.hex() == vector["body_sha256"]
    assert outer.protected.hex() == vector["outer_protected"]

    inner = receive(body, NOW, set())
    assert inner.device == outer.device
    assert inner.audience == AUDIENCE
    assert inner.cti.hex() == vector["cti"]
    assert (inner.issued_at, inner.expires_at) == (vector["iat"], vector["exp"])
    assert inner.payload.decode() == vector["payload_utf8"]
    assert inner.sign1.hex() == vector["cose_sign1"]


@named(VECTORS["requests"])
def test_makes_the_request_byte_for_byte(vector: dict[str, Any]) -> None:
    device = UUID(vector["device"])
    made = cose_device.seal_request(
        vector["payload_utf8"].encode(),
        device=device,
        signing_key=SIGNERS[device],
        recipient=SERVER.public,
        now=vector["iat"],
        life=vector["exp"] - vector["iat"],
        random=drawing(vector),
    )
    assert made.sign1.hex() == vector["cose_sign1"]
    # The library chooses the seed of OAEP itself, so the wrapped key, the last field, is compared
    # by opening it; everything in front of it has to be the same.
    expected = base64.b64decode(vector["body"])
    assert made.body[:-256] == expected[:-256]
    assert rsa.decrypt(SERVER, made.body[-256:]).hex() == vector["cek"]
    assert made.digest == hashlib.sha256(made.body).digest()
    assert receive(made.body, NOW, set()).sign1 == made.sign1


@named(VECTORS["requests"])
def test_signs_and_authenticates_the_structures_of_the_vectors(vector: dict[str, Any]) -> None:
    inner = receive(base64.b64decode(vector["body"]), NOW, set())
    assert inner.signed.protected.hex() == vector["inner_protected"]
    assert inner.signed.signature.hex() == vector["signature"]
    structure = cose_sign1.sig_structure(inner.signed.protected, inner.payload)
    assert structure.hex() == vector["sig_structure"]
    outer = cose.read_outer(base64.b64decode(vector["body"]))
    assert cose_encrypt.enc_structure(outer.protected).hex() == vector["enc_structure"]
    assert outer.ciphertext.hex() == vector["ciphertext"]
    assert outer.iv.hex() == vector["iv"]
    assert outer.wrapped_key.hex() == vector["recipient_ciphertext"]


@named([vector for vector in VECTORS["negative_requests"] if vector["expect"] != "-6"])
def test_judges_the_hostile_request_as_expected(vector: dict[str, Any]) -> None:
    assert outcome(base64.b64decode(vector["body"]), vector["now"], set()) == vector["expect"]


def test_refuses_the_second_use_of_a_nonce() -> None:
    by_name = {vector["name"]: vector for vector in VECTORS["negative_requests"]}
    assert [vector["expect"] for vector in by_name.values()].count("-6") == 1
    first, second = by_name["CONTROL first use"], by_name["same cti in a new envelope"]
    seen: set[tuple[UUID, bytes]] = set()
    assert outcome(base64.b64decode(first["body"]), first["now"], seen) == "ok"
    assert outcome(base64.b64decode(first["body"]), first["now"], seen) == "-6"
    assert outcome(base64.b64decode(second["body"]), second["now"], seen) == second["expect"]


def test_opens_the_approval_and_its_evidence() -> None:
    proposal = VECTORS["proposal"]
    inner = receive(base64.b64decode(proposal["approval_body"]), NOW, set())
    assert inner.sign1.hex() == proposal["approval_sign1"]
    stored = cose.read_signed_request(bytes.fromhex(proposal["request_sign1"]))
    cose.verify_signed_request(stored, SIGNERS[DEVICE].public)
    with pytest.raises(cose.EnvelopeUnauthentic):
        cose.verify_signed_request(stored, SIGNERS[inner.device].public)
    with pytest.raises(cose.EnvelopeUnauthentic):
        cose.verify_signed_request(stored, None)


def sealed(payload: bytes = b"{}", **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "device": DEVICE,
        "signing_key": SIGNERS[DEVICE],
        "recipient": SERVER.public,
        "now": NOW,
    }
    return cose_device.seal_request(payload, **arguments | changes).body


@pytest.mark.parametrize(
    ("now", "life", "expected"),
    [
        (NOW, 60, "ok"),
        (NOW, 1, "ok"),
        (NOW, 300, "ok"),
        (NOW, 0, "-5"),
        (NOW, -1, "-5"),
        (NOW, 301, "-5"),
        (NOW + 60, 60, "ok"),
        (NOW + 61, 60, "-5"),
        (NOW - 120, 60, "ok"),
        (NOW - 121, 60, "-5"),
        (NOW - 360, 300, "ok"),
        (NOW - 361, 300, "-5"),
    ],
)
def test_accepts_a_minute_of_skew_and_five_of_life(now: int, life: int, expected: str) -> None:
    assert outcome(sealed(now=now, life=life), NOW, set()) == expected


def test_opens_with_the_key_the_envelope_names_and_with_no_other() -> None:
    outer = cose.read_outer(sealed())
    for key in (None, rsa.load_private_pem(KEYS["device"]["rsa_private_pem"])):
        with pytest.raises(cose.EnvelopeSealed) as refusal:
            cose.open_inner(outer, key)
        # Steps 5 and 6 give one error for all faults: no detail, no cause to read in a log.
        assert (refusal.value.detail, refusal.value.__cause__) == ("", None)


def test_a_content_key_of_another_size_does_not_open() -> None:
    body = bytearray(sealed())
    body[-256:] = rsa.encrypt(SERVER.public, bytes(16))
    assert outcome(bytes(body), NOW, set()) == "-3"


def test_one_refusal_for_an_unknown_device_a_wrong_signature_and_a_wrong_audience() -> None:
    inner = cose.open_inner(cose.read_outer(sealed()), SERVER)
    known = SIGNERS[DEVICE].public
    for key, audience in (
        (None, AUDIENCE),
        (ecdsa_p256.DUMMY, AUDIENCE),
        (known, cose.audience(bytes(32))),
    ):
        with pytest.raises(cose.EnvelopeUnauthentic) as refusal:
            cose.verify_inner(inner, key, expected_audience=audience, now=NOW)
        assert (refusal.value.detail, refusal.value.facts) == ("", {})
        assert refusal.value.__cause__ is None


def test_a_signature_by_the_dummy_key_does_not_pass_for_an_unknown_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inner = cose.open_inner(cose.read_outer(sealed()), SERVER)
    monkeypatch.setattr(ecdsa_p256, "DUMMY", SIGNERS[DEVICE].public)
    with pytest.raises(cose.EnvelopeUnauthentic):
        cose.verify_inner(inner, None, expected_audience=AUDIENCE, now=NOW)


def test_a_stale_request_of_a_stranger_is_unauthentic_before_it_is_untimely() -> None:
    assert outcome(sealed(now=0, signing_key=ecdsa_p256.generate()), NOW, set()) == "-4"


def test_a_request_to_another_server_cannot_be_sealed_anew_to_this_one() -> None:
    elsewhere = rsa.load_private_pem(KEYS["other_device"]["rsa_private_pem"])
    body = sealed(recipient=elsewhere.public)
    stolen = cose.open_inner(cose.read_outer(body), elsewhere).sign1
    again = cose_encrypt.seal(stolen, device=DEVICE, recipient=SERVER.public)
    assert outcome(again, NOW, set()) == "-4"


@pytest.mark.parametrize("bits", [3072, 4096])
def test_larger_keys_of_the_server_work_alike(bits: int) -> None:
    key = rsa.generate(bits)
    outer = cose.read_outer(sealed(recipient=key.public))
    inner = cose.open_inner(outer, key)
    audience = cose.audience(key.public.kid)
    cose.verify_inner(inner, SIGNERS[DEVICE].public, expected_audience=audience, now=NOW)


def with_outer(change: Callable[[list[Any]], Any]) -> bytes:
    message = cbor.decode(sealed())
    assert isinstance(message, cbor.Tag)
    assert isinstance(message.value, list)
    parts = list(message.value)
    changed = change(parts)
    return cbor.encode(cbor.Tag(message.number, parts) if changed is None else changed)


def protected(**changes: Any) -> bytes:
    labels = {"alg": 1, "content_type": 3, "kid": 4, "typ": 16, "crit": 2}
    header: dict[int | str, cbor.Value] = {
        1: 3,
        3: 18,
        4: DEVICE.bytes,
        16: "application/vnd.ecs.envelope.v1+cose",
    }
    for name, value in changes.items():
        if value is None:
            del header[labels[name]]
        else:
            header[labels[name]] = value
    return cbor.encode(header)


KID = SERVER.public.kid
WRAPPED = bytes(256)

OUTER_CHANGES: dict[str, tuple[str, Callable[[list[Any]], Any]]] = {
    "not tagged": ("-1", lambda parts: parts),
    "COSE_Encrypt0": ("-2", lambda parts: cbor.Tag(16, parts)),
    "COSE_Sign1 in the clear": ("-2", lambda parts: cbor.Tag(18, [parts[0], {}, b"", b""])),
    "tag in a tag": ("-1", lambda parts: cbor.Tag(96, cbor.Tag(96, parts))),
    "three parts": ("-1", lambda parts: parts.pop()),
    "five parts": ("-1", lambda parts: parts.append(b"")),
    "protected as a map": ("-1", lambda parts: parts.__setitem__(0, {1: 3})),
    "protected empty": ("-1", lambda parts: parts.__setitem__(0, b"")),
    "protected with bytes after": ("-1", lambda parts: parts.__setitem__(0, protected() + b"0")),
    "protected is a list": ("-1", lambda parts: parts.__setitem__(0, b"\x80")),
    "alg missing": ("-1", lambda parts: parts.__setitem__(0, protected(alg=None))),
    "alg A128GCM": ("-2", lambda parts: parts.__setitem__(0, protected(alg=1))),
    "alg ChaCha20": ("-2", lambda parts: parts.__setitem__(0, protected(alg=24))),
    "alg as text": ("-2", lambda parts: parts.__setitem__(0, protected(alg="A256GCM"))),
    "alg as a list": ("-2", lambda parts: parts.__setitem__(0, protected(alg=[3]))),
    "content type JSON": ("-2", lambda parts: parts.__setitem__(0, protected(content_type=50))),
    "typ of version 2": (
        "-2",
        lambda parts: parts.__setitem__(0, protected(typ="application/vnd.ecs.envelope.v2+cose")),
    ),
    "crit": ("-1", lambda parts: parts.__setitem__(0, protected(crit=[1]))),
    "device of 15 bytes": ("-1", lambda parts: parts.__setitem__(0, protected(kid=bytes(15)))),
    "device as text": ("-1", lambda parts: parts.__setitem__(0, protected(kid=str(DEVICE)))),
    "no iv": ("-1", lambda parts: parts.__setitem__(1, {})),
    "partial iv": ("-1", lambda parts: parts.__setitem__(1, {6: bytes(12)})),
    "iv and something": ("-1", lambda parts: parts.__setitem__(1, {5: bytes(12), 7: 0})),
    "iv of 11 bytes": ("-1", lambda parts: parts.__setitem__(1, {5: bytes(11)})),
    "iv as a number": ("-1", lambda parts: parts.__setitem__(1, {5: 12})),
    "detached content": ("-1", lambda parts: parts.__setitem__(2, "")),
    "empty content": ("-3", lambda parts: parts.__setitem__(2, b"")),
    "no recipient": ("-1", lambda parts: parts.__setitem__(3, [])),
    "recipient direct": (
        "-2",
        lambda parts: parts.__setitem__(3, [[b"", {1: -6, 4: KID}, WRAPPED]]),
    ),
    "recipient OAEP with SHA-1": (
        "-2",
        lambda parts: parts.__setitem__(3, [[b"", {1: -40, 4: KID}, WRAPPED]]),
    ),
    "recipient without kid": (
        "-1",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41}, WRAPPED]]),
    ),
    "recipient with a short kid": (
        "-1",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: KID[:31]}, WRAPPED]]),
    ),
    "recipient with a further label": (
        "-1",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: KID, 5: b""}, WRAPPED]]),
    ),
    "recipient within a recipient": (
        "-1",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: KID}, WRAPPED, []]]),
    ),
    "recipient protected as a map": (
        "-1",
        lambda parts: parts.__setitem__(3, [[{}, {1: -41, 4: KID}, WRAPPED]]),
    ),
    "wrapped key of 255 bytes": (
        "-3",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: KID}, WRAPPED[1:]]]),
    ),
    "wrapped key empty": (
        "-3",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: KID}, b""]]),
    ),
    "key nobody has": (
        "-3",
        lambda parts: parts.__setitem__(3, [[b"", {1: -41, 4: bytes(32)}, WRAPPED]]),
    ),
}


@pytest.mark.parametrize(("expected", "change"), OUTER_CHANGES.values(), ids=OUTER_CHANGES.keys())
def test_outer_shapes_are_closed(expected: str, change: Callable[[list[Any]], Any]) -> None:
    assert outcome(with_outer(change), NOW, set()) == expected


def signed(**changes: Any) -> bytes:
    """A properly signed and sealed request with one thing in its inner header changed."""
    header: dict[Any, Any] = {
        1: -7,
        3: 50,
        4: DEVICE.bytes,
        15: {3: AUDIENCE, 4: NOW + 60, 6: NOW, 7: bytes(16)},
        16: cose.REQUEST_TYPE,
    }
    header |= changes.get("header", {})
    header[15] = header[15] if "claims" not in changes else changes["claims"]
    for label in changes.get("without", ()):
        del header[label]
    encoded = cbor.encode(header)
    signature = ecdsa_p256.sign(SIGNERS[DEVICE], cose_sign1.sig_structure(encoded, b"{}"))
    parts: list[Any] = [encoded, {}, b"{}", signature]
    message = changes.get("wrap", lambda parts: cbor.Tag(18, parts))(parts)
    return cose_encrypt.seal(cbor.encode(message), device=DEVICE, recipient=SERVER.public)


CLAIMS = {3: AUDIENCE, 4: NOW + 60, 6: NOW, 7: bytes(16)}
INNER_CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("ok", {}),
    "not tagged": ("-1", {"wrap": lambda parts: parts}),
    "COSE_Sign": ("-2", {"wrap": lambda parts: cbor.Tag(98, parts)}),
    "COSE_Mac0": ("-2", {"wrap": lambda parts: cbor.Tag(17, parts)}),
    "three parts": ("-1", {"wrap": lambda parts: cbor.Tag(18, parts[:3])}),
    "five parts": ("-1", {"wrap": lambda parts: cbor.Tag(18, [*parts, b""])}),
    "payload as text": (
        "-1",
        {"wrap": lambda parts: cbor.Tag(18, [*parts[:2], "{}", parts[3]])},
    ),
    "unprotected kid": (
        "-1",
        {"wrap": lambda parts: cbor.Tag(18, [parts[0], {4: DEVICE.bytes}, *parts[2:]])},
    ),
    "signature empty": ("-4", {"wrap": lambda parts: cbor.Tag(18, [*parts[:3], b""])}),
    "alg EdDSA": ("-2", {"header": {1: -8}}),
    "alg HS256": ("-2", {"header": {1: 5}}),
    "alg none": ("-2", {"header": {1: 0}}),
    "content type CBOR": ("-2", {"header": {3: 60}}),
    "reply's type": ("-2", {"header": {16: cose.REPLY_TYPE}}),
    "error's type": ("-2", {"header": {16: cose.ERROR_TYPE}}),
    "staff's type": ("-2", {"header": {16: "application/vnd.ecs.staff-vote.v1+cose"}}),
    "type as a number": ("-2", {"header": {16: 50}}),
    "no type": ("-1", {"without": [16]}),
    "crit": ("-1", {"header": {2: [1]}}),
    "x5chain": ("-1", {"header": {33: b""}}),
    "key in the header": ("-1", {"header": {"key": b""}}),
    "kid of 32 bytes": ("-1", {"header": {4: bytes(32)}}),
    "kid of another device": ("-1", {"header": {4: bytes(16)}}),
    "claims as a list": ("-1", {"claims": []}),
    "claims empty": ("-1", {"claims": {}}),
    "a further claim": ("-1", {"claims": CLAIMS | {5: NOW}}),
    "a named claim": ("-1", {"claims": CLAIMS | {"req": bytes(32)}}),
    "audience as bytes": ("-1", {"claims": CLAIMS | {3: AUDIENCE.encode()}}),
    "audience as a list": ("-1", {"claims": CLAIMS | {3: [AUDIENCE]}}),
    "audience of upper case": ("-4", {"claims": CLAIMS | {3: AUDIENCE.upper()}}),
    "exp as text": ("-1", {"claims": CLAIMS | {4: str(NOW)}}),
    "iat as bytes": ("-1", {"claims": CLAIMS | {6: b"0"}}),
    "iat negative": ("-5", {"claims": CLAIMS | {6: -1}}),
    "exp far away": ("-5", {"claims": CLAIMS | {4: 2**53 - 1}}),
    "cti as text": ("-1", {"claims": CLAIMS | {7: "0" * 16}}),
    "cti of 17 bytes": ("-1", {"claims": CLAIMS | {7: bytes(17)}}),
}


@pytest.mark.parametrize(("expected", "changes"), INNER_CHANGES.values(), ids=INNER_CHANGES.keys())
def test_inner_shapes_are_closed(expected: str, changes: dict[str, Any]) -> None:
    assert outcome(signed(**changes), NOW, set()) == expected


def test_shows_no_content_when_printed() -> None:
    outer = cose.read_outer(sealed(b'{"password":"correct horse"}'))
    inner = cose.open_inner(outer, SERVER)
    assert "horse" not in repr(inner)
    assert repr(outer.ciphertext)[2:20] not in repr(outer)
