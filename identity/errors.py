"""What can go wrong, said once and without HTTP."""

import enum
from typing import Any, ClassVar


class Kind(enum.Enum):
    """What a caller can do about a refusal; faces turn it into a status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"
    GONE = "gone"
    UNPROCESSABLE = "unprocessable"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """A refusal the caller can act on.

    `code` is public, dotted and never changes; `title` is one fixed text. `detail` says what to do
    and `facts` are JSON values for the face to show. Neither may hold a secret.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    title: ClassVar[str]
    registry: ClassVar[dict[str, type["DomainError"]]] = {}

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.facts: dict[str, Any] = facts

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.code in DomainError.registry:
            raise TypeError(f"error code {cls.code!r} is already taken")
        DomainError.registry[cls.code] = cls


class Missing(DomainError):
    kind = Kind.MISSING
    code = "missing"
    title = "There is no such object."


class Forbidden(DomainError):
    kind = Kind.FORBIDDEN
    code = "forbidden"
    title = "You may not do this."


class Invalid(DomainError):
    kind = Kind.INVALID
    code = "invalid"
    title = "The input is not valid."


class Conflict(DomainError):
    kind = Kind.CONFLICT
    code = "conflict"
    title = "This does not fit the present state."


class Unauthenticated(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"
    title = "We could not tell who you are."


class NotSupported(DomainError):
    kind = Kind.MISSING
    code = "not-supported"
    title = "This is not offered here."


class IdempotencyConflict(DomainError):
    kind = Kind.CONFLICT
    code = "idempotency.conflict"
    title = "This idempotency key was used for another request."
