"""The documents of `did:key` DIDs: Ed25519, X25519, secp256k1 and P-256 (did:key method).

Everything in them follows from the DID, so that nothing is asked and nothing is kept.
"""

from typing import Any, Final

import nacl.bindings
import nacl.exceptions

from identity.crypto import base58btc, base64url, did_key, ecdsa_p256, ed25519, secp256k1
from identity.crypto.errors import AddressInvalid, DidInvalid

_DID: Final = "https://www.w3.org/ns/did/v1"
_SUITES: Final = "https://w3id.org/security/suites/"
# https://github.com/multiformats/multicodec, as an unsigned varint.
_X25519: Final = b"\xec\x01"
_X25519_SIZE: Final = 32
_X25519_PRIME: Final = 2**255 - 19
_ANY_SCALAR: Final = bytes((8,)) + bytes(30) + bytes((64,))
_LONGEST: Final = 80
_X25519_TYPE: Final = "X25519KeyAgreementKey2019"
_SIGNING: Final = (
    "assertionMethod",
    "authentication",
    "capabilityInvocation",
    "capabilityDelegation",
)


def document(did: str) -> dict[str, Any]:
    """The document of a DID in its one form, without a fragment. Raises DidInvalid."""
    agreement = _agreement_key(did)
    if agreement is not None:
        method = _method(did, did, _X25519_TYPE, publicKeyBase58=base58btc.encode(agreement))
        return _document(did, ["x25519-2019/v1"], [method], [], [method])
    try:
        public = did_key.parse(did)
    except AddressInvalid as refusal:
        raise DidInvalid(refusal.detail) from None
    match public.point:
        case ed25519.PublicKey():
            return _of_edwards(did, public.raw)
        case secp256k1.PublicKey():
            kind, written = "EcdsaSecp256k1VerificationKey2019", base58btc.encode(public.raw)
            method = _method(did, did, kind, publicKeyBase58=written)
            return _document(did, ["secp256k1-2019/v1"], [method], [method], [method])
        case ecdsa_p256.PublicKey() as point:
            method = _method(did, did, "JsonWebKey2020", publicKeyJwk=jwk(point))
            return _document(did, ["jws-2020/v1"], [method], [method], [method])


def jwk(key: ecdsa_p256.PublicKey) -> dict[str, str]:
    """A P-256 public key as RFC 7518 §6.2.1 writes it."""
    point = key.key.public_numbers()
    x, y = (base64url.encode(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _of_edwards(did: str, raw: bytes) -> dict[str, Any]:
    signing = _method(did, did, "Ed25519VerificationKey2018", publicKeyBase58=base58btc.encode(raw))
    # The same point on the curve's other form (RFC 7748 §4.1).
    agreed = nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(raw)
    of_agreed = did_key.PREFIX + base58btc.encode_multibase(_X25519 + agreed)
    agreeing = _method(did, of_agreed, _X25519_TYPE, publicKeyBase58=base58btc.encode(agreed))
    suites = ["ed25519-2018/v1", "x25519-2019/v1"]
    return _document(did, suites, [signing, agreeing], [signing], [agreeing])


def _agreement_key(did: str) -> bytes | None:
    """The key of a DID of X25519; None for any other DID."""
    if not did.startswith(did_key.PREFIX) or len(did) > _LONGEST:
        return None
    try:
        data = base58btc.decode_multibase(did.removeprefix(did_key.PREFIX))
    except ValueError:
        return None
    raw = data[len(_X25519) :]
    if not data.startswith(_X25519):
        return None
    if len(raw) != _X25519_SIZE or int.from_bytes(raw, "little") >= _X25519_PRIME:
        raise DidInvalid("The DID holds no supported public key.")
    try:
        # A point of small order agrees on nothing (RFC 7748 §6.1).
        nacl.bindings.crypto_scalarmult(_ANY_SCALAR, raw)
    except nacl.exceptions.CryptoError:
        raise DidInvalid("The DID holds no supported public key.") from None
    return raw


def _method(did: str, of_key: str, kind: str, **key: Any) -> dict[str, Any]:
    name = of_key.removeprefix(did_key.PREFIX)
    return {"id": f"{did}#{name}", "type": kind, "controller": did, **key}


def _document(
    did: str,
    suites: list[str],
    methods: list[dict[str, Any]],
    signing: list[dict[str, Any]],
    agreeing: list[dict[str, Any]],
) -> dict[str, Any]:
    shown = {
        "@context": [_DID, *(_SUITES + suite for suite in suites)],
        "id": did,
        "verificationMethod": methods,
    }
    if signing:
        shown |= {name: [one["id"] for one in signing] for name in _SIGNING}
    return {**shown, "keyAgreement": [one["id"] for one in agreeing]}
