"""What a method of this face is, and what its handler gets."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.actor import Actor
from identity.api.passport.envelope import Channel
from identity.api.passport.sent import Sent
from identity.errors import Invalid, Unauthenticated


class Who(enum.Enum):
    """Who may call a method."""

    NOBODY_YET = "nobody yet"
    """There may be no scope before the call; the signature inside says who calls."""
    ANYBODY = "anybody"
    """Anybody who knows the scope; what is proven, the handler asks."""
    ACCOUNT = "account"
    """The holder of an account: by a session, or by the word of the scope's developer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an account: whose it is, and as whom it acts."""

    user_id: UUID
    username: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was let in. `params` are a list or an object, as they were sent.

    `scope_id` is None where a method is called before there is a scope.
    """

    sent: Sent
    now: datetime
    params: Mapping[str, Any] | list[Any] = field(repr=False)
    named_scope: UUID | None
    slug: str
    known_channel: Channel | None = field(default=None, repr=False)
    known: Caller | None = None

    @property
    def scope_id(self) -> UUID:
        """The scope that the call is about."""
        if self.named_scope is None:
            raise TypeError("this method is called before there is a scope")
        return self.named_scope

    @property
    def channel(self) -> Channel:
        """The channel under which parameters and answers are encrypted."""
        if self.known_channel is None:
            raise TypeError("this method has no channel")
        return self.known_channel

    @property
    def caller(self) -> Caller:
        """Who calls. Raises Unauthenticated."""
        if self.known is None:
            raise Unauthenticated
        return self.known

    @property
    def named(self) -> Mapping[str, Any]:
        """The parameters by name. Raises Invalid where they are a list."""
        if isinstance(self.params, list):
            raise Invalid("The parameters of this method are an object.")
        return self.params

    @property
    def listed(self) -> list[Any]:
        """The parameters in order. Raises Invalid where they are an object with something in it."""
        if isinstance(self.params, list):
            return self.params
        if self.params:
            raise Invalid("The parameters of this method are a list.")
        return []


Handler = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its name on the wire, who may call it, and what it does.

    `has_channel` where parameters or answers are encrypted, which the caller's proof always is.
    """

    name: str
    who: Who
    run: Handler
    has_channel: bool = True
