"""What a route is, and the few kinds of them."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from identity.api.enterprise.asked import Answer, Asked
from identity.api.enterprise.inputs import Filters, Listing, Nothing
from identity.errors import Missing
from invitations.services.governance import Step

INVITED: Final = "invited"
"""In place of a permission: only the holder of an invitation's one-time key may do this."""
PROPOSER: Final = "proposals:cancel or proposer"
"""In place of a permission: the service asks whether the caller proposed it."""
VOTER: Final = "own vote"
"""In place of a permission: it touches nothing but the caller's own vote."""
SELF: Final = "self"
"""In place of a permission: it touches nothing but the caller's own account."""
NOT_PERMISSIONS: Final = frozenset({INVITED, PROPOSER, VOTER, SELF})


def through_the_door(_: Asked) -> Answer:
    """In place of a handler: sensitive commands have none of their own."""
    raise Missing


@dataclass(frozen=True, slots=True)
class Route:
    """One action on one resource.

    `path` holds our words in braces for ids. `permission` is a word of `identity.permissions` or
    one of NOT_PERMISSIONS; `own` tells whose calls need none. A sensitive command has `step`,
    which says what goes through the one door; everything else has `run`. `is_alone`: it is never
    part of a batch, because it checks a password or invitation with commits of its own.
    """

    action: str
    path: str
    permission: str
    details: Any
    run: Callable[[Asked], Answer] = through_the_door
    step: Callable[[Asked], Step] | None = None
    own: Callable[[Asked], bool] | None = None
    is_alone: bool = False
    is_list: bool = False


def read(
    path: str,
    permission: str,
    run: Callable[[Asked], Answer],
    own: Callable[[Asked], bool] | None = None,
) -> Route:
    """One object, or one answer."""
    return Route("get", path, permission, Nothing, run=run, own=own)


def page(
    path: str,
    permission: str,
    run: Callable[[Asked], Answer],
    filters: type[Filters] = Filters,
    own: Callable[[Asked], bool] | None = None,
) -> Route:
    """A list, asked for with `get` or `list`."""
    details: Any = Listing[filters]  # type: ignore[valid-type]  # made at run time
    return Route("get", path, permission, details, run=run, own=own, is_list=True)


def act(
    action: str,
    path: str,
    permission: str,
    details: Any,
    run: Callable[[Asked], Answer],
    *,
    is_alone: bool = False,
) -> Route:
    """Something that is no single sensitive command."""
    return Route(action, path, permission, details, run=run, is_alone=is_alone)


def change(
    action: str,
    path: str,
    permission: str,
    command: str,
    details: Any = Nothing,
    *,
    brings_keys: bool = False,
) -> Route:
    """A sensitive command: ids and details together are its input."""

    def step(asked: Asked) -> Step:
        given = {**asked.ids, **asked.details.given()}
        return Step(action=command, details=given | (registration(asked) if brings_keys else {}))

    return Route(action, path, permission, details, step=step)


def registration(asked: Asked) -> dict[str, Any]:
    """The signed request as the record that goes with the keys it brings, for ever."""
    return {"registration": base64.b64encode(asked.call.evidence.sign1).decode()}
