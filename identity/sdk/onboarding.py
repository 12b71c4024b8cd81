"""From an invitation to a session: the one request that the one-time key may make."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256
from identity.crypto.errors import KeyInvalid
from identity.sdk import results
from identity.sdk.channel import Channel
from identity.sdk.errors import NoAnswer, Refused
from identity.sdk.exchange import TIMEOUT, Exchange
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Pending
from identity.sdk.session import Invitation, ServerKeys, Session, read_rsa_key

RESOURCE: Final = "/account-management/authorize"


def authorize(  # noqa: PLR0913 - what the person gives, and what a test replaces
    url: str,
    invitation: Invitation,
    keys: DeviceKeys,
    device_name: str,
    password: str = "",
    *,
    push_token: str = "",
    http: httpx.Client | None = None,
    timeout: float = TIMEOUT,
    clock: Callable[[], float] = time.time,
) -> Session | Pending:
    """Register this device: the session to be stored, or `Pending` until others approve.

    To learn the outcome of a pending one, call again with the same invitation and the same keys:
    the server gives the same answer to the same keys. Raises Refused (`-11` the invitation is not
    valid, `-12` a password is needed or wrong) and NoAnswer.
    """
    channel = Channel(
        device=invitation.device,
        signing_key=invitation.one_time_key,
        private=keys.encryption,
        server=invitation.server,
        clock=clock,
    )
    details = _details(invitation, keys, device_name, password=password, push_token=push_token)
    exchange = Exchange(url, channel, http=http, timeout=timeout)
    try:
        # The same keys are the natural key of this request, so it may be sent again.
        heard = exchange.ask(
            {"action": "add", "resource": RESOURCE, "details": details}, is_repeatable=True
        )
    finally:
        exchange.close()
    outcome = results.read(heard.content, retry_after=heard.retry_after)
    if isinstance(outcome, Refused):
        raise outcome
    if isinstance(outcome, Pending):
        return outcome
    return _session(outcome.details, invitation, keys)


def _details(
    invitation: Invitation, keys: DeviceKeys, device_name: str, **optional: str
) -> dict[str, str]:
    required = {
        "invite_string": invitation.invite_string,
        "device_name": device_name,
        "device_signature_pubkey": keys.signature_pubkey,
        "device_encryption_pubkey": keys.encryption_pubkey,
    }
    return required | {name: value for name, value in optional.items() if value}


def _session(details: Any, invitation: Invitation, keys: DeviceKeys) -> Session:
    try:
        device = UUID(details["device"]["device_uuid"])
        user_id = str(details["user_id"])
        server = _server_keys(details, invitation.server)
    except (KeyError, TypeError, ValueError, AttributeError, KeyInvalid) as error:
        raise NoAnswer("The reply does not describe the registered device.") from error
    return Session(user_id=user_id, device=device, keys=keys, server=server)


def _server_keys(details: Mapping[str, Any], known: ServerKeys) -> ServerKeys:
    """The keys in the reply, which the known key signed; the server's may have changed since."""
    if "server_rsa_pubkey" not in details or "server_ecdsa_pubkey" not in details:
        return known
    newest = ecdsa_p256.parse_public(details["server_ecdsa_pubkey"])
    further = tuple(key for key in known.signatures if key.kid != newest.kid)
    return ServerKeys(read_rsa_key(details["server_rsa_pubkey"]), (newest, *further))
