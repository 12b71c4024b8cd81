"""Accepting an invitation with JSON alone: a challenge, then one signed text."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from accounts.errors import KeyInvalid, ProofInvalid
from accounts.models import User
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import ecdsa_p256
from identity.models import Scope
from identity.scoping import current
from identity.services import attestations, server_keys
from invitations import errors as refusals
from invitations import hot_reads
from invitations.models import Invitation
from invitations.services import authorization, invitations, key_proofs
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending

STATEMENT_TYPE: Final = "ecs-accept/1"
_RESOURCE: Final = "/account-management/authorize"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the holder of an invitation sends in the second step.

    `statement` is the exact JSON text (`key_proofs.KeyStatement` of the type `ecs-accept/1`, whose
    `subject` is the SHA-256 of the invite string in lower hex); both signatures are raw r||s over
    its bytes, by the invitation's one-time key and by the new signature key.
    """

    invite_string: str = field(repr=False)
    statement: bytes
    one_time_signature: bytes
    signature: bytes
    password: str = field(default="", repr=False)
    push_token: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What the holder of an open invitation may know before accepting it."""

    id: UUID
    scope_id: UUID
    scope_name: str
    address: str
    """The invited person's address, all but its first sign and its domain masked."""
    inviter: str
    expires_at: datetime
    is_password_needed: bool
    server_keys: server_keys.ClientKeys
    key_statements: Sequence[bytes] = field(repr=False)
    """The keys once more, signed by each signature key of the scope that is still of use."""


def look_up(*, invite_string: str, now: datetime) -> Held:
    """What an open invitation is about. Raises `InvitationInvalid` for every other one."""
    found = _find(invite_string)
    if found is None:
        raise refusals.InvitationInvalid
    status, password = hot_reads.account(found.id)
    if found.state_at(now) != Invitation.State.OPEN or status == User.Status.DISABLED:
        raise refusals.InvitationInvalid
    scope = Scope.objects.get(id=current.required_scope())
    inviter = User.objects.filter(id=found.invited_by).first() if found.invited_by else None
    keys = server_keys.client_keys()
    return Held(
        id=found.id,
        scope_id=scope.id,
        scope_name=scope.name,
        address=_masked(User.objects.get(id=found.user_id).email),
        inviter=inviter.username if inviter else "",
        expires_at=found.expires_at,
        is_password_needed=bool(password),
        server_keys=keys,
        key_statements=attestations.client_keys(keys, now=now),
    )


def challenge(
    *, invite_string: str, signature_key: str, encryption_key: str, now: datetime
) -> bytes:
    """First step: a challenge encrypted to the new encryption key, to be opened within 5 minutes.

    Everybody gets one, whatever the invitation is: the answer tells nothing about it. Raises
    `accounts.errors.KeyInvalid`.
    """
    return key_proofs.challenge(
        purpose=STATEMENT_TYPE,
        subject=digest(invite_string),
        signature_key=signature_key,
        encryption_key=encryption_key,
        now=now,
    )


def accept(acceptance: Acceptance, *, address: str = "", now: datetime) -> Done | Pending:
    """Second step: register the device, or wait for the approval that policy asks for.

    Ends in `authorization.authorize`, so repeats, alarms, policies and passwords are the same as
    for a sealed request. Must not be called in a transaction. Raises what `key_proofs.prove` and
    `authorization.authorize` raise; `InvitationInvalid` for everything that is wrong with the
    invitation or the one-time signature.
    """
    proven = key_proofs.prove(
        acceptance.statement, acceptance.signature, expected_type=STATEMENT_TYPE, now=now
    )
    if proven.said.subject != digest(acceptance.invite_string):
        raise refusals.InvitationInvalid
    if proven.said.has_password != bool(acceptance.password):
        raise refusals.StatementDiffers("The statement says otherwise whether a password is sent.")
    found, by = held(
        acceptance.invite_string,
        acceptance.statement,
        acceptance.one_time_signature,
        address=address,
        now=now,
    )
    return authorization.authorize(
        invitation_id=found.id,
        request=_request(acceptance, proven),
        by=by,
        now=now,
        evidence=_evidence(found, acceptance, proven, by),
    )


def held(
    invite_string: str, message: bytes, one_time_signature: bytes, *, address: str, now: datetime
) -> tuple[Invitation, Actor]:
    """The invitation whose secret and one-time key somebody has, and that somebody as an actor.

    `one_time_signature` is the one-time key's raw r||s over the message. A wrong one counts as a
    wrong try. Whether the invitation is open is not asked. Must not be called in a transaction.
    Raises `InvitationInvalid`.
    """
    found = _find(invite_string)
    by = _holder(found, address)
    _require_one_time_key(found, one_time_signature, message, by=by, now=now)
    if found is None or by is None:
        raise refusals.InvitationInvalid
    return found, by


def _find(invite_string: str) -> Invitation | None:
    # What can't be a secret of ours is looked for all the same: the answer takes as long.
    return Invitation.objects.filter(secret_digest=digest(invite_string)).first()


def digest(invite_string: str) -> str:
    """What an invite string is known by: SHA-256 in lower hex."""
    # JSON can name halves of surrogate pairs, which have no UTF-8.
    return hashlib.sha256(invite_string.encode(errors="replace")).hexdigest()


def _holder(found: Invitation | None, address: str) -> Actor | None:
    user = User.objects.filter(id=found.user_id if found else ids.new()).first()
    if found is None or user is None:
        return None
    return Actor(
        kind=ActorKind.INVITATION,
        scope_id=found.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        device_id=found.temporary_device_id,
        address=address,
    )


def _require_one_time_key(
    found: Invitation | None,
    signature: bytes,
    message: bytes,
    *,
    by: Actor | None,
    now: datetime,
) -> None:
    """The holder has the one-time key too; a wrong signature counts as a wrong try."""
    key = ecdsa_p256.DUMMY if found is None else ecdsa_p256.stored_public(found.one_time_key)
    try:
        key_proofs.require_signature(key, signature, message)
    except ProofInvalid:
        if found is not None and by is not None:
            invitations.count_wrong_try(found.id, by=by, now=now)
        raise refusals.InvitationInvalid from None


def _request(acceptance: Acceptance, proven: key_proofs.Proven) -> authorization.Request:
    return authorization.Request(
        invite_string=acceptance.invite_string,
        device_name=proven.said.device_name,
        signature_key=proven.keys.signature.hex,
        encryption_key=proven.keys.encryption.pem,
        password=acceptance.password,
        push_token=acceptance.push_token,
    )


def _evidence(
    found: Invitation, acceptance: Acceptance, proven: key_proofs.Proven, by: Actor
) -> Evidence:
    """The server's statement that encloses the text and both signatures; no password is in it."""
    if proven.keys.signature.hex == found.one_time_key:
        raise KeyInvalid("Make a key of your own: others know the one-time key.")
    said: dict[str, Any] = {
        "action": "add",
        "resource": _RESOURCE,
        "details": {
            "device_name": proven.said.device_name,
            "device_signature_pubkey": proven.keys.signature.hex,
            "device_encryption_pubkey": proven.keys.encryption.pem,
        },
        "user": str(by.public_id),
        "holder": key_proofs.enclosed(
            proven,
            one_time_key=found.one_time_key,
            one_time_signature=key_proofs.text(acceptance.one_time_signature),
        ),
    }
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return Evidence(sign1=attestations.request(text), is_attested=True)


def _masked(address: str) -> str:
    name, at, domain = address.partition("@")
    return f"{name[:1]}…{at}{domain}"
