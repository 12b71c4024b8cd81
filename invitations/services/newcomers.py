"""What becomes of an invitation that is accepted without a device: a way in, and credentials."""

import hashlib
from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.models import RoleCredential, User, Wallet
from accounts.services import (
    external_identities,
    mail_addresses,
    profile_editing,
    profiles,
    role_assignments,
    role_credentials,
    user_names,
    users,
    wallets,
)
from accounts.services.external_identities import Proven
from accounts.services.profile_editing import Changes
from accounts.services.role_credentials import Granted
from identity import ids
from identity.actor import Actor, ActorKind
from identity.errors import Conflict
from identity.services import audit
from invitations import errors as refusals
from invitations.commands.command import registry
from invitations.commands.inputs import AcceptInvitation
from invitations.models import Invitation
from invitations.services import decisions, invitations, notices

_BY_WALLET: Final = frozenset({"wallet", "key"})


def use(details: AcceptInvitation, *, by: Actor, now: datetime) -> dict[str, object]:
    """Let the invited person in by what was proven, and use the invitation up: once.

    Raises `InvitationInvalid` when it is not open (or waiting for this approval) or the person has
    joined since, and what the service of the proof refuses.
    """
    with transaction.atomic(savepoint=False), audit.gathered():
        invitation = invitations.locked(details.invitation)
        if invitation.state not in {Invitation.State.OPEN, Invitation.State.PENDING}:
            raise refusals.InvitationInvalid
        user = invitation.user
        require_newcomer(user)
        # Whoever joins acts for the account from here on, also where others approved it.
        own = holder(invitation, by.address)
        _bind(user, details, by=own, now=now)
        users.activate(user=user, verifier="", by=own, now=now)
        credentials = _issue_credentials(user, by=own, now=now)
        invitation.state = Invitation.State.USED
        invitation.joined_by = details.way
        invitation.used_at = invitation.ended_at = now
        invitation.keys_digest = digest(details)
        invitation.save(update_fields=["state", "joined_by", "used_at", "ended_at", "keys_digest"])
        audit.record(
            "invitation.used",
            by=own,
            subject=("invitation", str(invitation.id)),
            now=now,
            facts={"user": str(user.id), "way": details.way},
        )
        notices.joined(user, details.way, now=now)
    return {"user": str(user.public_id), "user_id": str(user.id), "credentials": credentials}


def require_newcomer(user: User) -> None:
    """Further ways into an account that is in use are its owner's to add, and take a device.

    An account with a password asks for it, which only the page of the invitation does.
    Raises `InvitationInvalid`, `InvitationNeedsDevice`.
    """
    if user.status == User.Status.DISABLED:
        raise refusals.InvitationInvalid
    if user.status != User.Status.INVITED or user.password:
        raise refusals.InvitationNeedsDevice


def _bind(user: User, details: AcceptInvitation, *, by: Actor, now: datetime) -> None:
    if details.username:
        user_names.choose(
            user=user, username=details.username, holds=details.wallet, by=by, now=now
        )
    if details.way in _BY_WALLET:
        key = wallets.Key(
            Wallet.Kind(details.wallet_kind),
            details.wallet,
            details.public_key,
            details.wallet_os,
        )
        wallets.add(user_id=user.id, key=key, by=by, now=now)
    profile = profiles.ensure(user_id=user.id, by=by, now=now)
    if details.way == "mail":
        mail_addresses.verify(user_id=user.id, address=details.email, by=by, now=now)
    if details.way == "provider":
        proven = Proven(
            provider=details.provider,
            issuer=details.issuer,
            subject=details.subject,
            email=details.email,
            name=details.full_name,
        )
        external_identities.link(user_id=user.id, proven=proven, by=by, now=now)
    if details.full_name and not profile.full_name:
        changes = Changes(full_name=details.full_name)
        profile_editing.edit(user_id=user.id, changes=changes, by=by, now=now)


def _issue_credentials(user: User, *, by: Actor, now: datetime) -> list[str]:
    """One for each role that the invitation gave, unless policies want a say in those."""
    issued = []
    for name in role_assignments.names_of(user.id):
        if len(name) > role_credentials.LONGEST_ROLE or not _may_issue(user, name, by, now):
            continue
        granted = Granted(user.id, name, source=RoleCredential.Source.INVITATION)
        try:
            row = role_credentials.issue(granted, credential_id=ids.new(), by=by, now=now)
        except Conflict:
            break
        issued.append(row.credential_id)
    return issued


def _may_issue(user: User, role: str, by: Actor, now: datetime) -> bool:
    command = registry.get("role-credential.issue")
    details = command.read(
        {"role_credential": str(ids.new()), "user": str(user.public_id), "role": role}
    )
    decision = decisions.decide(command=command, details=details, by=by, now=now)
    return isinstance(decision, decisions.Allowed)


def holder(found: Invitation, address: str) -> Actor:
    """Who accepts an invitation: acts for its account alone, from this network address."""
    return Actor(
        kind=ActorKind.INVITATION,
        scope_id=found.scope_id,
        user_id=found.user_id,
        public_id=found.user.public_id,
        address=address,
    )


def digest(details: AcceptInvitation) -> str:
    """What tells a repeat with the same proof from a second holder of an invitation."""
    names = {
        "wallet": details.wallet,
        "key": details.wallet,
        "mail": details.email,
        "provider": f"{details.issuer} {details.subject}",
    }
    return hashlib.sha256(f"{details.way} {names[details.way]}".encode()).hexdigest()
