"""Programs whose keys are limited to solutions or contexts touch nothing else."""

from collections.abc import Callable, Collection

from accounts.context_errors import OutsideLimits
from accounts.models import Context, ContextShare
from identity.actor import Actor


def require_solution(solution_id: str, *, by: Actor) -> None:
    """Refuse a solution that the actor's key was not made for. Raises `OutsideLimits`."""
    limits = by.limits
    if limits is not None and not limits.allow_solution(solution_id):
        raise OutsideLimits


def require_every_solution(*, by: Actor) -> None:
    """Refuse keys that are limited to some solutions: a new one is none of them."""
    limits = by.limits
    if limits is not None and limits.bound_solutions is not None:
        raise OutsideLimits


def require_every_context(*, by: Actor) -> None:
    """Refuse keys that are limited to some contexts: a new one is none of them."""
    limits = by.limits
    if limits is not None and limits.bound_contexts is not None:
        raise OutsideLimits


def are_narrow(*, by: Actor) -> bool:
    """Whether the actor's key is limited to some solutions or contexts."""
    limits = by.limits
    return limits is not None and not (
        limits.bound_solutions is None and limits.bound_contexts is None
    )


def require_context(
    context_id: str, solutions: Callable[[], Collection[str]], *, by: Actor
) -> None:
    """Refuse a context that the actor's key was not made for.

    `solutions` are its own and those that it is shared with; they are asked for where it matters.
    Raises `OutsideLimits`.
    """
    limits = by.limits
    if limits is None or not are_narrow(by=by):
        return
    if not limits.allow_context(context_id, solutions()):
        raise OutsideLimits


def solutions_of(context: Context) -> frozenset[str]:
    """The solutions to which a context belongs, its own one and those that borrow it."""
    shares = ContextShare.objects.filter(context_id=context.id)
    borrowers = shares.values_list("solution__public_id", flat=True)
    return frozenset({context.solution.public_id, *borrowers})
