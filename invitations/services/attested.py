"""The server's statement about changes that a member of staff asks for, who has no device here."""

from collections.abc import Sequence
from typing import Any

import orjson

from identity.actor import Actor
from identity.services import attestations
from invitations.commands.command import registry
from invitations.services.evidence import Evidence
from invitations.services.governance import Step


def of_steps(steps: Sequence[Step], *, by: Actor, **more: str) -> Evidence:
    """Evidence that `by` was identified here and asked for these steps, as one where several.

    `more` is told beside them, such as the batch that they come from.
    """
    asked = [_asked(step) for step in steps]
    statement = asked[0] if len(asked) == 1 else {"atomicBatch": asked}
    # A developer speaks with a key and for no user.
    who = {} if by.public_id is None else {"user": str(by.public_id)}
    statement = {**statement, **more, **who}
    payload = orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
    return Evidence(sign1=attestations.request(payload), is_attested=True)


def _asked(step: Step) -> dict[str, Any]:
    command = registry.get(step.action)
    return {
        "action": command.action,
        "resource": command.path(command.read(step.details)),
        "details": dict(step.details),
    }
