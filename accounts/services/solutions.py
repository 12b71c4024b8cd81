"""Solutions: made, renamed, removed when nothing is in them."""

import uuid
from datetime import datetime
from typing import Final

from accounts import context_limits
from accounts.context_errors import SolutionHasContexts, SolutionMissing, TooManySolutions
from accounts.models import Context, ContextShare, Solution
from accounts.services import context_fields, writing
from identity.actor import Actor
from identity.services import audit

MOST: Final = 10_000
"""Solutions of a scope; some more where several are made at one moment."""
_CREATED = ("name", "created_by")


def create(*, name: str, by: Actor, now: datetime, public_id: str = "") -> Solution:
    """Make a solution; with the same `public_id` by the same actor it is the one that is there.

    Without a `public_id` the server makes one. Raises `OutsideLimits` for keys that are limited to
    other solutions, `TooManySolutions`, `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    context_limits.require_every_solution(by=by)
    public_id = context_fields.own_id(public_id or str(uuid.uuid4()), name="id")
    with writing.of(by):
        solution, is_new = writing.insert_once(
            Solution(
                scope_id=by.scope_id,
                public_id=public_id,
                name=_name(name),
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
            ),
            public_id=public_id,
            fields=_CREATED,
        )
        if is_new:
            if Solution.objects.count() > MOST:
                raise TooManySolutions
            _record("solution.created", solution, by=by, now=now)
    return solution


def edit(*, solution_id: str, name: str, by: Actor, now: datetime) -> Solution:
    """Rename a solution. Raises `SolutionMissing`, `OutsideLimits`, `identity.errors.Invalid`."""
    with writing.of(by):
        solution = locked(solution_id, by=by)
        solution.name = _name(name)
        solution.version += 1
        solution.updated_at = now
        solution.save()
        _record("solution.edited", solution, by=by, now=now)
    return solution


def delete(*, solution_id: str, by: Actor, now: datetime) -> None:
    """Remove a solution that has no contexts and borrows none.

    Raises `SolutionMissing`, `OutsideLimits`, `SolutionHasContexts`.
    """
    with writing.of(by):
        solution = locked(solution_id, by=by)
        # Whoever makes a context of it, or shares one with it, locks this row before.
        if (
            Context.objects.filter(solution_id=solution.id).exists()
            or ContextShare.objects.filter(solution_id=solution.id).exists()
        ):
            raise SolutionHasContexts
        _record("solution.deleted", solution, by=by, now=now)
        solution.delete()


def locked(solution_id: str, *, by: Actor) -> Solution:
    """The solution with its row locked until the transaction ends.

    Raises `SolutionMissing`, `OutsideLimits`.
    """
    rows = Solution.objects.select_for_update().filter(public_id=solution_id)
    found = rows.first() if context_fields.is_storable(solution_id) else None
    if found is None:
        raise SolutionMissing
    context_limits.require_solution(solution_id, by=by)
    return found


def _name(value: str) -> str:
    return context_fields.kept(value, name="name", most=context_fields.LONGEST_SOLUTION_NAME)


def _record(name: str, solution: Solution, *, by: Actor, now: datetime) -> None:
    subject = ("solution", solution.public_id)
    audit.record(name, by=by, subject=subject, now=now, facts={"name": solution.name})
