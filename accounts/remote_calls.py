"""Calls of remotes: JSON-RPC over the guarded fetcher, signed with a secret that is opened once."""

import secrets
import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from accounts.models import Remote
from accounts.services import remote_outcomes, remote_secrets
from accounts.services.remote_asking import Call
from accounts.services.remote_outcomes import Fault, Refused, Verdict
from accounts.services.remote_pace import Pace
from accounts.services.remote_secrets import Access
from identity import logs
from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp
from identity.crypto.errors import SealBroken, SealUnavailable
from identity.errors import DomainError
from identity.rpc import asking
from identity.services import outside
from identity.services.outside import AddressRefused
from identity.web import fetcher

MOST_BYTES: Final = 2 * 1024 * 1024
"""A page of a hundred members, each with the longest name and access list."""


def open_remote(remote: Remote, pace: Pace) -> Call:
    """The door to a remote. Raises Fault when its secret can't be opened."""
    try:
        access = remote_secrets.access(remote)
    except SealUnavailable:
        raise Fault(Verdict.AWAY, "The secret can't be opened at the moment.") from None
    except SealBroken:
        raise Fault(Verdict.CLOSED, "The secret does not open any more: give it anew.") from None
    return Caller(access, seconds=pace.seconds)


class Caller:
    """The calls of one remote; each has a nonce and an id of its own."""

    def __init__(self, access: Access, *, seconds: float) -> None:
        self._access = access
        self._bounds = fetcher.Bounds(seconds=seconds, body_bytes=MOST_BYTES)

    def __call__(self, method: str, params: Mapping[str, Any], /) -> Any:
        """The result. Raises Fault for everything else, whatever it is."""
        call_id = secrets.token_hex(16)
        body = asking.written(call_id, method, params)
        answer = self._posted(body)
        fault = remote_outcomes.of_status(answer.status)
        if fault is not None:
            raise fault
        if answer.is_cut:
            raise remote_outcomes.nonsense("far too much.")
        try:
            return asking.judged(answer.body, call_id=call_id)
        except asking.Nonsense as nonsense:
            raise remote_outcomes.nonsense(str(nonsense)) from None
        except asking.Refusal as refusal:
            # What a remote says is shown to people, and it knows the secret too.
            told = refusal.message.replace(self._access.secret, logs.HIDDEN)
            raise Refused(refusal.code, told) from None

    def _posted(self, body: bytes) -> fetcher.Answer:
        try:
            return fetcher.post(
                self._access.url,
                body=body,
                headers=self._headers(body),
                bounds=self._bounds,
                guard=outside.guard(),
            )
        except AddressRefused as refusal:
            raise Fault(Verdict.CLOSED, str(refusal)) from None
        except DomainError as refusal:
            raise Fault(Verdict.AWAY, refusal.detail or refusal.title) from None

    def _headers(self, body: bytes) -> dict[str, str]:
        now = datetime.now(UTC)
        stamp = Stamp(round(now.timestamp() * 1000), secrets.token_hex(16))
        parts = urllib.parse.urlsplit(self._access.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        data = call_signature.request_data(stamp, method="POST", path=path, body=body)
        signature = call_signature.hmac_of(self._access.secret, data)
        return {
            "Content-Type": "application/json",
            "User-Agent": "Countersign",
            "Authorization": call_signature.header(self._access.api_key_id, stamp, signature),
        }
