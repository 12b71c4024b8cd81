"""Calls of lambdas while somebody waits for a signature: few at once, short, through the fetcher.

Outside calls belong into tasks. This one can't: the protocol answers a run with its signature in
the same reply. So it is kept from harming others (docs/decisions/0015-calls-while-one-waits.md):
no transaction is open, a turn is given away meanwhile, few threads wait at once, none for long.
"""

import threading
from typing import Final

import structlog
from django.db import connection

from accounts import errors
from accounts.lambdas.requests import Answer, Request
from identity.errors import DomainError
from identity.services import outside
from identity.services.turns import TURNS
from identity.web import fetcher
from identity.web.fetcher import Bounds

AT_ONCE: Final = 4
"""Calls of one process at the same time."""
PATIENCE: Final = 1.0
"""Seconds that a run waits for its turn to call."""
BOUNDS: Final = Bounds(seconds=3.0, body_bytes=32 * 1024)
_LANE: Final = threading.BoundedSemaphore(AT_ONCE)
_log = structlog.get_logger(__name__)


def call(request: Request) -> Answer:
    """Make one call, and no further one where it leads elsewhere: a redirect is an answer.

    Raises LambdaFailed, the same for whatever went wrong; LambdaUnavailable when too many others
    are calling; RuntimeError in a transaction.
    """
    if connection.in_atomic_block:
        raise RuntimeError("nobody outside is called in a transaction")
    with TURNS.aside():
        if not _LANE.acquire(timeout=PATIENCE):
            raise errors.LambdaUnavailable
        try:
            return fetched(request)
        finally:
            _LANE.release()


def fetched(request: Request) -> Answer:
    """One call outside of the lane: for tasks. Raises LambdaFailed."""
    try:
        found = fetcher.fetch(
            request.method,
            request.url,
            body=request.body,
            headers=request.headers,
            bounds=BOUNDS,
            guard=outside.guard(),
        )
    except DomainError as refusal:
        # Who runs a lambda must not learn what this server can reach.
        _log.info("a call of a lambda failed", code=refusal.code)
        raise errors.LambdaFailed from None
    if found.is_cut:
        raise errors.LambdaFailed
    return Answer(found.status, found.body)
