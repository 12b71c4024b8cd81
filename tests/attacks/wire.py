"""What attackers have in their hands on the wire: invitations, channels, envelopes, answers."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256
from identity.sdk import onboarding
from identity.sdk.channel import Channel
from identity.sdk.errors import Refused
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Pending
from identity.sdk.session import Invitation, Session
from tests import cast

OCTETS = {"Content-Type": "application/octet-stream"}
UNAUTHENTIC = ("unauthorized", "-4")
REPLAYED = ("unauthorized", "-6")
NOT_VALID = ("unauthorized", "-11")
CODE = re.compile(rb'"error_code":"(-[0-9]+)"')


def offer(world: cast.World, bundle: Mapping[str, Any]) -> Invitation:
    """The invitation as its holder's client reads it."""
    return Invitation(
        invite_string=bundle["invite_string"],
        one_time_key=ecdsa_p256.parse_private(bundle["one_time_private_key"]),
        device=UUID(bundle["temporary_device"]),
        server=world.server,
    )


def join(
    world: cast.World, held: Invitation, keys: DeviceKeys, *, slug: str = "", password: str = ""
) -> Session | Pending:
    """Authorize over the wire. Raises Refused."""
    http = httpx.Client(transport=cast.InProcess(slug or world.scope.slug))
    return onboarding.authorize(cast.URL, held, keys, "laptop", password, http=http)


def channel(member: cast.Member) -> Channel:
    """The sealed channel of the member's device."""
    keys = member.session.keys
    return Channel(
        device=member.device.id,
        signing_key=keys.signature,
        private=keys.encryption,
        server=member.session.server,
    )


def one_time_channel(held: Invitation, keys: DeviceKeys) -> Channel:
    """The channel of who holds an invitation."""
    return Channel(
        device=held.device,
        signing_key=held.one_time_key,
        private=keys.encryption,
        server=held.server,
    )


def post(world: cast.World, body: bytes, *, slug: str = "", address: str = "") -> httpx.Response:
    """The answer to these bytes."""
    carrier = cast.InProcess(slug or world.scope.slug, address or "192.0.2.1")
    with httpx.Client(transport=carrier) as http:
        return http.post(cast.URL, content=body, headers=OCTETS)


def clear_code(answer: httpx.Response) -> str:
    """The error code of a refusal in the clear; empty for sealed answers."""
    found = CODE.search(answer.content)
    return found[1].decode() if found else ""


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    """The status and code with which the server refused."""
    try:
        given = act()
    except Refused as refused:
        return refused.status, refused.error_code
    raise AssertionError(f"not refused: {given}")
