"""An authenticator in software: makes passkeys and signs with them as browsers hand it on.

It follows what it is told, also where a real one would refuse, so that tests can send wrong
answers that are signed correctly.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from identity.crypto import base64url

ORIGIN = "http://localhost:8000"
RP_ID = "localhost"
AAGUID = UUID("6f1d1c7e-52f0-4a86-9a1d-0b5cf2f3a9d4")
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
ES256, RS256 = -7, -257
MODEL = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


@dataclass
class Credential:
    """One key pair of the authenticator; `counter` None for one that does not count."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    id: bytes
    rp_id: str
    handle: str
    counter: int | None

    @property
    def algorithm(self) -> int:
        return ES256 if isinstance(self.private, ec.EllipticCurvePrivateKey) else RS256

    @property
    def cose(self) -> bytes:
        """The public key as COSE (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4)."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            point = self.private.public_key().public_numbers()
            x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
            return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})
        numbers = self.private.public_key().public_numbers()
        n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return cbor2.dumps({1: 3, 3: RS256, -1: n, -2: numbers.e.to_bytes(3, "big")})

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def count(self) -> int:
        if self.counter is None:
            return 0
        self.counter += 1
        return self.counter


class Maker:
    """Who makes authenticators of one model, and vouches for them with a certificate."""

    def __init__(self, model: UUID = AAGUID) -> None:
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = _certificate("Maker", self.root_key, "Maker", self.root_key, None)
        self.certificate = _certificate("Maker", self.root_key, "Batch", self.key, model)

    @property
    def text(self) -> str:
        """The root as a scope's settings take it."""
        return base64.b64encode(self.root.public_bytes(Encoding.DER)).decode()

    def vouch(self, data: bytes) -> dict[str, Any]:
        """An attestation statement of the format "packed" (WebAuthn Level 2 §8.2)."""
        signature = self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return {
            "alg": ES256,
            "sig": signature,
            "x5c": [self.certificate.public_bytes(Encoding.DER)],
        }


def _certificate(
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    model: UUID | None,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .issuer_name(name(issuer))
        .subject_name(name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=model is None, path_length=None), critical=True)
    )
    if model is not None:
        value = x509.UnrecognizedExtension(MODEL, b"\x04\x10" + model.bytes)
        built = built.add_extension(value, critical=False)
    return built.sign(issuer_key, hashes.SHA256())


@dataclass
class Authenticator:
    """`create` and `get` take the options below "publicKey" and answer with a credential's JSON."""

    origin: str = ORIGIN
    algorithm: int = ES256
    attestation: str = "none"
    aaguid: UUID = AAGUID
    flags: int = PRESENT | VERIFIED
    counter: int | None = 0
    rsa_bits: int = 2048
    maker: "Maker | None" = None
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        """Make a credential. `said` overrides what the browser says in the client data."""
        made = Credential(
            self._key(),
            secrets.token_bytes(32),
            options["rp"]["id"],
            options["user"]["id"],
            self.counter,
        )
        self.credentials.append(made)
        return self.attest(made, options, **said)

    def attest(self, made: Credential, options: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        """The answer that registers a credential; again for one that was registered before."""
        client = self._client_data("webauthn.create", options, said)
        data = self._data(made.rp_id, self.flags | ATTESTED, made.counter or 0)
        data += self.aaguid.bytes + len(made.id).to_bytes(2, "big") + made.id + made.cose
        statement: dict[str, Any] = {}
        if self.attestation == "packed":
            signature = made.sign(data + hashlib.sha256(client).digest())
            statement = {"alg": made.algorithm, "sig": signature}
        if self.maker is not None:
            statement = self.maker.vouch(data + hashlib.sha256(client).digest())
        found = {"fmt": self.attestation, "attStmt": statement, "authData": data}
        return self._answer(
            made,
            {
                "clientDataJSON": base64url.encode(client),
                "attestationObject": base64url.encode(cbor2.dumps(found)),
                "transports": ["internal"],
            },
        )

    def get(
        self,
        options: Mapping[str, Any],
        credential: Credential | None = None,
        *,
        handle: str | None = None,
        **said: Any,
    ) -> dict[str, Any]:
        """Sign with a credential, the latest that fits unless given. `handle` "" says no user."""
        used = credential or self._fitting(options)
        client = self._client_data("webauthn.get", options, said)
        data = self._data(options.get("rpId", used.rp_id), self.flags, used.count())
        response = {
            "clientDataJSON": base64url.encode(client),
            "authenticatorData": base64url.encode(data),
            "signature": base64url.encode(used.sign(data + hashlib.sha256(client).digest())),
            "userHandle": used.handle if handle is None else handle or None,
        }
        return self._answer(used, response)

    def _key(self) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
        if self.algorithm == ES256:
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(65537, self.rsa_bits)

    def _fitting(self, options: Mapping[str, Any]) -> Credential:
        allowed = {entry["id"] for entry in options.get("allowCredentials") or []}
        return next(
            one
            for one in reversed(self.credentials)
            if not allowed or base64url.encode(one.id) in allowed
        )

    def _client_data(self, kind: str, options: Mapping[str, Any], said: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told | {"crossOrigin": False} | said).encode()

    @staticmethod
    def _data(rp_id: str, flags: int, count: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    @staticmethod
    def _answer(used: Credential, response: dict[str, Any]) -> dict[str, Any]:
        text = base64url.encode(used.id)
        return {
            "id": text,
            "rawId": text,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
