"""Evidence bundles and signed messages for tests, made without the code that verifies them."""

import base64
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identity.crypto import evidence

SCOPE = UUID(int=0xA0)
PROPOSAL = UUID(int=0xB0)
POLICY = UUID(int=0xC0)
REVIEW = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
CREATED = 1_790_000_000
EXPIRES = CREATED + 604_800
AUDIENCE = "ecs:" + "ab" * 32

USERS = {name: str(UUID(int=number)) for number, name in enumerate(("maker", "alice", "bob"), 1)}
DEVICES = {name: str(UUID(int=0x100 + number)) for number, name in enumerate(USERS, 1)}
KEYS = {name: 0x1000 + number for number, name in enumerate((*USERS, "one-time", "other"), 1)}
SERVER = 0x7001
FORMER_SERVER = 0x7002


@functools.cache
def private_key(secret: int) -> ec.EllipticCurvePrivateKey:
    """The P-256 key with this private number."""
    return ec.derive_private_key(secret, ec.SECP256R1())


@functools.cache
def public_hex(secret: int, form: PublicFormat = PublicFormat.CompressedPoint) -> str:
    """The public point as hex."""
    return private_key(secret).public_key().public_bytes(Encoding.X962, form).hex()


def signer(secret: int) -> Callable[[bytes], bytes]:
    """Signs a message: raw r||s, 64 bytes, the same for the same message."""

    def sign(message: bytes) -> bytes:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = utils.decode_dss_signature(private_key(secret).sign(message, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def kid(secret: int) -> bytes:
    """The key id of a server key."""
    return hashlib.sha256(bytes.fromhex(public_hex(secret))).digest()


def sign1(header: dict[int, Any], payload: bytes, secret: int) -> bytes:
    """A COSE_Sign1 with any header."""
    protected = cbor2.dumps(header, canonical=True)
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signer(secret)(message)]))


def request(payload: Any, *, device: str, secret: int, at: int) -> bytes:
    """The signed request of a device, as enterprise specification §3.3 has it."""
    header = {
        1: -7,
        3: 50,
        4: UUID(device).bytes,
        15: {3: AUDIENCE, 4: at + 60, 6: at, 7: b"n" * 16},
        16: evidence.REQUEST_TYPE,
    }
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return sign1(header, text, secret)


def attested(payload: Any, typ: str, secret: int = SERVER) -> str:
    """A message attested by a server key, as base64."""
    return encoded(sign1({1: -7, 4: kid(secret), 16: typ}, json.dumps(payload).encode(), secret))


def encoded(data: bytes) -> str:
    """Base64 as bundles have it."""
    return base64.b64encode(data).decode()


PAYLOAD = {
    "action": "add",
    "resource": "/users/invite",
    "details": {"email": "bob@example.test"},
}


def vote(
    name: str, decision: str = "approve", *, at: int = CREATED + 100, secret: int | None = None
) -> dict[str, Any]:
    """A vote signed by the device of `name`; the hash is filled in by `sealed`."""
    return {
        "user": USERS[name],
        "device": DEVICES[name],
        "decision": decision,
        "cast_at": at,
        "sign1": lambda digest: request(
            ballot(decision, digest),
            device=DEVICES[name],
            secret=KEYS[name] if secret is None else secret,
            at=at,
        ),
    }


def staff_vote(name: str, decision: str = "approve", *, secret: int = SERVER) -> dict[str, Any]:
    """A vote cast in the admin."""
    return {
        "user": USERS[name],
        "device": None,
        "decision": decision,
        "cast_at": CREATED + 100,
        "sign1": lambda digest: base64.b64decode(
            attested(
                {**ballot(decision, digest), "user": USERS[name]}, evidence.STAFF_VOTE_TYPE, secret
            )
        ),
    }


def ballot(decision: str, digest: str) -> dict[str, Any]:
    """The payload of a vote."""
    return {
        "action": decision,
        "resource": f"/proposals/{PROPOSAL}",
        "details": {"proposal_hash": digest, "reason": "checked"},
    }


def device(name: str, **changes: Any) -> dict[str, Any]:
    """The device of `name`, authorized with a one-time key."""
    key = public_hex(KEYS[name])
    details = {"invite_string": "inv_x", "device_signature_pubkey": key}
    authorize = {"action": "add", "resource": "/account-management/authorize", "details": details}
    signed = request(
        authorize, device=str(UUID(int=0x900)), secret=KEYS["one-time"], at=CREATED - 5000
    )
    return {
        "device": DEVICES[name],
        "user": USERS[name],
        "signature_key": key,
        "registered_at": CREATED - 4000,
        "registration": {
            "kind": "authorize",
            "sign1": encoded(signed),
            "one_time_key": public_hex(KEYS["one-time"]),
            "invitation": "1",
        },
        **changes,
    }


def standing(name: str, *roles: str, **changes: Any) -> dict[str, Any]:
    """What `name` held when votes were counted."""
    base = {"user": USERS[name], "roles": list(roles), "groups": [], "is_program": False}
    return {**base, **changes}


def bundle(**changes: Any) -> dict[str, Any]:
    """An executed proposal of maker, approved by alice and bob; votes still without a hash."""
    signed = request(PAYLOAD, device=DEVICES["maker"], secret=KEYS["maker"], at=CREATED)
    base = {
        "format": evidence.FORMAT,
        "scope": str(SCOPE),
        "proposal": {
            "id": str(PROPOSAL),
            "action": "add",
            "resource": "/users/invite",
            "state": "executed",
            "policy": {"id": str(POLICY), "version": 7, "snapshot": {"name": "invitations"}},
            "review_expression": REVIEW,
            "expires_at": EXPIRES,
            "created_at": CREATED,
            "decided_at": CREATED + 200,
        },
        "request": encoded(signed),
        "proposer": {"user": USERS["maker"], "device": DEVICES["maker"]},
        "votes": [vote("alice"), vote("bob")],
        "devices": [device(name) for name in USERS],
        "standing": [standing(name, "workspace-owner") for name in ("alice", "bob")],
    }
    return {**base, **changes}


def with_proposal(made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The bundle with other fields of the proposal."""
    return {**made, "proposal": {**made["proposal"], **changes}}


def hashed(made: dict[str, Any]) -> dict[str, Any]:
    """The bundle with the proposal's hash and with votes signed over it."""
    proposal = made["proposal"]
    parts: list[Any] = ["ecs-proposal/1", UUID(made["scope"]).bytes, UUID(proposal["id"]).bytes]
    parts.append(hashlib.sha256(base64.b64decode(made["request"])).digest())
    parts += [UUID(proposal["policy"]["id"]).bytes, proposal["policy"]["version"]]
    parts += [proposal["review_expression"], proposal["expires_at"]]
    digest = hashlib.sha256(cbor2.dumps(parts)).hexdigest()
    votes = [
        {**one, "sign1": encoded(one["sign1"](digest))} if callable(one["sign1"]) else one
        for one in made["votes"]
    ]
    return {**made, "votes": votes, "proposal": {"hash": digest, **proposal}}


def sealed(made: dict[str, Any], secret: int = SERVER) -> dict[str, Any]:
    """The bundle with hash, votes and the server's statement."""
    return evidence.seal_bundle(hashed(made), signer(secret), public_hex(secret))


def compressed(point: str) -> str:
    """The point if it lies on the curve. Raises ValueError."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(point))
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()
