"""The client of a registered device for `/v1`: JSON, signed requests, lists, proposals."""

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from identity.sdk import answers, key_statements
from identity.sdk.answers import Answer, Heard, Outcome
from identity.sdk.api_exchange import ApiExchange, Asked
from identity.sdk.api_proposals import ApiProposals
from identity.sdk.errors import NoAnswer
from identity.sdk.exchange import TIMEOUT
from identity.sdk.session import ServerKeys, Session

_JSON: Final = {"Accept": "application/json"}
_LAST_SUCCESS: Final = 299
_PLAIN: Final = "!$&'()*+,;=:@"


class Api:
    """Makes requests to `/v1` as one device, each with a signature of its own (RFC 9421).

    `url` is the address up to and including `/v1`; paths are those behind it. With `is_verifying`
    every answer must be signed by a key that the session knows, over this very request; what is
    not raises NoAnswer. The session is never changed; after `refresh_server_keys` the property
    `session` holds the one to be stored. Safe to share between threads.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        *,
        is_verifying: bool = False,
        http: httpx.Client | None = None,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.session = session
        self._exchange = ApiExchange(
            url,
            device=session.device,
            key=session.keys.signature,
            trusted=session.server.signatures,
            is_verifying=is_verifying,
            http=http,
            timeout=timeout,
            clock=clock,
        )
        self.proposals = ApiProposals(self)

    def now(self) -> int:
        """Seconds since the epoch, by the server's clock where the own one was found wrong."""
        return self._exchange.now()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Read something. Raises ApiRefused and NoAnswer."""
        asked = Asked("GET", path, parameters=_shown(parameters), headers=_JSON)
        outcome = answers.read(self._exchange.ask(asked))
        if not isinstance(outcome, Answer):
            raise NoAnswer("A read waits for nobody.")
        return outcome

    def items(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Everything in a list, page by page as it is needed. Raises ApiRefused and NoAnswer."""
        wanted = dict(parameters or {})
        while True:
            page = answers.listed(self.get(path, wanted))
            yield from page.items
            if page.next is None:
                return
            wanted["after"] = page.next

    def lines(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[str]:
        """The lines of an export as they come. Raises ApiRefused and NoAnswer."""
        asked = Asked("GET", path, parameters=_shown(parameters))
        with self._exchange.open(asked) as response:
            if response.status_code > _LAST_SUCCESS:
                headers = dict(response.headers.items())
                answers.read(Heard(response.status_code, headers, response.read()))
            yield from response.iter_lines()

    def post(self, path: str, body: Mapping[str, Any] | None = None, **manners: str) -> Outcome:
        """Make or do something; see `change`."""
        return self.change("POST", path, body, **manners)

    def patch(self, path: str, body: Mapping[str, Any], **manners: str) -> Outcome:
        """Change some fields of something; see `change`."""
        return self.change("PATCH", path, body, **manners)

    def put(self, path: str, body: Mapping[str, Any], **manners: str) -> Outcome:
        """Replace something; see `change`."""
        return self.change("PUT", path, body, **manners)

    def delete(self, path: str, body: Mapping[str, Any] | None = None, **manners: str) -> Outcome:
        """Remove something; see `change`."""
        return self.change("DELETE", path, body, **manners)

    def change(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Outcome:
        """Ask for a change: an `Answer`, or `Pending` where others have to approve first.

        Every change carries an idempotency key, so a lost answer is asked for once more without a
        second effect. Give one of your own (at most 128 characters, one per intention) to be able
        to make the same call again later. `if_match` is the `etag` of what was read: if somebody
        changed it since, nothing happens (`precondition.failed`). Raises ApiRefused and NoAnswer.
        """
        headers = {**_JSON, "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        if if_match:
            headers["If-Match"] = if_match
        content = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(dict(body)).encode()
        asked = Asked(method, path, headers=headers, body=content)
        return answers.read(self._exchange.ask(asked))

    def me(self) -> Any:
        """Who this device acts as, with roles and permissions."""
        return self.get("/me").content

    def refresh_server_keys(self) -> Session:
        """Learn the server's new keys and give back the session to be stored.

        They are believed because a key that is known says so, also one that was replaced in the
        meantime and is still of use (90 days). Raises NotGenuine, ApiRefused and NoAnswer.
        """
        asked = Asked("GET", key_statements.PATH, headers=_JSON, is_verified=False)
        outcome = answers.read(self._exchange.ask(asked))
        content = outcome.content if isinstance(outcome, Answer) else None
        known = self.session.server.signatures
        said = key_statements.read(content, known=known)
        server = ServerKeys(said.encryption, said.signatures)
        self.session = dataclasses.replace(self.session, server=server)
        self._exchange.trusted = server.signatures
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


def segment(text: object) -> str:
    """An id or a name as one segment of a path (RFC 3986 §3.3), as the server reads it.

    Raises ValueError for `.` and `..`, which would make the address of something else.
    """
    if str(text) in {".", ".."}:
        raise ValueError("no id is dots alone")
    return quote(str(text), safe=_PLAIN)


def _shown(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Parameters as text; those that are None are left out."""
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    return {
        name: json.dumps(value) if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }
