"""What a sensitive command is: policies judge it, people approve it, services carry it out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from accounts.services import ways_in
from identity import errors
from identity.actor import Actor
from invitations.decision import patterns


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all command inputs: JSON-able, strict, without secrets in clear.

    Field names are our words; they are what policy expressions see as `details.*`.
    """


LONGEST_TEXT: Final = 65_536
"""Characters of one field; services ask for less, each for its own."""

In = TypeVar("In", bound=Input)
Result = Mapping[str, Any]
"""What a command answers: JSON-able values in our words; may hold secrets shown once."""


@dataclass(frozen=True, slots=True)
class Target:
    """The object a command changes, as the proposer saw it; a later version makes it stale."""

    kind: str
    id: str
    version: int


def no_target(_: Any) -> Target | None:
    """For commands that make something new."""
    return None


def nobody(_: Any) -> UUID | None:
    """For commands that raise nobody's rights, and for those that change nobody's ways in."""
    return None


def nobody_at_all(_: Any) -> Collection[UUID]:
    """For commands that change no role which people hold."""
    return ()


def not_own(_: Any, __: Actor) -> bool:
    """For commands that always need a permission."""
    return False


def not_reviewed(_: Any) -> bool:
    """For what people do to their own account as they like."""
    return False


def reviewed(_: Any) -> bool:
    """For what takes others' consent even on the own account."""
    return True


def no_facts(_: Any) -> Mapping[str, Any]:
    """For commands whose input says all that policies may ask."""
    return {}


def no_names(_: Any) -> Mapping[str, Any]:
    """For commands whose input has all words of the resource."""
    return {}


def no_reviews(_: Any) -> Sequence[str]:
    """For commands that touch no quorum. Others name the review expressions, old and new."""
    return ()


def nothing_to_undo(_: Any, *, now: datetime) -> None:
    """For commands whose proposal leaves nothing behind when it ends without effect."""
    del now


def nothing_to_validate(_: Any) -> None:
    """For commands whose input type says all that can be wrong with it."""


def nothing_to_check(_: Any, __: Actor) -> None:
    """For commands whose input needs no look at other tables before it is accepted."""


@dataclass(frozen=True)
class Command(Generic[In]):
    """One sensitive command.

    `name` is ours and permanent (`user.invite`). `action` and `resource` are what policies match:
    `add`, `edit` or `delete`, and a path template whose `{words}` are fields of the input.
    `permission` is the right it needs unless `is_own(input, actor)` says that actors do it to their
    own account. `execute(input, by=…, now=…)` calls one service; `execute_reviewed` is called in
    its place when others have approved (default: the same). `check(input, by)` refuses what only
    a review may allow (a grant wider than the actor's own) and runs on direct execution only;
    `ways_in_of(input)` is the client-visible id of the user whose ways in the command opens or
    changes: nobody does that alone to an account that may more. What only shuts somebody out names
    nobody, since an account that was broken into may be the mightiest.
    `validate(input)` refuses input that could never be carried out, before anybody reviews it.
    `names(input)` finds words of the resource that the input has not; it never refuses.
    `facts(input)` adds what policies may ask for under `details.*`. `secrets` are input fields
    that no reader sees. `is_own_reviewed(input)` says that built-in policies hold for what actors
    do to their own account too. `abandon(input, now=…)` is called when a proposal ends without
    effect.
    """

    name: str
    action: str
    resource: str
    permission: str
    input: type[In]
    execute: Callable[..., Result]
    execute_reviewed: Callable[..., Result] | None = None
    validate: Callable[[In], None] = nothing_to_validate
    check: Callable[[In, Actor], None] = nothing_to_check
    target: Callable[[In], Target | None] = no_target
    raises_rights_of: Callable[[In], UUID | None] = nobody
    raises_rights_of_all: Callable[[In], Collection[UUID]] = nobody_at_all
    ways_in_of: Callable[[In], UUID | None] = nobody
    is_own: Callable[[In, Actor], bool] = not_own
    names: Callable[[In], Mapping[str, Any]] = no_names
    facts: Callable[[In], Mapping[str, Any]] = no_facts
    abandon: Callable[..., None] = nothing_to_undo
    reviews: Callable[[In], Sequence[str]] = no_reviews
    is_own_reviewed: Callable[[In], bool] = not_reviewed
    secrets: frozenset[str] = frozenset()

    def path(self, details: In) -> str:
        """The resource with the ids of this input filled in."""
        named = {
            name: getattr(details, name)
            for name in details.__struct_fields__
            if f"{{{name}}}" in self.resource
        }
        named |= self.names(details)
        return self.resource.format_map(
            {name: patterns.segment(value) for name, value in named.items()}
        )

    def require_allowed_alone(self, details: In, by: Actor) -> None:
        """Refuse what only a review may allow.

        Raises `accounts.errors.AccountHoldsMore`, `GrantTooWide` and what `check` raises.
        """
        self.check(details, by)
        account = self.ways_in_of(details)
        if account is not None:
            ways_in.require_changeable(account, by=by)

    def read(self, details: Mapping[str, Any]) -> In:
        """The input from stored JSON. Raises `identity.errors.Invalid`."""
        texts = (value for value in details.values() if isinstance(value, str))
        # A proposal keeps what was asked for, and everybody who may vote reads it.
        if any(len(text) > LONGEST_TEXT for text in texts):
            raise errors.Invalid("A text is too long.")
        try:
            return msgspec.convert(details, self.input)
        except msgspec.ValidationError as error:
            raise errors.Invalid(str(error)) from None


@dataclass
class Registry:
    """All commands by name; two of one name are a mistake of the programmer."""

    by_name: dict[str, Command[Any]] = field(default_factory=dict)

    def add(self, *commands: Command[Any]) -> None:
        """Register commands at import."""
        for command in commands:
            if command.name in self.by_name:
                raise TypeError(f"command {command.name!r} is already registered")
            self.by_name[command.name] = command

    def get(self, name: str) -> Command[Any]:
        """The command of this name. Raises `identity.errors.Missing`."""
        command = self.by_name.get(name)
        if command is None:
            raise errors.Missing(f"There is no command {name!r}.")
        return command


registry = Registry()
