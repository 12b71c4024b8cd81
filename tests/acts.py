"""What people do in the tests, in one line each: submit a command, vote, authorize."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts import queries
from identity.actor import Actor, ActorKind
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from invitations.models import Invitation, Proposal
from invitations.services import authorization, governance, onboarding, votes
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending
from tests.cast import Member, World

SIGNED = Evidence(sign1=b"signed request")


def now() -> datetime:
    return datetime.now(UTC)


def as_actor(member: Member) -> Actor:
    """The member as its device acts at this moment."""
    with current.in_scope(member.user.scope_id):
        return queries.actor_of_user(
            user_id=member.user.id, kind=ActorKind.DEVICE, device_id=member.device.id
        )


def submit(
    member: Member, command: str, *, at: datetime | None = None, **details: Any
) -> Done | Pending:
    """The member's device asks for a sensitive command."""
    by = as_actor(member)
    with current.in_scope(by.scope_id):
        return governance.submit(
            action=command, details=details, by=by, now=at or now(), evidence=SIGNED
        )


def approve(member: Member, proposal_id: UUID, *, at: datetime | None = None) -> Proposal:
    """The member's device approves what the proposal says now."""
    by = as_actor(member)
    with current.in_scope(by.scope_id):
        found = Proposal.objects.get(id=proposal_id)
        return votes.approve(
            proposal_id=proposal_id,
            proposal_hash=found.hash,
            reason="",
            by=by,
            now=at or now(),
            evidence=SIGNED,
        ).proposal


def reject(member: Member, proposal_id: UUID, reason: str = "no") -> Proposal:
    """The member's device rejects the proposal."""
    by = as_actor(member)
    with current.in_scope(by.scope_id):
        found = Proposal.objects.get(id=proposal_id)
        return votes.reject(
            proposal_id=proposal_id,
            proposal_hash=found.hash,
            reason=reason,
            by=by,
            now=now(),
            evidence=SIGNED,
        ).proposal


def proposal(world: World, answer: Done | Pending) -> Proposal:
    """The proposal that a pending answer names."""
    assert isinstance(answer, Pending), answer
    with current.in_scope(world.scope.id):
        return Proposal.objects.get(id=answer.proposal_id)


def invitation(world: World, email: str, *roles: str) -> Mapping[str, Any]:
    """An invitation from the operator's shell, in our words."""
    with current.in_scope(world.scope.id):
        bundle: Mapping[str, Any] = onboarding.invite(
            email=email, role_names=list(roles), by=world.system, now=now()
        )
    return bundle


def authorize(
    world: World,
    bundle: Mapping[str, Any],
    keys: DeviceKeys,
    *,
    at: datetime | None = None,
    password: str = "",
    invite_string: str | None = None,
) -> Done | Pending:
    """The holder of the invitation brings the device's keys."""
    with current.in_scope(world.scope.id):
        held = Invitation.objects.select_related("user").get(id=bundle["invitation"])
        by = Actor(
            kind=ActorKind.INVITATION,
            scope_id=world.scope.id,
            user_id=held.user_id,
            public_id=held.user.public_id,
            device_id=held.temporary_device_id,
        )
        return authorization.authorize(
            invitation_id=held.id,
            request=authorization.Request(
                invite_string=bundle["invite_string"] if invite_string is None else invite_string,
                device_name="laptop",
                signature_key=keys.signature_pubkey,
                encryption_key=keys.encryption_pubkey,
                password=password,
            ),
            by=by,
            now=at or now(),
            evidence=SIGNED,
        )
