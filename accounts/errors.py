"""Refusals about users, their devices and roles."""

from typing import Any, Final

from identity.errors import DomainError, Kind


class KeyTaken(DomainError):
    """One public key belongs to one device in the whole deployment, for ever."""

    kind = Kind.CONFLICT
    code = "device.key-taken"
    title = "This public key belongs to a device already. Make new keys."


class KeyInvalid(DomainError):
    """Not a P-256 point or not an RSA key within bounds."""

    kind = Kind.INVALID
    code = "device.key-invalid"
    title = "This public key is not acceptable."


class TooManyDevices(DomainError):
    """The scope says how many devices a user may have."""

    kind = Kind.CONFLICT
    code = "device.too-many"
    title = "This user has as many devices as allowed. Revoke one first."


class LastOwnerDevice(DomainError):
    """Nobody could act for the scope any more."""

    kind = Kind.CONFLICT
    code = "device.last-of-last-owner"
    title = "This is the last device of the last owner; revoking it needs a second person."


class UserInactive(DomainError):
    """Disabled, deleted, expired or without an accepted device."""

    kind = Kind.FORBIDDEN
    code = "user.inactive"
    title = "This user is not active."


class PasswordRefused(DomainError):
    """One text for wrong, missing, unknown and too often."""

    kind = Kind.UNAUTHENTICATED
    code = "password.refused"
    title = "A password is required or the given one is wrong."


class NameTaken(DomainError):
    """Of another row, or of this one with other fields."""

    kind = Kind.CONFLICT
    code = "name.taken"
    title = "This name or id is taken."


class RoleUnknown(DomainError):
    """Neither a predefined name nor the id of a custom role here."""

    kind = Kind.INVALID
    code = "role.unknown"
    title = "There is no such role in this scope."


class GrantTooWide(DomainError):
    """Only a review lets somebody give more than it has."""

    kind = Kind.FORBIDDEN
    code = "role.grant-too-wide"
    title = "You can't grant more than you hold yourself."


class AccountHoldsMore(DomainError):
    """Whoever could change how a mightier account is signed in to would become that account."""

    kind = Kind.FORBIDDEN
    code = "user.holds-more"
    title = "This account may do more than you, so you can't change how it is signed in to alone."


class ProofInvalid(DomainError):
    """The new signature key did not sign both new keys for this device."""

    kind = Kind.INVALID
    code = "device.proof-invalid"
    title = "The proof of possession of the new keys does not verify."


class PasswordUnfit(DomainError):
    """Too short, too long or without a UTF-8 form."""

    kind = Kind.INVALID
    code = "password.unfit"
    title = "This password can't be used. Choose another."


class Busy(DomainError):
    """Too many passwords are being checked; `facts["retry_after"]` holds whole seconds."""

    kind = Kind.UNAVAILABLE
    code = "busy"
    title = "The server is busy. Try again shortly."


class LastOwner(DomainError):
    """A scope without an owner could never be changed again."""

    kind = Kind.CONFLICT
    code = "user.last-owner"
    title = "This is the last owner; make somebody else an owner first."


class RuleUnknown(DomainError):
    """Its words name no permission."""

    kind = Kind.INVALID
    code = "rule.unknown"
    title = "There is no right for this resource and action."


class InUse(DomainError):
    """Something else holds it."""

    kind = Kind.CONFLICT
    code = "object.in-use"
    title = "This is still in use."


class ReauthenticationNeeded(DomainError):
    """Ten minutes after signing in, dangerous acts ask again who is there."""

    kind = Kind.FORBIDDEN
    code = "session.reauthentication-needed"
    title = "Show again that it is you: sign in anew or re-authenticate."


class OneTimePasswordRefused(DomainError):
    """One text for wrong, used, unknown and too often."""

    kind = Kind.UNAUTHENTICATED
    code = "one-time-password.refused"
    title = "This code is wrong, was used before, or there were too many wrong ones."


