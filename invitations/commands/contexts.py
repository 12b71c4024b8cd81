"""Commands that make, change, share, stop and remove solutions and contexts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from accounts.queries import contexts as queries
from accounts.services import context_fields, contexts, solutions
from accounts.services.contexts import Given
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry

_ALL: Final = None
"""What a command is about was checked by its service: no limits bind the look afterwards."""


class CreateSolution(Input, frozen=True):
    """A new solution; without an id the server makes one."""

    name: str
    solution: str = ""


class EditSolution(Input, frozen=True):
    """Another name of a solution."""

    solution: str
    name: str


class DeleteSolution(Input, frozen=True):
    """The removal of a solution that has no contexts and borrows none."""

    solution: str


class CreateContext(Input, frozen=True):
    """A new context of a solution; without an id the server makes one."""

    solution: str
    name: str
    description: str = ""
    visibility: str = "private"
    policy: dict[str, Any] = msgspec.field(default_factory=dict)
    contacts: str = "everyone"
    joining: str = "closed"
    context: str = ""


class EditContext(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    context: str
    name: str | None = None
    description: str | None = None
    visibility: str | None = None
    policy: dict[str, Any] | None = None
    contacts: str | None = None
    joining: str | None = None


class OneContext(Input, frozen=True):
    """A context that is removed, stopped, or let go on."""

    context: str


class ShareContext(Input, frozen=True):
    """A context and a solution that borrows it."""

    context: str
    solution: str


def create_solution(details: CreateSolution, *, by: Actor, now: datetime) -> Result:
    """Make the solution."""
    made = solutions.create(name=details.name, public_id=details.solution, by=by, now=now)
    return _solution(made.public_id)


def edit_solution(details: EditSolution, *, by: Actor, now: datetime) -> Result:
    """Rename the solution."""
    solutions.edit(solution_id=details.solution, name=details.name, by=by, now=now)
    return _solution(details.solution)


def delete_solution(details: DeleteSolution, *, by: Actor, now: datetime) -> Result:
    """Remove the solution."""
    solutions.delete(solution_id=details.solution, by=by, now=now)
    return {"solution": {"id": details.solution}}


def create_context(details: CreateContext, *, by: Actor, now: datetime) -> Result:
    """Make the context."""
    given = Given(
        solution_id=details.solution,
        name=details.name,
        description=details.description,
        visibility=details.visibility,
        policy=details.policy,
        contacts=details.contacts,
        joining=details.joining,
    )
    made = contexts.create(given=given, public_id=details.context, by=by, now=now)
    return _context(made.public_id)


def edit_context(details: EditContext, *, by: Actor, now: datetime) -> Result:
    """Change the context."""
    contexts.edit(context_id=details.context, changes=_changes(details), by=by, now=now)
    return _context(details.context)


def delete_context(details: OneContext, *, by: Actor, now: datetime) -> Result:
    """Remove the context with its members."""
    contexts.delete(context_id=details.context, by=by, now=now)
    return {"context": {"id": details.context}}


def disable_context(details: OneContext, *, by: Actor, now: datetime) -> Result:
    """Stop the context."""
    contexts.disable(context_id=details.context, by=by, now=now)
    return _context(details.context)


def enable_context(details: OneContext, *, by: Actor, now: datetime) -> Result:
    """Let the context go on."""
    contexts.enable(context_id=details.context, by=by, now=now)
    return _context(details.context)


def share_context(details: ShareContext, *, by: Actor, now: datetime) -> Result:
    """Lend the context to the solution."""
    contexts.share(context_id=details.context, solution_id=details.solution, by=by, now=now)
    return _context(details.context)


def unshare_context(details: ShareContext, *, by: Actor, now: datetime) -> Result:
    """Take the context back from the solution."""
    contexts.unshare(context_id=details.context, solution_id=details.solution, by=by, now=now)
    return _context(details.context)


def _solution(solution_id: str) -> Result:
    return {"solution": msgspec.structs.asdict(queries.solution(solution_id, limits=_ALL))}


def _context(context_id: str) -> Result:
    return {"context": msgspec.structs.asdict(queries.context(context_id, limits=_ALL))}


def _changes(details: EditContext) -> Mapping[str, Any]:
    given = msgspec.structs.asdict(details)
    return {name: value for name, value in given.items() if name != "context" and value is not None}


def _validate_solution(details: CreateSolution | EditSolution) -> None:
    longest = context_fields.LONGEST_SOLUTION_NAME
    context_fields.kept(details.name, name="name", most=longest)
    if isinstance(details, CreateSolution) and details.solution:
        context_fields.own_id(details.solution, name="id")


def _validate_new(details: CreateContext) -> None:
    queries.solution(details.solution, limits=_ALL)
    given = msgspec.structs.asdict(details)
    if details.context:
        context_fields.own_id(details.context, name="id")
    contexts.check({name: given[name] for name in contexts.CHANGEABLE})


def _validate_edit(details: EditContext) -> None:
    queries.context(details.context, limits=_ALL)
    contexts.check(_changes(details))


def _validate_share(details: ShareContext) -> None:
    queries.context(details.context, limits=_ALL)
    queries.solution(details.solution, limits=_ALL)


def _solution_target(details: EditSolution | DeleteSolution) -> Target:
    found = queries.solution(details.solution, limits=_ALL)
    return Target("solution", details.solution, found.version)


def _context_target(details: EditContext | OneContext | ShareContext) -> Target:
    found = queries.context(details.context, limits=_ALL)
    return Target("context", details.context, found.version)


_SOLUTION: Final = "/solutions/{solution}"
_CONTEXT: Final = "/contexts/{context}"
_SHARES: Final = "/contexts/{context}/shares/{solution}"

registry.add(
    Command(
        name="solution.create",
        action="add",
        resource="/solutions",
        permission="solutions:create",
        input=CreateSolution,
        validate=_validate_solution,
        execute=create_solution,
    ),
    Command(
        name="solution.edit",
        action="edit",
        resource=_SOLUTION,
        permission="solutions:edit",
        input=EditSolution,
        validate=_validate_solution,
        execute=edit_solution,
        target=_solution_target,
    ),
    Command(
        name="solution.delete",
        action="delete",
        resource=_SOLUTION,
        permission="solutions:delete",
        input=DeleteSolution,
        execute=delete_solution,
        target=_solution_target,
    ),
    Command(
        name="context.create",
        action="add",
        resource="/contexts",
        permission="contexts:create",
        input=CreateContext,
        validate=_validate_new,
        execute=create_context,
    ),
    Command(
        name="context.edit",
        action="edit",
        resource=_CONTEXT,
        permission="contexts:edit",
        input=EditContext,
        validate=_validate_edit,
        execute=edit_context,
        target=_context_target,
    ),
    Command(
        name="context.delete",
        action="delete",
        resource=_CONTEXT,
        permission="contexts:delete",
        input=OneContext,
        execute=delete_context,
        target=_context_target,
    ),
    Command(
        name="context.disable",
        action="edit",
        resource=_CONTEXT,
        permission="contexts:edit",
        input=OneContext,
        execute=disable_context,
        target=_context_target,
    ),
    Command(
        name="context.enable",
        action="edit",
        resource=_CONTEXT,
        permission="contexts:edit",
        input=OneContext,
        execute=enable_context,
        target=_context_target,
    ),
    Command(
        name="context.share",
        action="add",
        resource=_SHARES,
        permission="contexts:edit",
        input=ShareContext,
        execute=share_context,
        validate=_validate_share,
        target=_context_target,
    ),
    Command(
        name="context.unshare",
        action="delete",
        resource=_SHARES,
        permission="contexts:edit",
        input=ShareContext,
        execute=unshare_context,
        validate=_validate_share,
        target=_context_target,
    ),
)
