"""Solutions, contexts and members as rows, and which of them the key of a program may see."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from accounts.context_errors import OutsideLimits
from accounts.models import Context, ContextShare, Solution
from identity.limits import Limits

Row = TypeVar("Row")


class SolutionRow(msgspec.Struct, frozen=True, gc=False):
    """A solution; `id` is the one that programs know."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int


class ContextRow(msgspec.Struct, frozen=True):
    """A context; ids are those that programs know. `shares` are the solutions that borrow it."""

    id: str
    solution: str
    name: str
    description: str
    visibility: str
    policy: Mapping[str, Any]
    contacts: str
    joining: str
    status: str
    member_count: int
    created_at: datetime
    updated_at: datetime
    version: int
    shares: Sequence[str] = ()


class MemberRow(msgspec.Struct, frozen=True, gc=False):
    """A living member. `user` is the client-visible id of the account that it is, if there is one.

    `reach` and `starts` are bits of `accounts.acl.functions.Kind`; without `proven_at` whoever
    added the member vouched for the key.
    """

    context: str
    member: str
    public_key: str
    acl: str
    reach: int
    starts: int
    is_staff: bool
    proven_at: datetime | None
    position: int
    created_at: datetime
    user: UUID | None


class Part(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of a list, and how many there are in all behind the place that was asked for."""

    rows: Sequence[Row]
    count: int


SOLUTION_COLUMNS: Final = ("public_id", "name", "created_at", "updated_at", "version")
CONTEXT_COLUMNS: Final = (
    *("public_id", "solution__public_id", "name", "description", "visibility", "policy"),
    *("contacts", "joining", "status", "member_count", "created_at", "updated_at", "version"),
)
MEMBER_COLUMNS: Final = (
    *("member_id", "public_key", "acl", "reach", "starts", "is_staff"),
    *("proven_at", "position", "created_at", "user_id"),
)


def allowed_solutions(limits: Limits | None) -> "QuerySet[Solution]":
    """The solutions within the limits of a program's key; None binds to nothing."""
    rows = Solution.objects.all()
    bound = None if limits is None else limits.bound_solutions
    return rows if bound is None else rows.filter(public_id__in=bound)


def allowed_contexts(limits: Limits | None) -> "QuerySet[Context]":
    """The contexts within the limits of a program's key; None binds to nothing."""
    rows = Context.objects.all()
    if limits is None:
        return rows
    if limits.bound_contexts is not None:
        rows = rows.filter(public_id__in=limits.bound_contexts)
    if limits.bound_solutions is not None:
        borrowed = ContextShare.objects.filter(solution__public_id__in=limits.bound_solutions)
        rows = rows.filter(
            Q(solution__public_id__in=limits.bound_solutions)
            | Q(id__in=borrowed.values("context_id"))
        )
    return rows


def require(context_id: str, row_id: UUID, solution_id: str, *, limits: Limits | None) -> None:
    """Refuse a context that is not within the limits. Raises `OutsideLimits`."""
    if limits is None or (limits.bound_solutions is None and limits.bound_contexts is None):
        return
    if not limits.allow_context(context_id, {solution_id, *borrowers([row_id]).get(row_id, ())}):
        raise OutsideLimits


def borrowers(context_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The solutions that borrow each of these contexts, in the order in which they came."""
    shares = ContextShare.objects.filter(context_id__in=list(context_ids))
    found: dict[UUID, list[str]] = {}
    for context_id, solution in shares.order_by("shared_at", "id").values_list(
        "context_id", "solution__public_id"
    ):
        found.setdefault(context_id, []).append(solution)
    return found
