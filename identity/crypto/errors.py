"""What the cryptography refuses, as typed errors; none of them tells a secret."""

from typing import ClassVar

from identity.errors import DomainError, Kind


class EnvelopeMalformed(DomainError):
    """Bytes that are not the profile's CBOR, shapes or I-JSON."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "envelope.malformed"
    title: ClassVar = "The message is malformed."


class EnvelopeUnsupported(DomainError):
    """A well-formed message of an algorithm or type that the profile does not have."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "envelope.unsupported"
    title: ClassVar = "The message names an algorithm or type that is not supported."


class EnvelopeSealed(DomainError):
    """One error for an unknown key, a broken key transport and a broken cipher text."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "envelope.cannot-open"
    title: ClassVar = "The message cannot be opened."


class EnvelopeUnauthentic(DomainError):
    """One error for an unknown device, a wrong signature and a wrong audience."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "envelope.unauthentic"
    title: ClassVar = "The message is not authentic."


class EnvelopeUntimely(DomainError):
    """The message was made for another time than now."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "envelope.untimely"
    title: ClassVar = "The message is outside its time window."


class EnvelopeReplayed(DomainError):
    """The message was accepted before, or answers no open request."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "envelope.replayed"
    title: ClassVar = "The message was used before."


class KeyInvalid(DomainError):
    """A key that is not of the kind, size or form that is asked for."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "key.invalid"
    title: ClassVar = "The key is not valid."


class SignatureInvalid(DomainError):
    """A signature that the expected key did not make over the expected bytes."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "signature.invalid"
    title: ClassVar = "The signature is not valid."


class DecryptionFailed(DomainError):
    """Cipher text that was changed, or that another key made."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "decryption.failed"
    title: ClassVar = "The cipher text cannot be decrypted."


class TokenInvalid(DomainError):
    """A token of the wrong form, or not the expected one."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "token.invalid"
    title: ClassVar = "The token is not valid."


class SealBroken(DomainError):
    """A sealed value that was changed, moved to another place, or whose key is not here."""

    kind: ClassVar = Kind.UNAVAILABLE
    code: ClassVar = "seal.broken"
    title: ClassVar = "A sealed value cannot be opened."


class SealUnavailable(DomainError):
    """The holder of the key-encryption key cannot be reached."""

    kind: ClassVar = Kind.UNAVAILABLE
    code: ClassVar = "seal.unavailable"
    title: ClassVar = "The key-encryption key is not available."


class AddressInvalid(DomainError):
    """A text that is no DID or no account of the form that is asked for."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "address.invalid"
    title: ClassVar = "The DID or address is not valid."


class SignInMessageMalformed(DomainError):
    """A text that is not the one form of a sign-in message (CAIP-122, ERC-4361)."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "sign-in-message.malformed"
    title: ClassVar = "The sign-in message is malformed."


class SignInMessageRefused(DomainError):
    """One error for a message that was made for another place, time, network or challenge."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "sign-in-message.refused"
    title: ClassVar = "The sign-in message was made for something else."


class ContractWalletUnsupported(DomainError):
    """A signature that only a contract on a ledger could judge (ERC-1271, ERC-6492)."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "wallet.contract-unsupported"
    title: ClassVar = "Wallets that are contracts are not supported."


class CredentialInvalid(DomainError):
    """One error for a credential or presentation that was changed, or is another's."""

    kind: ClassVar = Kind.UNAUTHENTICATED
    code: ClassVar = "credential.invalid"
    title: ClassVar = "The credential is not valid."


class DidInvalid(DomainError):
    """A text that is no DID of a method that is known here, in its one form."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "did.invalid"
    title: ClassVar = "This is not a DID that is known here."


class DidDocumentRefused(DomainError):
    """A DID document, or the private keys sent with it, that is not taken; `detail` says why."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "did-document.refused"
    title: ClassVar = "Invalid did document or keys."


class CredentialMalformed(DomainError):
    """JSON that is no credential of the data model's versions 1.1 and 2.0, or beyond its bounds."""

    kind: ClassVar = Kind.INVALID
    code: ClassVar = "credential.malformed"
    title: ClassVar = "This is no verifiable credential that can be read here."


class CredentialTooComplex(DomainError):
    """A graph that takes longer to bring in order than anybody's credential should."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.too-complex"
    title: ClassVar = "The credential takes too much work to verify."


class CredentialContextUnknown(DomainError):
    """A context that is neither bundled nor known by its content: nothing is ever fetched."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.context-unknown"
    title: ClassVar = "The credential uses a context that is not known here."


class CredentialTermUndefined(DomainError):
    """Something no context defines, which no signature over the graph would cover."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.term-undefined"
    title: ClassVar = "The credential says something that its contexts do not define."


class CredentialProofRefused(DomainError):
    """One error for a missing, foreign, doubled, ill-purposed or wrong proof."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.proof-refused"
    title: ClassVar = "The proof of the credential does not verify."


class CredentialIssuerUnknown(DomainError):
    """A DID that names no key itself and has no document here; nothing is ever fetched."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.issuer-unknown"
    title: ClassVar = "The issuer of the credential is not known here."


class CredentialUnexpected(DomainError):
    """A good credential of another issuer, or about somebody else, than was asked for."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.unexpected"
    title: ClassVar = "The credential is not of the issuer, or not about whom, that was expected."


class CredentialUntimely(DomainError):
    """Not valid yet, or not any more."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.untimely"
    title: ClassVar = "The credential is not valid at this time."


class CredentialRevoked(DomainError):
    """Its issuer took it back for ever, or whom it is about is shut out for now."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.revoked"
    title: ClassVar = "The credential was revoked, or is suspended."


class CredentialStatusUnknown(DomainError):
    """It has a status list that was not given, or that says nothing about it."""

    kind: ClassVar = Kind.UNPROCESSABLE
    code: ClassVar = "credential.status-unknown"
    title: ClassVar = "Whether the credential was revoked could not be told."


class JsonLdUnavailable(DomainError):
    """No process could be had in which a stranger's document is read; it is not read without."""

    kind: ClassVar = Kind.UNAVAILABLE
    code: ClassVar = "json-ld.unavailable"
    title: ClassVar = "Credentials cannot be verified at the moment."
