"""Envelopes of one device without any network: requests out, verified replies in."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from identity.crypto import cose, cose_device, ecdsa_p256, rsa, strict_json
from identity.crypto.errors import EnvelopeReplayed
from identity.sdk.errors import TooManyOpenRequests
from identity.sdk.session import ServerKeys

MOST_OPEN: Final = 1024
LONGEST_OPEN: Final = 600
_COSE_SIGN1: Final = b"\xd2"


@dataclass(frozen=True, slots=True)
class Reply:
    """A verified answer to one of our requests."""

    content: dict[str, Any]
    is_in_the_clear: bool
    """A refusal before the server knew who we are: signed, but not encrypted."""
    server_time: int
    """Seconds since the epoch."""


class Channel:
    """Seals requests and opens their replies; safe to share between threads.

    A reply is accepted once and only if it answers a request of this channel that is still open:
    at most 1,024 are, for ten minutes each. Every failure to open a reply raises one of the
    envelope errors of `identity.crypto`, and such bytes count as no answer.
    """

    def __init__(
        self,
        *,
        device: UUID,
        signing_key: ecdsa_p256.PrivateKey,
        private: rsa.PrivateKey,
        server: ServerKeys,
        random: cose.Random = os.urandom,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._device = device
        self._signing_key = signing_key
        self._private = private
        self._server = server
        self._random = random
        self._clock = clock
        self._correction = 0
        self._open = _OpenRequests(stopwatch)

    def seal(self, payload: Mapping[str, Any]) -> cose_device.SealedRequest:
        """Sign and encrypt a request object. Raises TooManyOpenRequests."""
        request = cose_device.seal_request(
            strict_json.encode(payload),
            device=self._device,
            signing_key=self._signing_key,
            recipient=self._server.encryption,
            now=self.now(),
            random=self._random,
        )
        self._open.add(request.digest)
        return request

    def open(self, body: bytes, *, expected_request: bytes | None = None) -> Reply:
        """Open and verify an answer, once. Raises an envelope error.

        `expected_request` is the digest of the request on whose connection the bytes came; without
        it any open request may be the answered one.
        """
        expected = self._open if expected_request is None else {expected_request}
        is_in_the_clear = body[:1] == _COSE_SIGN1
        if is_in_the_clear:
            answer = cose_device.open_error(
                body, server_keys=self._server.signatures, expected_requests=expected
            )
        else:
            answer = cose_device.open_reply(
                body,
                device=self._device,
                private=self._private,
                server_keys=self._server.signatures,
                expected_requests=expected,
            )
        content = strict_json.decode(answer.payload)
        self._open.take(answer.request_digest)
        return Reply(content, is_in_the_clear, answer.issued_at)

    def forget(self, request_digest: bytes) -> None:
        """Give up waiting for a reply; one that comes later is refused."""
        self._open.discard(request_digest)

    def now(self) -> int:
        """Seconds since the epoch by the own clock, corrected by the server's."""
        return int(self._clock()) + self._correction

    def correct_clock(self, reply: Reply) -> None:
        """Take over the server's time from a verified reply to our own request."""
        self._correction = reply.server_time - int(self._clock())

    def trust(self, server: ServerKeys) -> None:
        """Believe these keys of the server from now on; the caller got them in a verified reply."""
        self._server = server


class _OpenRequests:
    """The digests of requests that wait for their reply."""

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._opened_at: dict[bytes, float] = {}

    def __contains__(self, digest: object) -> bool:
        with self._lock:
            self._expire()
            return digest in self._opened_at

    def add(self, digest: bytes) -> None:
        with self._lock:
            self._expire()
            if len(self._opened_at) >= MOST_OPEN:
                raise TooManyOpenRequests(f"{MOST_OPEN} requests wait for their reply already.")
            self._opened_at[digest] = self._stopwatch()

    def take(self, digest: bytes) -> None:
        # One statement decides who takes it, so of two equal replies one is refused.
        with self._lock:
            self._expire()
            if self._opened_at.pop(digest, None) is None:
                raise EnvelopeReplayed

    def discard(self, digest: bytes) -> None:
        with self._lock:
            self._opened_at.pop(digest, None)

    def _expire(self) -> None:
        # Dictionaries keep the order of insertion, so the oldest stands first.
        latest = self._stopwatch() - LONGEST_OPEN
        while self._opened_at:
            digest = next(iter(self._opened_at))
            if self._opened_at[digest] > latest:
                return
            del self._opened_at[digest]
