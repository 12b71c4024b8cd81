"""Authorizing a device with an invitation: the one-time key is exchanged for the device's own."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import (
    Busy,
    PasswordRefused,
    TooManyWrongPasswords,
)
from accounts.models import Device, KnownKey, User
from accounts.services import devices, passwords, users
from identity.actor import Actor
from identity.crypto import ecdsa_p256, rsa, tokens
from identity.crypto.errors import KeyInvalid
from identity.services import audit
from invitations import errors as refusals
from invitations import hot_reads
from invitations.commands.inputs import AuthorizeDevice
from invitations.models import Invitation, Proposal
from invitations.services import alarms, governance, invitations, notices
from invitations.services import evidence as proofs
from invitations.services.governance import Done, Pending


@dataclass(frozen=True, slots=True)
class Request:
    """What the holder of an invitation sends. Keys are as received: hex point and PEM."""

    invite_string: str
    device_name: str
    signature_key: str
    encryption_key: str
    password: str = ""
    push_token: str = ""


def authorize(
    *, invitation_id: UUID, request: Request, by: Actor, now: datetime, evidence: proofs.Evidence
) -> Done | Pending:
    """Register the device of an invited person, or wait for the approval that policy asks for.

    A repeat with the same two keys gets the same answer for 15 minutes (or until the proposal has
    ended); other keys on a used invitation raise an alarm event. Raises `InvitationInvalid` for
    every invitation that can't be used, `PasswordRefused`, `KeyInvalid`, `KeyTaken`.
    """
    found = _get(invitation_id)
    _check_secret(found, request, by=by, now=now)
    digest = _keys_digest(request)
    earlier = _earlier_answer(found, digest, by=by, now=now)
    if earlier is not None:
        return earlier
    verifier = _check_password(found, request, by=by, now=now)
    with transaction.atomic(), audit.gathered():
        invitation = invitations.locked(invitation_id)
        if invitation.state not in {Invitation.State.USED, Invitation.State.PENDING}:
            return _first_use(
                invitation, request, digest, verifier, by=by, now=now, evidence=evidence
            )
    # Somebody else was first while we waited for the lock.
    answer = _earlier_answer(_get(invitation_id), digest, by=by, now=now)
    if answer is None:
        raise refusals.InvitationInvalid
    return answer


def _keys_digest(request: Request) -> str:
    # One key may be written in several ways; only its one stored form is compared.
    try:
        signature = ecdsa_p256.stored_public(request.signature_key)
        encryption = rsa.stored_public(request.encryption_key)
    except KeyInvalid:
        return ""
    return invitations.keys_digest(signature.hex, encryption.pem)


def _get(invitation_id: UUID) -> Invitation:
    invitation = hot_reads.invitation(invitation_id)
    if invitation is None:
        raise refusals.InvitationInvalid
    return invitation


def _check_secret(invitation: Invitation, request: Request, *, by: Actor, now: datetime) -> None:
    if hmac.compare_digest(tokens.digest(request.invite_string), invitation.secret_digest):
        return
    invitations.count_wrong_try(invitation.id, by=by, now=now)
    raise refusals.InvitationInvalid


def _earlier_answer(
    invitation: Invitation, digest: str, *, by: Actor, now: datetime
) -> Done | Pending | None:
    """The stored answer for a repeat; None while the invitation is unused."""
    if invitation.state not in {Invitation.State.USED, Invitation.State.PENDING}:
        return None
    if not hmac.compare_digest(invitation.keys_digest, digest):
        alarms.raise_for(invitation, by=by, now=now)
        raise refusals.InvitationInvalid
    if invitation.state == Invitation.State.PENDING:
        return _pending_answer(invitation, now=now)
    if invitation.device is None or invitation.used_at is None:
        raise refusals.InvitationInvalid
    if now - invitation.used_at > invitations.REPEAT_WINDOW:
        raise refusals.InvitationInvalid
    if (
        invitation.device.status != Device.Status.ACTIVE
        or invitation.user.status == User.Status.DISABLED
    ):
        raise refusals.InvitationInvalid
    return Done(results=[registered(invitation.device, invitation.user)])


def _pending_answer(invitation: Invitation, *, now: datetime) -> Pending:
    waiting = invitation.proposal_id
    proposal = Proposal.objects.filter(id=waiting).first() if waiting else None
    if proposal is None or proposal.state_at(now) != Proposal.State.PENDING:
        raise refusals.InvitationInvalid
    return Pending(proposal_id=proposal.id)


def _check_password(
    invitation: Invitation, request: Request, *, by: Actor, now: datetime
) -> str | None:
    """The verifier to store when this is the account's first password; else None."""
    status, password = hot_reads.account(invitation.id)
    _require_usable(invitation, status, now=now)
    if password:
        # The try is reserved before the slow check, so that parallel guesses can't share one.
        invitations.count_wrong_try(invitation.id, by=by, now=now)
        try:
            passwords.check(
                user_id=invitation.user_id,
                password=request.password,
                now=now,
                address=by.address,
            )
        except (Busy, TooManyWrongPasswords):
            # Nothing was checked, so nothing was tried.
            invitations.give_try_back(invitation.id)
            raise
        invitations.give_try_back(invitation.id)
        return None
    return passwords.make_verifier(request.password) if request.password else None


