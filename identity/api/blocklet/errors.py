"""Refusals in the words of this face: each kind has a status, and a few codes a form of their own.

Clients look at the status, or show `error`. "Not signed in" is one text for every cause.
"""

from collections.abc import Mapping
from typing import Any, Final

from identity.api.blocklet import replies, wording
from identity.errors import DomainError, Kind
from identity.web.lane import Answer


class Told(Exception):
    """A refusal that only this protocol has: a bare text, or the object that its clients expect."""

    def __init__(self, content: str | Mapping[str, Any], *, status: int) -> None:
        super().__init__(status)
        self.content = content
        self.status = status

    def answer(self, language: str = wording.ENGLISH) -> Answer:
        """As it is sent, in the words of a language."""
        if isinstance(self.content, str):
            return replies.text(wording.said(self.content, language), status=self.status)
        content = dict(self.content)
        content["error"] = wording.said(content["error"], language)
        return replies.json(content, status=self.status)


class SignatureRefused(Told):
    """What applications' servers get: a text as JSON, in one language."""

    def answer(self, language: str = wording.ENGLISH) -> Answer:
        """As it is sent."""
        del language
        return replies.json(self.content, status=self.status)


def several_tokens() -> Told:
    """A request says two times who it is from."""
    return Told("Access token found in multiple locations", status=400)


def csrf_mismatch() -> Told:
    """A page of another site may have sent this, or one that was open for too long."""
    return Told(
        "Invalid request: csrf token mismatch, please refresh the page try again", status=403
    )


def signature_refused() -> Told:
    """An application's server did not sign, or not with a key of this application, or twice."""
    return SignatureRefused("verify sig failed", status=401)


def worded(text: str, *, status: int) -> Told:
    """A refusal as a bare text."""
    return Told(text, status=status)


def said(text: str, *, status: int) -> Told:
    """A refusal as `{"error": …}`."""
    return Told({"error": text}, status=status)


def second_factor_due(ticket: str) -> Told:
    """A first proof was right; `ticket` and a one-time password come next."""
    told = {"error": "one-time password needed", "code": "second-factor.due", "ticket": ticket}
    return Told(told, status=403)


STATUS: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.UNPROCESSABLE: 400,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
_OF_ITS_OWN: Final[Mapping[str, int]] = {
    "invitation.not-valid": 404,
    "http.method": 405,
    "http.media-type": 415,
    "http.too-large": 413,
    "not-supported": 501,
}
NOT_SIGNED_IN: Final = "not login"
INVITATION_GONE: Final = "Invitation not found or invitation has been used"
_EXPLAINED: Final = frozenset(
    {Kind.INVALID, Kind.UNPROCESSABLE, Kind.CONFLICT, Kind.FORBIDDEN, Kind.MISSING}
)


def status(refusal: DomainError) -> int:
    """The HTTP status of a refusal."""
    return _OF_ITS_OWN.get(refusal.code, STATUS[refusal.kind])


def message(refusal: DomainError, language: str = wording.ENGLISH) -> str:
    """What a refusal says: its detail where the caller's own input is meant, else its one text."""
    return wording.of_refusal(refusal, _message(refusal), language)


def _message(refusal: DomainError) -> str:
    if refusal.kind is Kind.UNAUTHENTICATED:
        return _SIGN_IN.get(refusal.code, NOT_SIGNED_IN)
    is_told = refusal.detail and refusal.kind in _EXPLAINED
    return refusal.detail if is_told else refusal.title


_FIELDS: Final[Mapping[str, str]] = {"full_name": "fullName", "postal_address": "address"}
"""What clients call a field, where it is not what we call it."""
_SIGN_IN: Final[Mapping[str, str]] = {
    # Where somebody tries to sign in, "not signed in" would say nothing.
    "sign-in.refused": "Invalid signature",
    "challenge.refused": "Invalid signature",
    "invitation.not-valid": INVITATION_GONE,
}


def refused(
    refusal: DomainError, *, as_status: int | None = None, language: str = wording.ENGLISH
) -> Answer:
    """A refusal as an answer; `as_status` replaces its own, but never that of a limit."""
    headers, text = _headers(refusal), message(refusal, language)
    if as_status is not None and refusal.kind not in {Kind.LIMITED, Kind.UNAVAILABLE}:
        return replies.text(text, status=as_status)
    content = {"error": text, "code": refusal.code}
    if "field" in refusal.facts:
        name = str(refusal.facts["field"])
        content["field"] = _FIELDS.get(name, name)
    if refusal.code == "unauthenticated":
        content = {"error": NOT_SIGNED_IN}
    answer = replies.json(content, status=status(refusal))
    return Answer(answer.status, answer.body, {**answer.headers, **headers})


def _headers(refusal: DomainError) -> dict[str, str]:
    headers = {}
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    if "allow" in refusal.facts:
        headers["Allow"] = str(refusal.facts["allow"])
    return headers
