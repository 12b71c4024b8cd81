"""The client of a registered device: requests, batches, proposals, the server's new keys."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx

from identity.sdk import results, server_keys
from identity.sdk.channel import Channel
from identity.sdk.errors import NoAnswer, Refused
from identity.sdk.exchange import TIMEOUT, Exchange
from identity.sdk.proposals import Proposals
from identity.sdk.results import BatchResult, Result
from identity.sdk.session import Session

READS: Final = frozenset({"get", "list"})


class Item(NamedTuple):
    """One request of a batch."""

    action: str
    resource: str
    details: Mapping[str, Any] = {}


class Client:
    """Makes requests as one device.

    `url` is the full address of the server's `/request`. The session is never changed; after
    `refresh_server_keys` the property `session` holds the one to be stored. Safe to share between
    threads.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        *,
        http: httpx.Client | None = None,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.session = session
        self._channel = Channel(
            device=session.device,
            signing_key=session.keys.signature,
            private=session.keys.encryption,
            server=session.server,
            clock=clock,
        )
        self._exchange = Exchange(url, self._channel, http=http, timeout=timeout)
        self.proposals = Proposals(self)

    def request(
        self,
        action: str,
        resource: str,
        details: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Result:
        """Ask for one thing: `Done`, or `Pending` where others have to approve first.

        `idempotency_key` (at most 128 characters, chosen by the caller, one per intention) makes
        a change repeatable: a lost reply is then asked for once more, and a later call with the
        same key and content gives the stored outcome. Raises Refused and NoAnswer.
        """
        payload: dict[str, Any] = {
            "action": action,
            "resource": resource,
            "details": dict(details or {}),
        }
        if idempotency_key is not None:
            payload["idempotency_key"] = idempotency_key
        is_repeatable = action in READS or idempotency_key is not None
        heard = self._exchange.ask(payload, is_repeatable=is_repeatable)
        outcome = results.read(heard.content, retry_after=heard.retry_after)
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    def batch(
        self,
        batch: Iterable[Item] = (),
        atomic_batch: Iterable[Item] = (),
        idempotency_key: str | None = None,
    ) -> BatchResult:
        """Ask for several things in one message.

        The items of `batch` come first, each on its own; those of `atomic_batch` follow in order,
        all or nothing. Refusals of single items stand in the result. Raises Refused where the
        whole message was refused, and NoAnswer.
        """
        independent, atomic = list(batch), list(atomic_batch)
        payload: dict[str, Any] = {}
        for name, items in (("batch", independent), ("atomicBatch", atomic)):
            if items:
                payload[name] = [
                    {**item._asdict(), "details": dict(item.details)} for item in items
                ]
        if idempotency_key is not None:
            payload["idempotency_key"] = idempotency_key
        is_read = all(item.action in READS for item in (*independent, *atomic))
        heard = self._exchange.ask(payload, is_repeatable=is_read or idempotency_key is not None)
        if "status" in heard.content:
            outcome = results.read(heard.content, retry_after=heard.retry_after)
            raise outcome if isinstance(outcome, Refused) else NoAnswer("This is no batch's reply.")
        return results.read_batch(heard.content, len(independent), len(atomic))

    def refresh_server_keys(self) -> Session:
        """Learn the server's new keys and give back the session to be stored.

        They are believed because the reply that brings them is signed by a key that is known.
        Raises NoAnswer if the list cannot be read, and as `request` does.
        """
        server = server_keys.read(
            self.request("get", "/server-keys").details, now=self._channel.now()
        )
        self.session = dataclasses.replace(self.session, server=server)
        self._channel.trust(server)
        return self.session

    def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
