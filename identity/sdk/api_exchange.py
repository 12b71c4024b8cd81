"""One signed request to `/v1`, one answer: sending, repeating, server signature, clock."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256, http_signatures
from identity.crypto.errors import SignatureInvalid
from identity.sdk.answers import Heard
from identity.sdk.errors import NoAnswer
from identity.sdk.exchange import MOST_BYTES, TIMEOUT
from identity.sdk.http_signatures import DeviceAuth

ACCEPT_SIGNATURE: Final = 'sig=("@status" "content-digest" "content-type" "signature";req);created'
_PROBE: Final = "/me"
_UNAUTHENTICATED: Final = 401


@dataclass(frozen=True, slots=True)
class Asked:
    """A request before it is signed; `path` is the one behind `/v1`."""

    method: str
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_verified: bool | None = None
    """Whether the answer must be signed by the server; None: as usual."""


class ApiExchange:
    """Carries signed requests of one device to `url`, the address up to and including `/v1`.

    Redirects are not followed, compressed bodies not unpacked, long ones not read to their end.
    `is_verifying`: a `trusted` key must have signed every answer, over this very request.
    """

    def __init__(
        self,
        url: str,
        *,
        device: UUID,
        key: ecdsa_p256.PrivateKey,
        trusted: Sequence[ecdsa_p256.PublicKey],
        is_verifying: bool = False,
        http: httpx.Client | None = None,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.trusted = trusted
        self._url = url.rstrip("/")
        self._is_verifying = is_verifying
        self._http = http or httpx.Client(timeout=timeout)
        self._is_own_http = http is None
        self._timeout = timeout
        self._clock = clock
        self._correction = 0
        self._auth = DeviceAuth(device, key, clock=self.now)

    def ask(self, asked: Asked) -> Heard:
        """Send a request and give back the answer, of whatever status. Raises NoAnswer.

        It is sent once more, with a new signature, when its answer is lost: callers give changes an
        idempotency key.
        """
        try:
            return self._ask_on_time(asked)
        except NoAnswer:
            return self._ask_on_time(asked)

    @contextmanager
    def open(self, asked: Asked) -> Iterator[httpx.Response]:
        """An answer that is read piece by piece; nothing signs it. Raises NoAnswer."""
        headers = {"Accept-Encoding": "identity", **asked.headers}
        try:
            with self._stream(asked, headers) as response:
                yield response
        except httpx.HTTPError as error:
            raise NoAnswer("The server could not be reached or did not answer.") from error

    def now(self) -> int:
        """Seconds since the epoch by the own clock, corrected by the server's."""
        return int(self._clock()) + self._correction

    def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        if self._is_own_http:
            self._http.close()

    def _ask_on_time(self, asked: Asked) -> Heard:
        is_verified = self._is_verifying if asked.is_verified is None else asked.is_verified
        heard = self._ask_once(asked, is_verified=is_verified)
        # All that is wrong with a signature has one answer; only the clock can be set right here.
        if heard.status == _UNAUTHENTICATED and self._has_corrected_clock():
            return self._ask_once(asked, is_verified=is_verified)
        return heard

    def _has_corrected_clock(self) -> bool:
        """Ask for the server's time, and take it over if the own one explains the refusal.

        The time is the one inside the server's signature over its answer to a request of ours: the
        header Date is nobody's word, and a clock that others can set forward makes signatures that
        can be kept and used later. A request made so far off the server's time was refused for
        certain, so it may be sent again whatever it does.
        """
        try:
            heard = self._ask_once(Asked("GET", _PROBE), is_verified=True)
        except NoAnswer:
            return False
        server_time = heard.signed_at or self.now()
        if abs(server_time - self.now()) <= http_signatures.WINDOW:
            return False
        self._correction = server_time - int(self._clock())
        return True

    def _ask_once(self, asked: Asked, *, is_verified: bool) -> Heard:
        headers = {"Accept-Encoding": "identity", **asked.headers}
        if is_verified:
            headers["Accept-Signature"] = ACCEPT_SIGNATURE
        end = time.monotonic() + self._timeout
        received = bytearray()
        try:
            with self._stream(asked, headers) as response:
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MOST_BYTES or time.monotonic() > end:
                        raise NoAnswer("The answer is too long or takes too long.")
        except httpx.HTTPError as error:
            raise NoAnswer("The server could not be reached or did not answer.") from error
        body = bytes(received)
        signed_at = self._signed_at(response, body) if is_verified else None
        return Heard(response.status_code, dict(response.headers.items()), body, signed_at)

    def _stream(self, asked: Asked, headers: Mapping[str, str]) -> Any:
        return self._http.stream(
            asked.method,
            f"{self._url}{asked.path}",
            params=dict(asked.parameters) or None,
            content=asked.body or None,
            headers=dict(headers),
            auth=self._auth,
            follow_redirects=False,
        )

    def _signed_at(self, response: httpx.Response, body: bytes) -> int:
        sent = response.request
        request = http_signatures.Request(sent.method, str(sent.url), dict(sent.headers.items()))
        answer = http_signatures.Answer(
            response.status_code, dict(response.headers.items()), request
        )
        try:
            return http_signatures.verify_answer(answer, body, self.trusted)
        except SignatureInvalid as error:
            raise NoAnswer("The bytes that came back are not the server's answer.") from error
