"""Answers of `/v1` in the client's words: done, pending, or a problem that is raised."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from identity.sdk.errors import ApiRefused, NoAnswer
from identity.sdk.results import Pending

PROBLEM: Final = "application/problem+json"
_PROBLEM_PAGES: Final = "/problems/"
_MEMBERS: Final = frozenset({"type", "title", "status", "detail"})
_ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came: header names in lower case, and when the server says it signed it.

    `signed_at` is in seconds since the epoch, None where no signature was asked for.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    signed_at: int | None = None

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """The request took effect, or here is what was asked for."""

    content: Any
    status: int = 200
    etag: str = ""
    """The version of what is shown: give it to the next change as `if_match`."""
    location: str = ""
    is_replayed: bool = False
    """It is the stored answer to an earlier request with the same idempotency key."""


Outcome: TypeAlias = Answer | Pending


def read(heard: Heard) -> Outcome:
    """The outcome that an answer tells. Raises ApiRefused, and NoAnswer if it is none of ours."""
    if heard.media_type == PROBLEM:
        raise refusal(heard)
    if heard.status // 100 != 2 or heard.media_type != "application/json":
        raise NoAnswer(f"This is no answer of the API: status {heard.status}.")
    content = _json(heard.body)
    if heard.status == _ACCEPTED:
        return _pending(content)
    return Answer(
        content=content,
        status=heard.status,
        etag=heard.headers.get("etag", ""),
        location=heard.headers.get("location", ""),
        is_replayed=heard.headers.get("idempotency-replayed") == "true",
    )


class Listed(NamedTuple):
    """A part of a list, and the cursor behind it."""

    items: list[Any]
    next: str | None


def listed(outcome: Outcome) -> Listed:
    """The part of a list that an answer holds. Raises NoAnswer."""
    match outcome:
        case Answer(content={"items": list() as items, "next": str() | None as after}):
            return Listed(items, after)
    raise NoAnswer("The answer is no list.")


def refusal(heard: Heard) -> ApiRefused:
    """The problem that was told (RFC 9457). Raises NoAnswer if it can't be read."""
    told = _json(heard.body)
    if not isinstance(told, Mapping):
        raise NoAnswer("The problem is no object.")
    kind = str(told.get("type", "about:blank"))
    retry_after = heard.headers.get("retry-after", "")
    return ApiRefused(
        kind,
        code=kind.removeprefix(_PROBLEM_PAGES) if kind.startswith(_PROBLEM_PAGES) else "",
        status=heard.status,
        title=str(told.get("title", "")),
        detail=str(told.get("detail", "")),
        facts={name: value for name, value in told.items() if name not in _MEMBERS},
        retry_after=int(retry_after) if retry_after.isdecimal() else None,
    )


def _pending(content: Any) -> Pending:
    match content:
        case {"status": "pending", "proposal": {"id": str() as proposal_id}}:
            return Pending(proposal_id, content)
    raise NoAnswer("The answer does not name the proposal.")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer("The answer is no JSON.") from error
