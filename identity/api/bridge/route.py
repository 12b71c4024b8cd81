"""What a method of this face is, and what its handler gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.actor import Actor
from identity.api.bridge.connection import Connection
from identity.api.bridge.errors import Told, Wire
from identity.api.bridge.inputs import Check
from identity.api.bridge.sent import Sent
from identity.limits import NONE, Limits
from identity.scoping.key_doors import ApiKeyDoor
from invitations.commands.command import Result
from invitations.services import governance
from invitations.services.governance import Step


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that proved which API key it has, or that it has a token of one."""

    door: ApiKeyDoor
    actor: Actor

    @property
    def limits(self) -> Limits:
        """To what it is bound, in this call."""
        return self.actor.limits or NONE

    @property
    def bounds(self) -> Limits | None:
        """The same for reads, None where it is bound to no solutions and no contexts."""
        found = self.limits
        is_bound = found.bound_solutions is not None or found.bound_contexts is not None
        return found if is_bound else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was let in. `params` are checked; `known` is who calls, None for nobody yet."""

    sent: Sent
    now: datetime
    params: dict[str, Any] = field(repr=False)
    known: Caller | None = None
    connection: Connection | None = None

    @property
    def caller(self) -> Caller:
        """Who calls. Raises Told."""
        if self.known is None:
            raise Told(Wire.UNAUTHORIZED)
        return self.known

    @property
    def actor(self) -> Actor:
        """As whom it acts. Raises Told."""
        return self.caller.actor

    @property
    def scope_id(self) -> UUID:
        """The scope of the caller. Raises Told."""
        return self.caller.door.scope_id

    def submit(self, command: str, details: Mapping[str, Any]) -> Result:
        """Do a command at the one door; raises as `submit_together`."""
        return self.submit_together([(command, details)])[0]

    def submit_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> Sequence[Result]:
        """Do commands in order as one at the one door; their results.

        What needs approval is refused. Raises Told, and what a command refuses.
        """
        steps = [Step(command, details) for command, details in asked]
        return governance.do_together(steps=steps, by=self.actor, now=self.now).results


Handler = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    `permission` is what its caller needs, and `word` how clients call the group that has it; both
    "" where the handler asks itself. `is_of_programs`: nobody calls it who is not known.
    """

    name: str
    takes: Check
    run: Handler
    is_of_programs: bool = False
    permission: str = ""
    word: str = ""


def method(name: str, takes: Check, run: Handler, *, permission: str, word: str) -> Method:
    """A method for programs that hold a permission."""
    return Method(name, takes, run, is_of_programs=True, permission=permission, word=word)
