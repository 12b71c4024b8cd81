"""Tasks: how far one is, for whoever has its id; all of it, for its owner."""

from typing import Final
from uuid import UUID

from accounts.queries import onboardings
from identity.api.guardian import replies, task_outputs
from identity.api.guardian.errors import Told
from identity.api.guardian.route import OPEN, SELF, Asked, Route
from identity.errors import Missing
from identity.web.lane import Answer

_ONBOARD: Final = "onboard"
_OTHER: Final = "Only onboarding tasks can be polled here"


def poll(asked: Asked) -> Answer:
    """How far an onboarding is: neither whom it is about nor what comes of it."""
    found = onboardings.poll(_id(asked), scope_id=asked.scope_id)
    if found is None:
        raise Missing
    if found.action != _ONBOARD:
        raise Told(_OTHER, status=401)
    return replies.json(task_outputs.progress(found))


def read(asked: Asked) -> Answer:
    """All of a task of the caller's own; nobody else's is there."""
    record = onboardings.full(_id(asked), reader=asked.caller.actor)
    return replies.json(task_outputs.task(record, asked.caller.actor.public_id))


def _id(asked: Asked) -> UUID:
    """An id in its one form. Raises Missing: what has another form is nobody's."""
    text = asked.ids["task"]
    try:
        found = UUID(text)
    except ValueError:
        raise Missing from None
    if str(found) != text:
        raise Missing
    return found


ROUTES: Final = (
    Route("GET", "/tasks/onboard/{task}", OPEN, poll),
    Route("GET", "/tasks/{task}", SELF, read),
)
