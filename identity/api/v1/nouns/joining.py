"""Joining by an invitation, with JSON alone: look it up, get a challenge, accept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from identity.api.v1 import route, shapes
from identity.api.v1.route import OPEN, Asked, Reply
from identity.api.v1.shapes import Body, Shown
from invitations.services import acceptance
from invitations.services.governance import Pending

Secret = Annotated[str, msgspec.Meta(max_length=128)]
Long = Annotated[str, msgspec.Meta(max_length=8192)]


class Held(Body, frozen=True):
    """The invite string, which is a secret: it stands in no address."""

    invite_string: Secret


class Offer(Shown, frozen=True):
    """What an open invitation is about. `address` is masked; keys as in a bundle.

    `key_statements` are COSE_Sign1 in base64: who knows one key of the scope may believe the keys.
    """

    scope: UUID
    scope_name: str
    address: str
    inviter: str
    expires_at: datetime
    is_password_needed: bool
    server_encryption_key: str
    server_signature_key: str
    key_statements: Sequence[str]


class JoiningKeys(Body, frozen=True):
    """The public keys of the device to be: a P-256 point in hex and an RSA key in PEM."""

    invite_string: Secret
    signature_key: Annotated[str, msgspec.Meta(max_length=256)]
    encryption_key: Long


class Challenge(Shown, frozen=True):
    """Bytes in base64, encrypted to the new encryption key (RSA-OAEP, SHA-256); for 5 minutes."""

    challenge: str


class Acceptance(Body, frozen=True):
    """The exact JSON text `statement` in base64, and raw r||s signatures over it in base64.

    One is by the invitation's one-time key, the other by the new signature key. The text has
    `type` (`ecs-accept/1`), `audience` (the scope's id), `subject` (SHA-256 of the invite string in
    hex), `device_name`, both keys, the opened `challenge` in base64, `issued_at` and
    `has_password`.
    """

    invite_string: Secret
    statement: Annotated[str, msgspec.Meta(max_length=16_384)]
    one_time_signature: Secret
    signature: Secret
    password: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    push_token: Long = ""


class Joined(Shown, frozen=True):
    """The new device, and whose it is."""

    device: UUID
    user: UUID


@route.act(
    "POST",
    "/invitations/lookup",
    OPEN,
    "invitations_look_up",
    "What an invitation is about, for its holder",
    body=Held,
    shows=Offer,
)
def look_up(asked: Asked) -> Offer:
    """Every invitation that can't be used gets the same refusal."""
    held = acceptance.look_up(invite_string=asked.body.invite_string, now=asked.now)
    return Offer(
        scope=held.scope_id,
        scope_name=held.scope_name,
        address=held.address,
        inviter=held.inviter,
        expires_at=held.expires_at.replace(microsecond=0),
        is_password_needed=held.is_password_needed,
        server_encryption_key=held.server_keys.encryption_pem_base64,
        server_signature_key=held.server_keys.signature_hex,
        key_statements=[shapes.encoded(each) for each in held.key_statements],
    )


@route.act(
    "POST",
    "/invitations/challenge",
    OPEN,
    "invitations_challenge",
    "First step of accepting: a challenge for the new keys",
    body=JoiningKeys,
    shows=Challenge,
)
def challenge(asked: Asked) -> Challenge:
    """Everybody gets one, so it tells nothing about the invitation."""
    made = acceptance.challenge(
        invite_string=asked.body.invite_string,
        signature_key=asked.body.signature_key,
        encryption_key=asked.body.encryption_key,
        now=asked.now,
    )
    return Challenge(challenge=shapes.encoded(made))


@route.act(
    "POST",
    "/invitations/accept",
    OPEN,
    "invitations_accept",
    "Second step of accepting: register the device",
    body=Acceptance,
    shows=Joined,
    status=201,
    may_wait=True,
    is_alone=True,
)
def accept(asked: Asked) -> Reply:
    """Done at once, or waiting for the approval that policy asks for."""
    given = asked.body
    answer = acceptance.accept(
        acceptance.Acceptance(
            invite_string=given.invite_string,
            statement=shapes.decoded(given.statement, "statement"),
            one_time_signature=shapes.decoded(given.one_time_signature, "one_time_signature"),
            signature=shapes.decoded(given.signature, "signature"),
            password=given.password,
            push_token=given.push_token,
        ),
        address=asked.sent.address,
        now=asked.now,
    )
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(_joined(answer.result), status=201)


def _joined(result: Mapping[str, Any]) -> Joined:
    return Joined(device=UUID(str(result["device"]["id"])), user=UUID(str(result["user"])))


ROUTES: Final = (look_up, challenge, accept)
