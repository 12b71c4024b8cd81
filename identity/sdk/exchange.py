"""One request, one believed answer: sending, clock correction and repetition."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import httpx

from identity.errors import DomainError
from identity.sdk.channel import Channel, Reply
from identity.sdk.errors import NoAnswer

MEDIA_TYPE: Final = "application/octet-stream"
MOST_BYTES: Final = 4 * 1024 * 1024
TIMEOUT: Final = 30.0
_OUTSIDE_TIME_WINDOW: Final = "-5"


class Heard(NamedTuple):
    """A verified reply object, and the seconds to wait that the HTTP header suggests."""

    content: dict[str, Any]
    retry_after: int | None


class Exchange:
    """Carries the envelopes of one channel to `url`, the full address of the endpoint.

    Only verified bytes count. Redirects are not followed, compressed bodies not unpacked, long
    ones not read to their end. Raises NoAnswer for everything else.
    """

    def __init__(
        self,
        url: str,
        channel: Channel,
        *,
        http: httpx.Client | None = None,
        timeout: float = TIMEOUT,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._channel = channel
        self._http = http or httpx.Client(timeout=timeout)
        self._is_own_http = http is None
        self._timeout = timeout
        self._stopwatch = stopwatch

    def ask(self, payload: Mapping[str, Any], *, is_repeatable: bool) -> Heard:
        """Send a request object and give back the verified reply object.

        A repeatable request (a read, or one with an idempotency key) is sent once more, in a new
        envelope, when its reply is lost. Raises NoAnswer and TooManyOpenRequests.
        """
        try:
            return self._ask_on_time(payload)
        except NoAnswer:
            if not is_repeatable:
                raise
        return self._ask_on_time(payload)

    def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        if self._is_own_http:
            self._http.close()

    def _ask_on_time(self, payload: Mapping[str, Any]) -> Heard:
        reply, retry_after = self._ask_once(payload)
        # The server signs its own time into this refusal. It is bound to our request, so the
        # clock may be corrected by it; one retry, because a second refusal is not the clock's.
        if reply.is_in_the_clear and reply.content.get("error_code") == _OUTSIDE_TIME_WINDOW:
            self._channel.correct_clock(reply)
            reply, retry_after = self._ask_once(payload)
        return Heard(reply.content, retry_after)

    def _ask_once(self, payload: Mapping[str, Any]) -> tuple[Reply, int | None]:
        request = self._channel.seal(payload)
        try:
            body, retry_after = self._post(request.body)
            return self._channel.open(body, expected_request=request.digest), retry_after
        except DomainError as error:
            raise NoAnswer("The bytes that came back are not the server's answer.") from error
        finally:
            self._channel.forget(request.digest)

    def _post(self, body: bytes) -> tuple[bytes, int | None]:
        headers = {"Content-Type": MEDIA_TYPE, "Accept-Encoding": "identity"}
        end = self._stopwatch() + self._timeout
        received = bytearray()
        try:
            with self._http.stream(
                "POST", self._url, content=body, headers=headers, follow_redirects=False
            ) as response:
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MOST_BYTES or self._stopwatch() > end:
                        raise NoAnswer("The answer is too long or takes too long.")
                retry_after = response.headers.get("Retry-After", "")
        except httpx.HTTPError as error:
            raise NoAnswer("The server could not be reached or did not answer.") from error
        return bytes(received), int(retry_after) if retry_after.isdecimal() else None
