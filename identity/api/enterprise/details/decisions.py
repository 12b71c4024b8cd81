"""Details about policies, proposals, votes and the audit record."""

from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from msgspec import Meta

from identity.api.enterprise.inputs import Details, Filters, Name, Note, Text, Word
from identity.errors import Invalid

Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Priority = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Review = str | dict[str, Any] | None


class CreatePolicy(Details, frozen=True, rename={"policy": "plid"}):
    """`add /policies`; `review_expression` is its text or the object that the text describes."""

    policy: UUID
    name: Name
    resource: Name
    action: Word
    decision_on_true: Literal["ALLOW", "DENY", "REVIEW"]
    description: Note | None = None
    priority: Priority | None = None
    expression: Text | None = None
    review_expression: Review = None
    status: Literal["active", "disabled"] | None = None

    def given(self) -> dict[str, Any]:
        """As for all details; the review expression as text."""
        return _with_review(super().given())


class EditPolicy(Details, frozen=True):
    """`edit /policies/{plid}`."""

    name: Name | None = None
    resource: Name | None = None
    action: Word | None = None
    decision_on_true: Literal["ALLOW", "DENY", "REVIEW"] | None = None
    description: Note | None = None
    priority: Priority | None = None
    expression: Text | None = None
    review_expression: Review = None
    status: Literal["active", "disabled"] | None = None

    def given(self) -> dict[str, Any]:
        """As for all details; the review expression as text."""
        return _with_review(super().given())


def _with_review(given: dict[str, Any]) -> dict[str, Any]:
    review = given.get("review_expression")
    if isinstance(review, dict):
        given["review_expression"] = orjson.dumps(review, option=orjson.OPT_SORT_KEYS).decode()
    elif review is not None and len(review) > 8192:
        raise Invalid("review_expression is too long.")
    return given


class ProposalFilters(Filters, frozen=True):
    """Filters of `get /proposals`; `mine` and `waiting_for_me` narrow when true."""

    state: (
        Literal["pending", "executed", "failed", "rejected", "cancelled", "expired", "stale"] | None
    ) = None
    resource: Name | None = None
    mine: bool | None = None
    waiting_for_me: bool | None = None


class Approve(Details, frozen=True):
    """`approve /proposals/{id}`."""

    proposal_hash: Hash
    reason: Note | None = None


class Reject(Details, frozen=True):
    """`reject /proposals/{id}`; the domain demands a reason that is not empty."""

    proposal_hash: Hash
    reason: Note = ""


class AuditFilters(Filters, frozen=True):
    """Filters of `get /audit`."""

    name: Word | None = None
    subject_kind: Word | None = None
    subject_id: Name | None = None
