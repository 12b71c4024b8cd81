"""A wallet's sign-in by a token: the DID, its key, the token and the challenge belong together."""

import hmac
from dataclasses import dataclass

from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import Address
from identity.crypto.errors import TokenInvalid


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows: texts as they came."""

    did: str
    public_key: str
    """`z` and Base58, or 0x-hex."""
    token: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven; the caller still compares the key with the one that is stored."""

    address: Address
    key: wallet_keys.PublicKey
    claims: wallet_jwt.Claims
    """Its `digest` is remembered while the token is valid, so that it passes once."""


def verify(shown: Shown, *, expected_challenge: str, now: int) -> Proof:
    """Verify a token that names the challenge in its claim `challenge`.

    Raises AddressInvalid or KeyInvalid for a DID or key that is none, or where they don't belong
    together; TokenInvalid for everything about the token.
    """
    proof = _verify(shown, now)
    if not _names(proof, expected_challenge):
        raise TokenInvalid
    return proof


def verify_unchallenged(shown: Shown, *, expected_challenge: str, now: int) -> Proof:
    """The same for wallets that name no challenge; one that is named must be the expected one.

    Such a token proves the key, and that it was made within ten minutes: no more.
    """
    proof = _verify(shown, now)
    if "challenge" in proof.claims.body and not _names(proof, expected_challenge):
        raise TokenInvalid
    return proof


def _verify(shown: Shown, now: int) -> Proof:
    address = did_address.parse(shown.did)
    key = wallet_keys.parse_public(shown.public_key)
    wallet_keys.verify_owner(address, key)
    claims = wallet_jwt.verify(shown.token, key, now=now)
    if claims.issuer != address:
        raise TokenInvalid
    return Proof(address, key, claims)


def _names(proof: Proof, challenge: str) -> bool:
    said = proof.claims.text("challenge")
    return said != "" and hmac.compare_digest(
        said.encode("utf-8", "surrogatepass"), challenge.encode("utf-8", "surrogatepass")
    )
