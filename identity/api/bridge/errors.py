"""Refusals in the words of this face: one number and one text each, and `data` for what is meant.

The table is total: every kind of refusal has its place, and those that clients know by a number of
their own stand beside it. Credentials that do not count are told alike, whatever the cause.
"""

import enum
from collections.abc import Mapping
from typing import Any, Final

from identity.errors import DomainError, Kind


class Wire(enum.Enum):
    """What clients know: number and text (specification §3)."""

    PARSE_ERROR = (-32700, "Parse error")
    METHOD_NOT_FOUND = (-32601, "Method not found")
    INVALID_PARAMS = (-32602, "Invalid params")
    INTERNAL_ERROR = (-32603, "Internal error")
    INVALID_SIGNATURE = (0x08, "Invalid signature")
    USER_DOESNT_EXIST = (0x09, "User doesn't exist")
    INVALID_TOKEN = (0x15, "Invalid token")
    ACCESS_DENIED = (0x30, "Access denied")
    PUB_KEY_ALREADY_IN_USE = (0x65, "Pub key already in use")
    TOO_MANY_REQUESTS = (429, "Too many requests")
    CONTEXT_DOES_NOT_EXIST = (0x6116, "Context does not exist")
    NO_MATCH_FOR_LAST_ID = (0x6123, "Object with lastId does not exist")
    API_KEY_DOES_NOT_EXIST = (0x612B, "Api key does not exist")
    INVALID_CREDENTIALS = (0x612C, "Invalid credentials")
    API_KEYS_LIMIT_EXCEEDED = (0x612D, "Api keys limit exceeded")
    INSUFFICIENT_SCOPE = (0x612E, "Insufficient scope")
    UNAUTHORIZED = (0x612F, "Unauthorized")
    SOLUTION_DOES_NOT_EXIST = (0x6130, "Solution does not exist")
    INVALID_ACL = (0x6131, "Invalid acl")
    SOLUTION_HAS_CONTEXTS = (0x6132, "Solution has contexts")
    CANNOT_ASSIGN_PRIVATE_CONTEXT = (0x6133, "Cannot assign private context")
    CANNOT_UNASSIGN_CONTEXT_FROM_ITS_PARENT = (0x6134, "Cannot unassign context from its parent")
    CANNOT_SWITCH_CONNECTED_CONTEXT_TO_PRIVATE = (
        0x6135,
        "Cannot switch connected context to private",
    )
    METHOD_CALLABLE_WITH_WEBSOCKET_ONLY = (0x6136, "Method callable with websocket only")
    FIRST_API_KEY_ALREADY_EXISTS = (0x613E, "First api key already exists")
    # The spelling is the protocol's.
    INITIALIZATION_TOKEN_MISSMATCH = (0x613F, "Initialization token missmatch")

    @property
    def number(self) -> int:
        """The `code` of the error."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The `message` of the error."""
        return self.value[1]


BY_KIND: Final[Mapping[Kind, Wire]] = {
    Kind.INVALID: Wire.INVALID_PARAMS,
    Kind.UNPROCESSABLE: Wire.INVALID_PARAMS,
    Kind.UNAUTHENTICATED: Wire.UNAUTHORIZED,
    Kind.FORBIDDEN: Wire.ACCESS_DENIED,
    Kind.MISSING: Wire.ACCESS_DENIED,
    Kind.CONFLICT: Wire.ACCESS_DENIED,
    Kind.GONE: Wire.ACCESS_DENIED,
    Kind.LIMITED: Wire.TOO_MANY_REQUESTS,
    Kind.UNAVAILABLE: Wire.INTERNAL_ERROR,
}
BY_CODE: Final[Mapping[str, Wire]] = {
    "acl.invalid": Wire.INVALID_ACL,
    "api-key.first-exists": Wire.FIRST_API_KEY_ALREADY_EXISTS,
    "api-key.revoked": Wire.API_KEY_DOES_NOT_EXIST,
    "api-key.too-many": Wire.API_KEYS_LIMIT_EXCEEDED,
    "api-key.too-wide": Wire.INSUFFICIENT_SCOPE,
    "context.missing": Wire.CONTEXT_DOES_NOT_EXIST,
    "context.parent-cannot-be-unshared": Wire.CANNOT_UNASSIGN_CONTEXT_FROM_ITS_PARENT,
    "context.private-cannot-be-shared": Wire.CANNOT_ASSIGN_PRIVATE_CONTEXT,
    "context.shared-cannot-be-private": Wire.CANNOT_SWITCH_CONNECTED_CONTEXT_TO_PRIVATE,
    "envelope.malformed": Wire.PARSE_ERROR,
    "http.malformed": Wire.PARSE_ERROR,
    "http.too-large": Wire.PARSE_ERROR,
    "list.no-match-for-last-id": Wire.NO_MATCH_FOR_LAST_ID,
    "member.key-taken": Wire.PUB_KEY_ALREADY_IN_USE,
    "member.missing": Wire.USER_DOESNT_EXIST,
    # An address that leads to no scope in which a credential could count.
    "scope.ambiguous": Wire.UNAUTHORIZED,
    "scope.not-active": Wire.UNAUTHORIZED,
    "scope.unknown": Wire.UNAUTHORIZED,
    "solution.has-contexts": Wire.SOLUTION_HAS_CONTEXTS,
    "solution.missing": Wire.SOLUTION_DOES_NOT_EXIST,
}
"""Refusals with a number of their own, by our permanent codes."""

_EXPLAINED: Final = frozenset({Wire.INVALID_PARAMS, Wire.ACCESS_DENIED, Wire.INVALID_ACL})
STATUS: Final[Mapping[Kind, int]] = {Kind.LIMITED: 429, Kind.UNAVAILABLE: 503}
"""HTTP says 200 to everything else, because clients hide the body of any other status."""


class Told(Exception):
    """A refusal that this protocol has a number for; `data` says which part was meant."""

    def __init__(self, wire: Wire, data: str | None = None) -> None:
        super().__init__(wire.name, data)
        self.wire, self.data = wire, data

    @property
    def body(self) -> dict[str, Any]:
        """The `error` of an answer."""
        return error(self.wire, self.data)


def wire(refusal: DomainError) -> Wire:
    """The number and the text of a refusal."""
    return BY_CODE.get(refusal.code) or BY_KIND[refusal.kind]


def body(refusal: DomainError) -> dict[str, Any]:
    """The `error` of an answer: `data` says more where the caller's own input is meant."""
    found = wire(refusal)
    is_told = found in _EXPLAINED
    return error(found, (refusal.detail or refusal.title) if is_told else None)


def error(found: Wire, data: str | None = None) -> dict[str, Any]:
    """An `error` as it is sent. What nobody foresaw has no `data` at all."""
    told: dict[str, Any] = {"code": found.number, "message": found.text}
    if found is not Wire.INTERNAL_ERROR:
        told["data"] = data
    return told


def status(refusal: DomainError) -> int:
    """The HTTP status of a refusal."""
    return STATUS.get(refusal.kind, 200)


def headers(refusal: DomainError) -> dict[str, str]:
    """When to come back, for what says so."""
    if "retry_after" in refusal.facts:
        return {"Retry-After": str(refusal.facts["retry_after"])}
    return {}
