"""Refusals in the words of this face: `{statusCode, message, error}`, a status for each kind.

Clients look at the status and show `message`, which is a list where fields of a body are meant.
"Not signed in" is one text for every cause.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from identity.api.guardian import replies
from identity.errors import DomainError, Kind
from identity.web.lane import Answer

NOT_SIGNED_IN: Final = "Unauthorized"
WRONG_PASSWORD: Final = "Invalid username or password"  # noqa: S105 a text
UNEXPECTED: Final = "Internal server error"


class Told(Exception):
    """A refusal in this protocol's own words."""

    def __init__(self, message: str | Sequence[str], *, status: int) -> None:
        super().__init__(status)
        self.message = message
        self.status = status

    def answer(self) -> Answer:
        """As it is sent."""
        return _answer(self.status, self.message)


STATUS: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.UNPROCESSABLE: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
_OF_ITS_OWN: Final[Mapping[str, int]] = {
    "http.method": 405,
    "http.media-type": 415,
    "http.too-large": 413,
    "not-supported": 501,
    "password.unfit": 422,
}
_EXPLAINED: Final = frozenset({Kind.INVALID, Kind.UNPROCESSABLE, Kind.CONFLICT, Kind.FORBIDDEN})
_FIXED: Final[Mapping[str, str]] = {
    "missing": "Not Found",
    "forbidden": "Forbidden",
    # Who tries to sign in, or to prove once more who it is, hears more than "Unauthorized".
    "sign-in.refused": WRONG_PASSWORD,
    "password.refused": WRONG_PASSWORD,
    "one-time-password.refused": "Invalid one-time password",
}


def status(refusal: DomainError) -> int:
    """The HTTP status of a refusal."""
    return _OF_ITS_OWN.get(refusal.code, STATUS[refusal.kind])


def message(refusal: DomainError) -> str:
    """What a refusal says: its detail where the caller's own input is meant, else its one text."""
    if refusal.kind is Kind.UNAUTHENTICATED:
        return _FIXED.get(refusal.code, NOT_SIGNED_IN)
    if refusal.detail and refusal.kind in _EXPLAINED:
        return refusal.detail
    return _FIXED.get(refusal.code, refusal.title)


def refused(refusal: DomainError, *, as_status: int | None = None) -> Answer:
    """A refusal as an answer.

    `as_status` replaces its own status and text, but never those of a limit.
    """
    if as_status is not None and refusal.kind not in {Kind.LIMITED, Kind.UNAVAILABLE}:
        return _answer(as_status, HTTPStatus(as_status).phrase)
    answer = _answer(status(refusal), message(refusal))
    return Answer(answer.status, answer.body, {**answer.headers, **_headers(refusal)})


def failed(status: int, headers: Mapping[str, str]) -> Answer:
    """What nobody foresaw, or a database that does not answer: for the fast lane's last resort."""
    text = UNEXPECTED if status == HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus(status).phrase
    answer = _answer(status, text)
    return Answer(status, answer.body, {**answer.headers, **headers})


def _answer(status: int, message: str | Sequence[str]) -> Answer:
    content = {"statusCode": status, "message": message, "error": HTTPStatus(status).phrase}
    return replies.json(content, status=status)


def _headers(refusal: DomainError) -> dict[str, str]:
    headers = {}
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    if "allow" in refusal.facts:
        headers["Allow"] = str(refusal.facts["allow"])
    return headers
