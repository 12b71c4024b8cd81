"""Refusals in the words of this face: one table from our error codes to status and error_code."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from identity.errors import DomainError, Kind


class Meaning(NamedTuple):
    """What a refusal is here (specification §3.7).

    `http` is for errors in the clear: sealed answers are 200 whatever they say (§3.2).
    """

    status: str
    error_code: str
    http: int


class RolledBack(DomainError):
    """Said of every part of an atomic batch but the one that failed."""

    kind = Kind.CONFLICT
    code = "batch.rolled-back"
    title = "Rolled back, because another part of the atomic batch failed."


MALFORMED: Final = Meaning("failed", "-1", 400)
TOO_LARGE: Final = Meaning("failed", "-1", 413)
NOT_AN_ENVELOPE: Final = Meaning("failed", "-1", 415)
UNSUPPORTED: Final = Meaning("failed", "-2", 400)
SEALED: Final = Meaning("failed", "-3", 400)
UNAUTHENTIC: Final = Meaning("unauthorized", "-4", 401)
UNTIMELY: Final = Meaning("unauthorized", "-5", 401)
REPLAYED: Final = Meaning("unauthorized", "-6", 401)
INVALID: Final = Meaning("failed", "-7", 400)
MISSING: Final = Meaning("failed", "-8", 400)
FORBIDDEN: Final = Meaning("unauthorized", "-9", 401)
CONFLICT: Final = Meaning("failed", "-10", 400)
INVITATION: Final = Meaning("unauthorized", "-11", 401)
PASSWORD: Final = Meaning("unauthorized", "-12", 401)
LIMITED: Final = Meaning("failed", "-13", 429)
UNAVAILABLE: Final = Meaning("failed", "-13", 503)

MEANINGS: Final[Mapping[str, Meaning]] = {
    "envelope.malformed": MALFORMED,
    "envelope.too-large": TOO_LARGE,
    "envelope.media-type": NOT_AN_ENVELOPE,
    "envelope.unsupported": UNSUPPORTED,
    "envelope.cannot-open": SEALED,
    "decryption.failed": SEALED,
    "envelope.unauthentic": UNAUTHENTIC,
    "scope.mismatch": UNAUTHENTIC,
    "scope.not-active": UNAUTHENTIC,
    "challenge.refused": UNAUTHENTIC,
    "code.refused": UNAUTHENTIC,
    "sign-in.refused": UNAUTHENTIC,
    "signature.invalid": UNAUTHENTIC,
    "token.refused": UNAUTHENTIC,
    "token.invalid": UNAUTHENTIC,
    "sign-in-message.refused": UNAUTHENTIC,
    "credential.invalid": UNAUTHENTIC,
    "unauthenticated": UNAUTHENTIC,
    "envelope.untimely": UNTIMELY,
    "envelope.replayed": REPLAYED,
    "http.malformed": MALFORMED,
    "http.media-type": NOT_AN_ENVELOPE,
    "http.method": INVALID,
    "http.not-acceptable": INVALID,
    "http.too-large": TOO_LARGE,
    "invalid": INVALID,
    "precondition.needed": INVALID,
    "invitation-batch.column-unknown": INVALID,
    "invitation-batch.unreadable": INVALID,
    "challenge.failed": INVALID,
    "statement.differs": INVALID,
    "address.refused": INVALID,
    "key.invalid": INVALID,
    "credential.malformed": INVALID,
    "credential.too-complex": INVALID,
    "credential.context-unknown": INVALID,
    "credential.term-undefined": INVALID,
    "credential.proof-refused": INVALID,
    "credential.issuer-unknown": INVALID,
    "credential.unexpected": INVALID,
    "credential.untimely": INVALID,
    "credential.revoked": INVALID,
    "credential.status-unknown": INVALID,
    "address.invalid": INVALID,
    "application.return-refused": INVALID,
    "profile.too-many-generations": INVALID,
    "provider.unusable": INVALID,
    "sign-in-message.malformed": INVALID,
    "wallet.contract-unsupported": INVALID,
    "paging.cursor-invalid": INVALID,
    "device.key-invalid": INVALID,
    "did.invalid": INVALID,
    "did.unproven": INVALID,
    "did-document.refused": INVALID,
    "device.proof-invalid": INVALID,
    "password.unfit": INVALID,
    "policy.evaluation-failed": INVALID,
    "policy.expression-invalid": INVALID,
    "policy.pattern-invalid": INVALID,
    "policy.resource-invalid": INVALID,
    "policy.review-invalid": INVALID,
    "proposal.hash-differs": INVALID,
    "proposal.reason-needed": INVALID,
    "role.unknown": INVALID,
    "rule.unknown": INVALID,
    "scope.ambiguous": INVALID,
    "scope.host-invalid": INVALID,
    "scope.settings-invalid": INVALID,
    "scope.slug-invalid": INVALID,
    "missing": MISSING,
    "not-supported": MISSING,
    "scope.unknown": MISSING,
    "forbidden": FORBIDDEN,
    "policy.denied": FORBIDDEN,
    "scope.creation-closed": FORBIDDEN,
    "session.csrf": FORBIDDEN,
    "session.step-up-needed": FORBIDDEN,
    "sign-in.by-invitation-only": FORBIDDEN,
    "provider.declined": FORBIDDEN,
    "proposal.may-not-decide": FORBIDDEN,
    "role.grant-too-wide": FORBIDDEN,
    "user.holds-more": FORBIDDEN,
    "api-key.too-wide": FORBIDDEN,
    "session.reauthentication-needed": FORBIDDEN,
    "user.inactive": FORBIDDEN,
    "did.taken": CONFLICT,
    "invitation.links-by-mail-off": CONFLICT,
    "invitation.needs-device": CONFLICT,
    "invitation.person-has-joined": CONFLICT,
    "invitation.waits": CONFLICT,
    "batch.rolled-back": CONFLICT,
    "api-key.first-exists": CONFLICT,
    "api-key.revoked": CONFLICT,
    "api-key.too-many": CONFLICT,
    "api-key.without-secret": CONFLICT,
    "conflict": CONFLICT,
    "developer-key.taken": CONFLICT,
    "developer-key.too-many": CONFLICT,
    "device.key-taken": CONFLICT,
    "device.last-of-last-owner": CONFLICT,
    "device.too-many": CONFLICT,
    "idempotency.conflict": CONFLICT,
    "invitation.too-many": CONFLICT,
    "name.taken": CONFLICT,
    "object.in-use": CONFLICT,
    "policy.locked": CONFLICT,
    "precondition.failed": CONFLICT,
    "proposal.already-voted": CONFLICT,
    "proposal.ended": CONFLICT,
    "proposal.quorum-unreachable": CONFLICT,
    "proposal.too-many": CONFLICT,
    "scope.has-owner": CONFLICT,
    "scope.configuration-used": CONFLICT,
    "scope.host-taken": CONFLICT,
    "scope.platform-taken": CONFLICT,
    "scope.slug-taken": CONFLICT,
    "external-identity.taken": CONFLICT,
    "key-signature.ended": MISSING,
    "key-signature.waits": CONFLICT,
    "passkey.refused": INVALID,
    "passkey.taken": CONFLICT,
    "passkey.too-many": CONFLICT,
    "user-key.too-many": CONFLICT,
    "user.last-owner": CONFLICT,
    "user.last-way-in": CONFLICT,
    "wallet.taken": CONFLICT,
    "application.too-many": CONFLICT,
    "provider.too-many": CONFLICT,
    "webhook.disabled": CONFLICT,
    "webhook.events-unknown": INVALID,
    "webhook.too-many": CONFLICT,
    "invitation.not-valid": INVITATION,
    "one-time-password.refused": PASSWORD,
    "password.refused": PASSWORD,
    "password.too-many-wrong": LIMITED,
    "rate-limited": LIMITED,
    "code.sent-already": LIMITED,
    "too-many-requests": LIMITED,
    "busy": UNAVAILABLE,
    "fetch.failed": UNAVAILABLE,
    "lambda.failed": INVALID,
    "lambda.unavailable": UNAVAILABLE,
    "json-ld.unavailable": UNAVAILABLE,
    "lambda.needs-approval": FORBIDDEN,
    "onboarding.account-id-invalid": INVALID,
    "onboarding.account-key-invalid": INVALID,
    "onboarding.account-mismatch": INVALID,
    "onboarding.already-done": CONFLICT,
    "onboarding.ledger-away": UNAVAILABLE,
    "onboarding.parent-not-ready": INVALID,
    "onboarding.parent-required": INVALID,
    "onboarding.parent-unknown": INVALID,
    "onboarding.remote-account-required": INVALID,
    "onboarding.remote-signing-incomplete": INVALID,
    "onboarding.unexpected": UNAVAILABLE,
    "lambda.off": FORBIDDEN,
    "lambda.over": MISSING,
    "did.deactivated": MISSING,
    "lambda.too-many": CONFLICT,
    "lambda.unsupported": INVALID,
    "ledger-account.taken": CONFLICT,
    "ledger.lapsed": CONFLICT,
    "ledger.refused": INVALID,
    "ledger.unavailable": UNAVAILABLE,
    "acl.invalid": INVALID,
    "context.disabled": CONFLICT,
    "context.too-many": CONFLICT,
    "solution.too-many": CONFLICT,
    "context.missing": MISSING,
    "context.parent-cannot-be-unshared": CONFLICT,
    "context.private-cannot-be-shared": CONFLICT,
    "context.shared-cannot-be-private": CONFLICT,
    "limits.outside": FORBIDDEN,
    "list.filter-invalid": INVALID,
    "list.filter-too-costly": UNAVAILABLE,
    "list.no-match-for-last-id": INVALID,
    "member.key-taken": CONFLICT,
    "member.missing": MISSING,
    "remote.paused": CONFLICT,
    "remote.too-many": CONFLICT,
    "member.taken": CONFLICT,
    "solution.has-contexts": CONFLICT,
    "solution.missing": MISSING,
    "seal.broken": UNAVAILABLE,
    "seal.unavailable": UNAVAILABLE,
}

# One text for every cause, so that nobody learns which object exists in which scope, or which part
# of an envelope or a credential was wrong (specification §3.6).
_ONE_TEXT: Final[Mapping[str, str]] = {
    MALFORMED.error_code: "The envelope or its JSON is malformed.",
    UNSUPPORTED.error_code: "The envelope names an algorithm or type that is not supported.",
    SEALED.error_code: "The envelope cannot be opened.",
    UNAUTHENTIC.error_code: "The envelope is not authentic.",
    UNTIMELY.error_code: "The envelope is outside its time window.",
    REPLAYED.error_code: "The envelope was used before.",
    MISSING.error_code: "There is no such resource, action or object.",
    INVITATION.error_code: "The invitation is not valid. Ask for a new one.",
    PASSWORD.error_code: "A password is required, or the given one is wrong.",
}
_EXPLAINED_KINDS: Final = frozenset({Kind.INVALID, Kind.CONFLICT, Kind.FORBIDDEN})


def http_status(error: DomainError) -> int:
    """The HTTP status of a refusal in the clear; sealed answers are always 200."""
    return MEANINGS[error.code].http


def public_body(error: DomainError) -> dict[str, Any]:
    """The answer to anybody: one fixed text per code and title."""
    status, error_code, _ = MEANINGS[error.code]
    answer: dict[str, Any] = {
        "status": status,
        "error_code": error_code,
        "message": _ONE_TEXT.get(error_code, error.title),
    }
    retry_after = error.facts.get("retry_after")
    if retry_after is not None:
        answer["details"] = {"retry_after": retry_after}
    return answer


def body(error: DomainError) -> dict[str, Any]:
    """The answer to an authenticated caller, who may hear what is wrong with its own input."""
    answer = public_body(error)
    if error.detail and error.kind in _EXPLAINED_KINDS and answer["error_code"] not in _ONE_TEXT:
        answer["message"] = f"{error.title} {error.detail}"
    # A proposal that people voted down is the one conflict with a status of its own.
    if error.code == "proposal.ended" and error.facts.get("state") == "rejected":
        answer["status"] = "rejected"
    return answer


def ended(state: str, reason: str) -> dict[str, Any]:
    """The answer to a voter whose proposal ended otherwise than the vote wanted."""
    because = f" ({reason})" if reason else ""
    return {
        "status": "rejected" if state == "rejected" else "failed",
        "error_code": CONFLICT.error_code,
        "message": f"This proposal is {state}{because}.",
    }
