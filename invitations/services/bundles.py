"""Evidence bundles: everything that proves who asked for a change and who approved it."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Device, KnownKey, User
from identity import errors
from identity.crypto import ecdsa_p256, evidence
from identity.services import server_keys
from invitations.models import Invitation, Proposal, Vote


def export(proposal_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The signed bundle of one proposal, verifiable offline. Raises `Missing`.

    Format: `identity.crypto.evidence`. It holds no secret: a request that carried a password was
    replaced by the server's statement when it was made.
    """
    proposal = Proposal.objects.filter(id=proposal_id).first()
    if proposal is None:
        raise errors.Missing("There is no such proposal.")
    votes = list(proposal.votes.filter(retracted_at__isnull=True).order_by("cast_at", "id"))
    public_ids = dict(
        User.objects.filter(id__in=[vote.user_id for vote in votes]).values_list("id", "public_id")
    )
    keys = server_keys.signature_keys()
    signing = server_keys.active_signing_key()
    body = {
        "format": evidence.FORMAT,
        "scope": str(proposal.scope_id),
        "proposal": _proposal(proposal, now),
        "request": _text(proposal.request),
        "proposer": {
            "user": proposal.actor["public_id"],
            "device": None if proposal.request_is_attested else _id(proposal.proposer_device_id),
        },
        "votes": [_vote(vote, public_ids[vote.user_id]) for vote in votes],
        "devices": _devices(proposal, votes),
        "standing": proposal.standing,
        "former_server_keys": [key for key in keys if key != signing.public.hex],
    }

    def sign(message: bytes) -> bytes:
        return ecdsa_p256.sign(signing, message)

    return evidence.seal_bundle(body, sign, signing.public.hex)


def _proposal(proposal: Proposal, now: datetime) -> dict[str, Any]:
    return {
        "id": str(proposal.id),
        "action": proposal.action,
        "resource": proposal.resource,
        "hash": proposal.hash,
        "state": str(proposal.state_at(now)),
        "policy": {
            "id": str(proposal.policy_id),
            "version": proposal.policy_version,
            "snapshot": proposal.policy,
        },
        "review_expression": proposal.review_expression,
        "expires_at": int(proposal.expires_at.timestamp()),
        "created_at": int(proposal.created_at.timestamp()),
        "decided_at": int(proposal.decided_at.timestamp()) if proposal.decided_at else None,
    }


def _vote(vote: Vote, user: UUID) -> dict[str, Any]:
    return {
        "user": str(user),
        "device": None if vote.is_attested else _id(vote.device_id),
        "decision": str(vote.decision),
        "sign1": _text(vote.evidence),
        "cast_at": int(vote.cast_at.timestamp()),
    }


def _devices(proposal: Proposal, votes: Iterable[Vote]) -> list[dict[str, Any]]:
    signers = {vote.device_id for vote in votes if not vote.is_attested}
    if not proposal.request_is_attested:
        signers.add(proposal.proposer_device_id)
    wanted = {device for device in signers if device is not None}
    keys = KnownKey.objects.filter(
        device_id__in=wanted, purpose=KnownKey.Purpose.SIGNATURE
    ).order_by("device_id", "first_seen_at")
    users = dict(Device.objects.filter(id__in=wanted).values_list("id", "user__public_id"))
    listed = [_key(key, users[key.device_id]) for key in keys]
    return listed + [_one_time_key(item) for item in _invitations(wanted)]


def _key(key: KnownKey, user: UUID) -> dict[str, Any]:
    registration: dict[str, Any] = {"kind": str(key.registration_kind)}
    if key.registration is not None:
        registration["sign1"] = _text(key.registration)
        if key.signer_key:
            is_rotation = key.registration_kind == KnownKey.Registration.ROTATION
            registration["signer_key" if is_rotation else "one_time_key"] = key.signer_key
    return {
        "device": str(key.device_id),
        "user": str(user),
        "signature_key": key.public,
        "registered_at": int(key.first_seen_at.timestamp()),
        "registration": registration,
    }


def _invitations(devices: Iterable[UUID]) -> list[Invitation]:
    return list(Invitation.objects.select_related("user").filter(temporary_device_id__in=devices))


def _one_time_key(invitation: Invitation) -> dict[str, Any]:
    # Who proposes its own device signs with the invitation's key: the server's word for it.
    return {
        "device": str(invitation.temporary_device_id),
        "user": str(invitation.user.public_id),
        "signature_key": invitation.one_time_key,
        "registered_at": int(invitation.created_at.timestamp()),
        "registration": {"kind": "invitation", "invitation": str(invitation.id)},
    }


def _text(data: bytes | memoryview) -> str:
    return base64.b64encode(bytes(data)).decode()


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)
