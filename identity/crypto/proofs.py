"""What proofs of credentials have in common: who signs, how a proof is taken out and its times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from identity.crypto import ed25519
from identity.crypto.errors import CredentialProofRefused, CredentialUntimely

SKEW: Final = timedelta(minutes=5)
"""How far the clock of an issuer may be ahead of ours."""
# Either was made for a conversation with somebody else, and a chain needs what comes before it.
_FOREIGN: Final = frozenset({"challenge", "domain", "nonce", "previousProof"})

KeyOf = Callable[[str], ed25519.PublicKey]
"""The key of a verification method; raises CredentialProofRefused or CredentialIssuerUnknown."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key signs: the verification method's full address, and the key."""

    method: str
    key: ed25519.PrivateKey = field(repr=False)


def taken_out(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document without its proof, and the proof, of which there is exactly one.

    Raises CredentialProofRefused.
    """
    bare = {name: value for name, value in document.items() if name != "proof"}
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        (proof,) = proof
    if not isinstance(proof, Mapping) or _FOREIGN & set(proof):
        raise CredentialProofRefused
    return bare, dict(proof)


def check_terms(proof: Mapping[str, Any], *, expected_purpose: str, now: datetime) -> str:
    """The verification method of a proof that is for the purpose and in time.

    Raises CredentialProofRefused, CredentialUntimely.
    """
    match proof:
        case {"proofPurpose": str(purpose), "verificationMethod": str(method)}:
            if purpose != expected_purpose:
                raise CredentialProofRefused
        case _:
            raise CredentialProofRefused
    if "created" in proof and moment(proof["created"]) > now + SKEW:
        raise CredentialUntimely
    if "expires" in proof and moment(proof["expires"]) <= now:
        raise CredentialUntimely
    return method


def moment(value: Any) -> datetime:
    """A time of a credential: with its zone. Raises CredentialProofRefused."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError as error:
        raise CredentialProofRefused from error
    if read is None or read.tzinfo is None:
        raise CredentialProofRefused
    return read


def seconds_text(value: datetime) -> str:
    """A time in UTC to the second, as proofs have it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
