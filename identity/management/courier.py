"""Delivers webhooks: a loop beside the task queue, so that a dead receiver holds up nothing else.

Runs in each task worker. Every half second it looks for webhooks with something due, takes the
lease of each, and posts their messages from a few threads of its own.
"""

import email.utils
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final

import structlog
from django.db import close_old_connections, connections

from identity.errors import DomainError
from identity.services import outside, webhook_deliveries, webhook_pace, webhook_results
from identity.services.webhook_deliveries import Claim, Letter
from identity.services.webhook_pace import Pace
from identity.services.webhook_results import Outcome
from identity.web import fetcher

Post = Callable[[Letter, Pace], Outcome]

TICK: Final = 0.5
RECEIVERS: Final = 8
"""Receivers that are served at the same time; each gets a few messages at once."""
MOST_ROUNDS: Final = 25
"""After so many rounds with one receiver it is the others' turn."""

_log = structlog.get_logger(__name__)


def post(letter: Letter, pace: Pace) -> Outcome:
    """Post one letter through the guarded fetcher; what goes wrong is an outcome too."""
    started = time.monotonic()
    bounds = fetcher.Bounds(seconds=pace.seconds, body_bytes=webhook_results.MOST_ANSWER)
    try:
        answer = fetcher.post(
            letter.url,
            body=letter.body,
            headers=letter.headers,
            bounds=bounds,
            guard=outside.guard(),
        )
    except DomainError as refusal:
        return Outcome(milliseconds=_since(started), error=refusal.detail or refusal.title)
    return Outcome(
        milliseconds=_since(started),
        status=answer.status,
        answer=answer.body,
        retry_after=retry_after(answer.headers.get("retry-after", ""), now=datetime.now(UTC)),
    )


def retry_after(value: str, *, now: datetime) -> float:
    """The seconds that a Retry-After header asks for (RFC 9110 §10.2.3); 0 for what is none."""
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def serve(claim: Claim, *, pace: Pace, post: Post = post, stopping: Event) -> int:
    """Deliver what is due to one receiver, and give the lease back; how many letters were posted.

    Stops when nothing is due, when the receiver rests, is disabled or deleted, and when it is the
    turn of others.
    """
    posted = 0
    try:
        for _ in range(MOST_ROUNDS):
            letters = webhook_deliveries.letters(claim, now=datetime.now(UTC), pace=pace)
            if not letters or stopping.is_set():
                break
            outcomes = _posted(letters, pace, post)
            ended = list(zip(letters, outcomes, strict=True))
            webhook_results.record(claim, ended, now=datetime.now(UTC), pace=pace)
            posted += len(letters)
    finally:
        webhook_deliveries.release(claim)
    return posted


@dataclass
class Courier:
    """The loop and its threads, for the length of a process."""

    pace: Pace = webhook_pace.USUAL
    post: Post = post
    tick: float = TICK
    _stopping: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the calls that are under way, begin no others, and wait until that is done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self.pace.seconds + 5)

    def _run(self) -> None:
        with ThreadPoolExecutor(RECEIVERS, thread_name_prefix="courier") as threads:
            busy: set[Future[None]] = set()
            while not self._stopping.is_set():
                busy = {served for served in busy if not served.done()}
                busy |= {threads.submit(self._serve, claim) for claim in self._claims(len(busy))}
                self._stopping.wait(self.tick)
        connections.close_all()

    def _claims(self, busy: int) -> Sequence[Claim]:
        close_old_connections()
        try:
            now = datetime.now(UTC)
            due = webhook_deliveries.due(now=now, most=RECEIVERS - busy) if busy < RECEIVERS else ()
            claims = (webhook_deliveries.claim(one, now=now, pace=self.pace) for one in due)
            return [claim for claim in claims if claim is not None]
        except Exception:  # noqa: BLE001 the loop goes on, whatever the database says at the moment
            _log.exception("webhooks could not be looked for")
            return []

    def _serve(self, claim: Claim) -> None:
        try:
            serve(claim, pace=self.pace, post=self.post, stopping=self._stopping)
        except Exception:  # noqa: BLE001 the lease runs out, and somebody tries again
            _log.exception("a webhook could not be served", webhook=str(claim.webhook_id))
        finally:
            connections.close_all()


def _posted(letters: Sequence[Letter], pace: Pace, post: Post) -> list[Outcome]:
    if len(letters) == 1:
        return [post(letters[0], pace)]
    with ThreadPoolExecutor(len(letters), thread_name_prefix="letter") as threads:
        return list(threads.map(lambda letter: post(letter, pace), letters))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