def _require_usable(invitation: Invitation, user_status: str, *, now: datetime) -> None:
    if invitation.state_at(now) != Invitation.State.OPEN:
        raise refusals.InvitationInvalid
    if user_status == User.Status.DISABLED:
        raise refusals.InvitationInvalid


def _first_use(
    invitation: Invitation,
    request: Request,
    digest: str,
    verifier: str | None,
    *,
    by: Actor,
    now: datetime,
    evidence: proofs.Evidence,
) -> Done | Pending:
    _require_usable(invitation, invitation.user.status, now=now)
    if verifier is None and invitation.user.password and not request.password:
        raise PasswordRefused
    details = {
        "invitation": str(invitation.id),
        "device_name": request.device_name,
        "signature_key": ecdsa_p256.stored_public(request.signature_key).hex,
        "encryption_key": rsa.stored_public(request.encryption_key).pem,
        "push_token": request.push_token,
        "password_verifier": verifier or "",
        "registration": base64.b64encode(evidence.sign1).decode(),
        "is_attested": evidence.is_attested,
    }
    answer = governance.submit(
        action="device.authorize", details=details, by=by, now=now, evidence=evidence
    )
    if isinstance(answer, Pending):
        invitations.wait(invitation, digest, answer.proposal_id)
    return answer


def use(details: AuthorizeDevice, *, by: Actor, now: datetime) -> dict[str, object]:
    """Register the device and use the invitation up: one transaction, one device.

    Raises `InvitationInvalid` when it is not open (or waiting for this approval), `PasswordRefused`
    when the account got a password in between, and what `devices.register` raises.
    """
    with transaction.atomic(savepoint=False), audit.gathered():
        invitation = invitations.locked(details.invitation)
        if invitation.state not in {Invitation.State.OPEN, Invitation.State.PENDING}:
            raise refusals.InvitationInvalid
        user = invitation.user
        if user.status == User.Status.DISABLED:
            raise refusals.InvitationInvalid
        if details.password_verifier and user.password:
            raise PasswordRefused
        device = devices.register(
            user=user,
            name=details.device_name,
            signature_key=details.signature_key,
            encryption_key=details.encryption_key,
            push_token=details.push_token,
            registration_kind=KnownKey.Registration.AUTHORIZE,
            registration=base64.b64decode(details.registration),
            signer_key="" if details.is_attested else invitation.one_time_key,
            by=by,
            now=now,
        )
        users.activate(user=user, verifier=details.password_verifier, by=by, now=now)
        invitation.state = Invitation.State.USED
        invitation.device = device
        invitation.used_at = invitation.ended_at = now
        invitation.keys_digest = invitations.keys_digest(
            details.signature_key, details.encryption_key
        )
        invitation.save(update_fields=["state", "device", "used_at", "ended_at", "keys_digest"])
        _record_use(invitation, device, by=by, now=now)
        notices.device_registered(user, device, now=now)
    return registered(device, user)


def _record_use(invitation: Invitation, device: Device, *, by: Actor, now: datetime) -> None:
    audit.record(
        "invitation.used",
        by=by,
        subject=("invitation", str(invitation.id)),
        now=now,
        facts={"device": str(device.id), "user": str(device.user_id)},
    )


def registered(device: Device, user: User) -> dict[str, object]:
    """The answer of a successful authorization in our words."""
    return {
        "device": {
            "id": str(device.id),
            "name": device.name,
            "user": str(user.public_id),
            "registered_at": int(device.registered_at.timestamp()),
        },
        "user": str(user.public_id),
    }
