"""Refusals in the words of JSON-RPC: each kind has a number, and some codes a text of their own.

HTTP says 200 to every one of them, because clients hide the body of any other status
(specification §7). `data` is our permanent code, or what the caller needs to go on.
"""

from collections.abc import Mapping
from typing import Any, Final

from identity.errors import DomainError, Kind
from identity.rpc import frame
from invitations.services.governance import Pending

REFUSED: Final = -32000
PENDING: Final = -32001
LIMITED: Final = -32005
"""Clients wait and ask again on this one (EIP-1474), so it is for limits alone."""
UNAUTHORIZED: Final = 4100  # EIP-1193

# Consumers look for these two in the message (specification §7).
DUPLICATE: Final = "Duplicate registration"
NO_ACCOUNT: Final = "Account credential lookup yielded no results"
CANNOT_OPEN: Final = "The request could not be decrypted"
NOT_SIGNED_IN: Final = "Unauthorized"
ASK_AGAIN: Final = "Approval needed: send the same request again once the proposal is approved"

NUMBERS: Final[Mapping[Kind, int]] = {
    Kind.INVALID: frame.INVALID_PARAMS,
    Kind.UNPROCESSABLE: frame.INVALID_PARAMS,
    Kind.UNAUTHENTICATED: UNAUTHORIZED,
    Kind.FORBIDDEN: UNAUTHORIZED,
    Kind.MISSING: REFUSED,
    Kind.CONFLICT: REFUSED,
    Kind.GONE: REFUSED,
    Kind.LIMITED: LIMITED,
    Kind.UNAVAILABLE: REFUSED,
}
_NUMBER_OF: Final[Mapping[str, int]] = {
    "http.too-large": frame.INVALID_REQUEST,
    "http.malformed": frame.PARSE_ERROR,
    "envelope.malformed": frame.PARSE_ERROR,
    "decryption.failed": REFUSED,
}
_TEXT_OF: Final[Mapping[str, str]] = {
    "decryption.failed": CANNOT_OPEN,
    "unauthenticated": NOT_SIGNED_IN,
    "token.refused": NOT_SIGNED_IN,
    "http.malformed": "Parse error",
    "envelope.malformed": "Parse error",
}
_EXPLAINED: Final = frozenset({Kind.INVALID, Kind.UNPROCESSABLE, Kind.CONFLICT, Kind.FORBIDDEN})


class Told(Exception):
    """A refusal that only this protocol has, in the words that its clients look for."""

    def __init__(self, message: str, *, code: str, number: int = REFUSED) -> None:
        super().__init__(message)
        self.code, self.number = code, number


class Waits(Exception):
    """The command waits for the approval of others; not a refusal."""

    def __init__(self, pending: Pending, text: str = ASK_AGAIN) -> None:
        super().__init__(text)
        self.proposal_id = str(pending.proposal_id)


def method_unknown() -> Told:
    """A method that this face does not have."""
    text = "Method not found"
    return Told(text, code="rpc.unknown-method", number=frame.METHOD_NOT_FOUND)


def origin_refused() -> Told:
    """A page called that is none of the scope's."""
    text = "Pages of this origin may not call this scope: add it to the scope's origins"
    return Told(text, code="origin.refused", number=UNAUTHORIZED)


def duplicate() -> Told:
    """Somebody of this name has an account already."""
    return Told(DUPLICATE, code="registration.duplicate")


def no_account() -> Told:
    """Nobody of this name has an account here: clients register then."""
    return Told(NO_ACCOUNT, code="account.unknown")


def second_factor_due() -> Told:
    """The passkey was right but did not tell who holds it, and this protocol has no second step."""
    text = "A one-time password is needed: use a passkey that asks for a PIN or a finger"
    return Told(text, code="second-factor.due", number=UNAUTHORIZED)


def number(refusal: DomainError) -> int:
    """The number of a refusal."""
    return _NUMBER_OF.get(refusal.code, NUMBERS[refusal.kind])


def message(refusal: DomainError) -> str:
    """What a refusal says: its detail where the caller's own input is meant, else its one text."""
    text = _TEXT_OF.get(refusal.code)
    if text is not None:
        return text
    is_told = refusal.detail and refusal.kind in _EXPLAINED
    return refusal.detail if is_told else refusal.title


def refused(call_id: frame.CallId, refusal: DomainError) -> dict[str, Any]:
    """A refusal as a reply."""
    return frame.error(call_id, code=number(refusal), message=message(refusal), data=refusal.code)


def told(call_id: frame.CallId, refusal: Told) -> dict[str, Any]:
    """A refusal in this protocol's own words as a reply."""
    return frame.error(call_id, code=refusal.number, message=str(refusal), data=refusal.code)


def waits(call_id: frame.CallId, waiting: Waits) -> dict[str, Any]:
    """A command that waits, as a reply: `data` is the id of the proposal, for asking again."""
    return frame.error(call_id, code=PENDING, message=str(waiting), data=waiting.proposal_id)
