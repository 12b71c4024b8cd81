"""The methods of this face by their names; container groups are not among them."""

from collections.abc import Mapping
from typing import Final

from identity.api.bridge.methods import (
    about,
    channels,
    contexts,
    grants,
    manager,
    members,
    solutions,
)
from identity.api.bridge.route import Method

METHODS: Final[Mapping[str, Method]] = {
    each.name: each
    for room in (about, grants, channels, manager, solutions, contexts, members)
    for each in room.METHODS
}
