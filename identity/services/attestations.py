"""Statements of the server about acts that no device signed, under the scope's signature key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from identity.crypto import ecdsa_p256, evidence
from identity.scoping import current
from identity.services import server_keys
from identity.services.server_keys import ClientKeys


def request(payload: bytes) -> bytes:
    """A COSE_Sign1 saying that a person asked for `payload` (JSON) and was identified here."""
    return _attest(payload, evidence.STAFF_REQUEST_TYPE)


def vote(payload: bytes) -> bytes:
    """A COSE_Sign1 saying that a person voted as `payload` (JSON) says and was identified here."""
    return _attest(payload, evidence.STAFF_VOTE_TYPE)


def http_request(
    *,
    action: str,
    resource: str,
    details: Mapping[str, Any],
    user: UUID,
    device: UUID,
    signature_base: bytes,
    signature: bytes,
    body: bytes,
) -> bytes:
    """A COSE_Sign1 that encloses a device's HTTP message signature (RFC 9421) over a request.

    `action` and `resource` are what the request means here, `details` the JSON object that `body`
    holds (empty without a body), `user` the client-visible id, `signature` raw r||s of 64 bytes.
    The evidence's verifier checks the device's signature itself, so the proposer's device is kept
    as the signer: `Evidence(sign1=…, is_attested=False)`.
    """
    payload = {
        "action": action,
        "resource": resource,
        "details": dict(details),
        "user": str(user),
        "device": str(device),
    }
    said = evidence.http_request(payload, signature_base, signature, body)
    return _attest(said, evidence.HTTP_REQUEST_TYPE)


def present_keys(*, now: datetime) -> list[bytes]:
    """The same for the keys that clients are configured with now."""
    return client_keys(server_keys.client_keys(), now=now)


def client_keys(keys: ClientKeys, *, now: datetime) -> list[bytes]:
    """The keys a client is configured with, signed by each signature key that is still of use.

    Whoever knows one of them from elsewhere (an invitation's link) may believe the others.
    """
    said = {
        "scope": str(current.required_scope()),
        "encryption": keys.encryption_pem_base64,
        "signature": keys.signature_hex,
    }
    payload = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    usable = server_keys.usable_signing_keys(now=now)
    return [_attest_by(key, payload, evidence.SERVER_KEYS_TYPE) for key in usable]


def read_request(sign1: bytes) -> bytes:
    """The payload of a `request` that a key of the scope in force attested.

    Raises `evidence.EvidenceInvalid`.
    """
    return evidence.verify_attested(
        sign1, evidence.STAFF_REQUEST_TYPE, server_keys=server_keys.signature_keys()
    )


def _attest(payload: bytes, typ: str) -> bytes:
    return _attest_by(server_keys.active_signing_key(), payload, typ)


def _attest_by(key: ecdsa_p256.PrivateKey, payload: bytes, typ: str) -> bytes:
    def sign(message: bytes) -> bytes:
        return ecdsa_p256.sign(key, message)

    return evidence.attest(payload, typ, sign, key.public.kid)
