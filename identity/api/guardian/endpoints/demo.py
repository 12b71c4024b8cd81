"""For trying out: who is registered, and ledger accounts of nobody's. In demo mode alone."""

from typing import Final

from accounts.queries import memberships
from accounts.services import demo_accounts, onboardings
from identity.api.guardian import outputs, replies, task_outputs
from identity.api.guardian.route import DEMO, Asked, Route
from identity.errors import Unauthenticated
from identity.web import client_ip
from identity.web.lane import Answer
from identity.web.limits import Rate

_keys: Final = Rate("demo-key", count=10, seconds=60)
"""An account costs its operator something, and the ledger is asked at once."""


def users(asked: Asked) -> Answer:
    """Who has a part in this scope, by user name, at most 1,000 behind `after`."""
    found = memberships.everybody(after=asked.query.get("after", ""))
    return replies.json([outputs.demo_user(each) for each in found])


def key(asked: Asked) -> Answer:
    """A new ledger account with its private key, made while the client waits."""
    _brake(asked)
    return replies.json(outputs.demo_key(demo_accounts.make(by=asked.actor, now=asked.now)))


def push_key(asked: Asked) -> Answer:
    """The same as a task of the caller's own: a key that was made for nobody could not be read.

    Raises Unauthenticated.
    """
    if asked.known is None:
        raise Unauthenticated
    _brake(asked)
    task = onboardings.make_key(by=asked.actor, now=asked.now)
    owner = asked.actor.public_id
    return replies.json(task_outputs.begun(task.id, "random-key", owner), status=202)


def _brake(asked: Asked) -> None:
    place = client_ip.neighbourhood(asked.sent.address)
    _keys.hit(f"{asked.scope_id} {place}", now=int(asked.now.timestamp()))


ROUTES: Final = (
    Route("GET", "/demo/registered-users", DEMO, users),
    Route("GET", "/demo/random-key", DEMO, key),
    Route("GET", "/demo/push/random-key", DEMO, push_key),
)
