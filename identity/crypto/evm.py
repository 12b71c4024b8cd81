"""What an account of Ethereum signs: personal messages, transactions and typed data.

Signatures are `r || s || v` of 65 bytes with low S (EIP-2) and v 27 or 28, the same for the same
digest (RFC 6979). The three kinds begin differently, so that none passes for another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from identity.crypto import eip191, evm_fields, secp256k1
from identity.crypto.evm_transaction import Transaction
from identity.crypto.evm_typed_data import TypedData
from identity.errors import Invalid

__all__ = ["KINDS", "PersonalMessage", "Signable", "Signed", "Transaction", "TypedData"]

_MOST_SHOWN: Final = 4096


@dataclass(frozen=True, slots=True)
class PersonalMessage:
    """Bytes that a person signs as a message (EIP-191, version 0x45): at most 64 KiB."""

    data: bytes

    kind: ClassVar[Literal["personal_message"]] = "personal_message"

    def __post_init__(self) -> None:
        """Raises `identity.errors.Invalid`."""
        if len(self.data) > evm_fields.MOST_BYTES:
            raise Invalid(f"A message has at most {evm_fields.MOST_BYTES} bytes.")

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "PersonalMessage":
        """Read `{"message": "0x…"}`. Raises `identity.errors.Invalid`."""
        fields = evm_fields.known(given, {"message"}, "A message")
        return cls(evm_fields.octets(fields.get("message"), "message"))

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        return eip191.digest(self.data)

    @property
    def text(self) -> str | None:
        """What a person can read of it; None where it is no text or has signs that hide others."""
        try:
            text = self.data.decode()
        except UnicodeDecodeError:
            return None
        is_plain = all(sign.isprintable() or sign in "\n\t" for sign in text)
        return text if is_plain else None

    def facts(self) -> dict[str, Any]:
        """What policies may ask: its length, and the text where it can be read and is not long.

        Otherwise the text is absent, and a policy that asks for it fails on the closed side.
        """
        text, facts = self.text, {"message_bytes": len(self.data)}
        is_shown = text is not None and len(text) <= _MOST_SHOWN
        return {**facts, "message_text": text} if is_shown else facts

    def wire(self) -> dict[str, Any]:
        """The same as JSON that `read` takes."""
        return {"message": "0x" + self.data.hex()}


Signable = PersonalMessage | Transaction | TypedData
KINDS: Final[Mapping[str, type[Signable]]] = {
    one.kind: one for one in (PersonalMessage, Transaction, TypedData)
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature, and for a transaction what is sent to the network."""

    digest: bytes
    signature: bytes = field(repr=False)
    raw_transaction: bytes | None = field(default=None, repr=False)


def read(kind: str, given: Mapping[str, Any]) -> Signable:
    """Read what `wire` wrote. Raises `identity.errors.Invalid`."""
    if kind not in KINDS:
        raise Invalid(f"What is signed is one of {', '.join(sorted(KINDS))}.")
    return KINDS[kind].read(given)


def sign(private: secp256k1.PrivateKey, what: Signable) -> Signed:
    """Sign it. The key is the caller's to find and to forget."""
    digest = what.digest
    signature = secp256k1.sign_recoverable(private, digest)
    raw = what.raw(signature) if isinstance(what, Transaction) else None
    return Signed(digest, signature, raw)
