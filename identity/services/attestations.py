"""Statements of the server about acts that no device signed, under the scope's signature key."""

from identity.crypto import ecdsa_p256, evidence
from identity.services import server_keys


def request(payload: bytes) -> bytes:
    """A COSE_Sign1 saying that a person asked for `payload` (JSON) and was identified here."""
    return _attest(payload, evidence.STAFF_REQUEST_TYPE)


def vote(payload: bytes) -> bytes:
    """A COSE_Sign1 saying that a person voted as `payload` (JSON) says and was identified here."""
    return _attest(payload, evidence.STAFF_VOTE_TYPE)


def _attest(payload: bytes, typ: str) -> bytes:
    key = server_keys.active_signing_key()

    def sign(message: bytes) -> bytes:
        return ecdsa_p256.sign(key, message)

    return evidence.attest(payload, typ, sign, key.public.kid)