class TooManyWrongPasswords(DomainError):
    """From one neighbourhood of addresses; `facts["retry_after"]` holds whole seconds."""

    kind = Kind.LIMITED
    code = "password.too-many-wrong"
    title = "Too many wrong passwords or codes came from this address. Wait and try again."


class WalletTaken(DomainError):
    """One wallet signs one user of a scope in."""

    kind = Kind.CONFLICT
    code = "wallet.taken"
    title = "This wallet or user key belongs to another account here."


class IdentityTaken(DomainError):
    """One account at a provider signs one user of a scope in."""

    kind = Kind.CONFLICT
    code = "external-identity.taken"
    title = "This account at the provider belongs to another account here."


class PasskeyRefused(DomainError):
    """The authenticator's answer does not verify, or is not what the scope asks for."""

    kind = Kind.INVALID
    code = "passkey.refused"
    title = "This passkey could not be added."


class PasskeyTaken(DomainError):
    """One credential signs one user of a scope in."""

    kind = Kind.CONFLICT
    code = "passkey.taken"
    title = "This passkey is registered here already."


class TooManyPasskeys(DomainError):
    """A person has a handful of authenticators, not hundreds."""

    kind = Kind.CONFLICT
    code = "passkey.too-many"
    title = "This account has as many passkeys as allowed. Remove one first."


class LastWayIn(DomainError):
    """Nobody could sign in to the account any more."""

    kind = Kind.CONFLICT
    code = "user.last-way-in"
    title = "This is the last way to sign in to this account. Add another one first."


class TooManyGenerations(DomainError):
    """An invitation by an invited person, and so on, ends somewhere."""

    kind = Kind.INVALID
    code = "profile.too-many-generations"
    title = "This chain of inviters is too long."


class LambdaFailed(DomainError):
    """Threw, took too long, wanted too much or said too much: one text for all.

    `noted` is for the history of the runs alone, which its owner and staff read.
    """

    kind = Kind.UNPROCESSABLE
    code = "lambda.failed"
    title = "Its code, or a call, did not come to an answer within its bounds."

    def __init__(self, detail: str = "", *, noted: str = code, **facts: Any) -> None:
        super().__init__(detail, **facts)
        self.noted = noted


NOT_COMPILED: Final = "lambda.not-compiled"
"""What is noted of code that is no JavaScript, of which nothing was run."""


class LambdaUnavailable(DomainError):
    """No process to run it in, or no system that can lock one in."""

    kind = Kind.UNAVAILABLE
    code = "lambda.unavailable"
    title = "Code cannot be run here at the moment."


class SignatureWaits(DomainError):
    """A signature that others have to agree to, and who must has not decided yet."""

    kind = Kind.CONFLICT
    code = "key-signature.waits"
    title = "This signature waits for approval."


class SignatureEnded(DomainError):
    """The proposal ended without effect; nothing was signed."""

    kind = Kind.GONE
    code = "key-signature.ended"
    title = "This was not approved, and nothing was signed."


class LambdasOff(DomainError):
    """The scope has not turned them on, or has turned them off again."""

    kind = Kind.FORBIDDEN
    code = "lambda.off"
    title = "This scope has no lambdas."


class LambdaUnsupported(DomainError):
    """A configuration that asks for what this server does not do; `detail` says what."""

    kind = Kind.UNPROCESSABLE
    code = "lambda.unsupported"
    title = "A lambda can't do this here."


class TooManyLambdas(DomainError):
    """Each of them can sign while nobody looks."""

    kind = Kind.CONFLICT
    code = "lambda.too-many"
    title = "This account has as many lambdas as allowed. Remove one first."


class LambdaOver(DomainError):
    """Stopped, run as often as it may, or its owner's account is not active: one text for all."""

    kind = Kind.GONE
    code = "lambda.over"
    title = "This lambda does not run any more."


class LambdaNeedsApproval(DomainError):
    """Policy wants others to agree, and nobody is there who could ask them."""

    kind = Kind.FORBIDDEN
    code = "lambda.needs-approval"
    title = "What this lambda would sign needs approval, which a lambda can't wait for."
