"""Signing requests to `/v1` as a device (RFC 9421), for httpx."""

import time
import uuid
from collections.abc import Callable, Generator

import httpx

from identity.crypto import ecdsa_p256
from identity.crypto.http_signatures import BOUND, Request, sign_request


class DeviceAuth(httpx.Auth):
    """Signs each request with a device's signature key.

    A program with an API key that signs gives the id of the key as `device`.
    """

    requires_request_body = True

    def __init__(
        self,
        device: uuid.UUID,
        key: ecdsa_p256.PrivateKey,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.device = device
        self._key = key
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature's headers."""
        bound = {name: request.headers[name] for name in BOUND if name in request.headers}
        sent = Request(request.method, str(request.url), bound, request.content)
        now = int(self._clock())
        request.headers.update(sign_request(sent, self._key, key_id=str(self.device), now=now))
        yield request
