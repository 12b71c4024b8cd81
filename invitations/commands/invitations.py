"""Commands that invite people, revoke invitations and authorize devices."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.models import User
from accounts.services import users
from identity import errors
from identity.actor import Actor, ActorKind
from identity.services import scopes, server_keys
from invitations.commands.command import Command, Result, registry
from invitations.commands.inputs import (
    AcceptInvitation,
    AuthorizeDevice,
    InviteDevice,
    InviteUser,
    RevokeInvitation,
)
from invitations.errors import LinksByMailOff
from invitations.services import authorization, invitations, newcomers, notices


def invite_user(details: InviteUser, *, by: Actor, now: datetime) -> Result:
    """Make the user and the invitation; a repeat by id makes a new invitation for that user."""
    user = users.create_invited(
        public_id=details.user,
        email=details.email,
        first_name=details.first_name,
        last_name=details.last_name,
        mobile=details.mobile,
        customer_id=details.customer_id,
        by=by,
        now=now,
    )
    return _issued(user, details, keeps_older=False, by=by, now=now)


def invite_device(details: InviteDevice, *, by: Actor, now: datetime) -> Result:
    """Make an invitation for a further device."""
    user = _user(details.user)
    return _issued(user, details, keeps_older=details.keeps_older, by=by, now=now)


def revoke_invitation(details: RevokeInvitation, *, by: Actor, now: datetime) -> Result:
    """End the invitation."""
    invitation = invitations.revoke(invitation_id=details.invitation, by=by, now=now)
    return {"invitation": str(invitation.id), "state": str(invitation.state)}


def authorize_device(details: AuthorizeDevice, *, by: Actor, now: datetime) -> Result:
    """Register the device and use the invitation up, in the caller's transaction."""
    return authorization.use(details, by=by, now=now)


def accept(details: AcceptInvitation, *, by: Actor, now: datetime) -> Result:
    """Let the invited person in and use the invitation up, in the caller's transaction."""
    return newcomers.use(details, by=by, now=now)


def issue(
    user: User, *, life: timedelta | None, keeps_older: bool, by: Actor, now: datetime
) -> Result:
    """Make an invitation and describe it with what its holder needs, secrets included, once."""
    issued = invitations.issue(user=user, by=by, now=now, life=life, keeps_older=keeps_older)
    keys = server_keys.client_keys()
    notices.invited(issued.invitation, now=now)
    return {
        "user": str(user.public_id),
        "invitation": str(issued.invitation.id),
        "expires_at": int(issued.invitation.expires_at.timestamp()),
        "invite_string": issued.invite_string,
        "one_time_private_key": issued.one_time_private_key,
        "temporary_device": str(issued.invitation.temporary_device_id),
        "server_encryption_key": keys.encryption_pem_base64,
        "server_signature_key": keys.signature_hex,
    }


def _issued(
    user: User, details: InviteUser | InviteDevice, *, keeps_older: bool, by: Actor, now: datetime
) -> Result:
    life = _life(details.life_minutes)
    result = issue(user, life=life, keeps_older=keeps_older, by=by, now=now)
    if details.mails_link:
        _require_links_by_mail()
        notices.link(UUID(result["invitation"]), result, now=now)
    return result


def _require_links_by_mail() -> None:
    if not scopes.settings().mail_invitation_links:
        raise LinksByMailOff


def _life(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


def _user(public_id: UUID) -> User:
    user = User.objects.filter(public_id=public_id).first()
    if user is None:
        raise errors.Missing("There is no such user.")
    return user


def _validate_person(details: InviteUser) -> None:
    users.checked(
        {
            "email": details.email,
            "first_name": details.first_name,
            "last_name": details.last_name,
            "mobile": details.mobile,
            "customer_id": details.customer_id,
        }
    )
    users.require_free_name(details.email, public_id=details.user)
    _validate_offer(details)


def _validate_further(details: InviteDevice) -> None:
    invitations.require_invitable(_user(details.user))
    _validate_offer(details)


def _validate_offer(details: InviteUser | InviteDevice) -> None:
    if details.life_minutes is not None:
        invitations.require_life(timedelta(minutes=details.life_minutes))
    if details.mails_link:
        _require_links_by_mail()


def _offer(details: InviteUser) -> dict[str, Any]:
    """What a policy may ask about an invitation, which may be to somebody invited before."""
    known = User.objects.filter(public_id=details.user).first()
    nobody = {"is_password_protected": False, "may_approve": False}
    about = _account(known) if known else nobody
    return {"mails_link": details.mails_link, **about}


def _protection(details: InviteDevice) -> dict[str, Any]:
    """What a policy may ask about the account that gets a further device.

    A device that was revoked counts too: else its end would make the next one the first again.
    """
    user = _user(details.user)
    return {
        "mails_link": details.mails_link,
        "has_device": user.devices.exists(),
        **_account(user),
    }


def _account(user: User) -> dict[str, bool]:
    # Whoever issues an invitation could use it: with an approver's account, as a second person.
    return {
        "is_password_protected": bool(user.password),
        "may_approve": bool(accounts.grants_of(user.id).approves),
    }


def _account_opened(details: InviteUser | InviteDevice) -> UUID | None:
    # Who hands out an invitation could use it itself, unless the account asks for a password,
    # which the maker does not know.
    is_protected = User.objects.filter(public_id=details.user).exclude(password="").exists()
    return None if is_protected else details.user


def _refuse(details: AuthorizeDevice | AcceptInvitation, *, now: datetime) -> None:
    invitations.refuse(invitation_id=details.invitation, now=now)


def _is_invited(details: AuthorizeDevice | AcceptInvitation, by: Actor) -> bool:
    # Only the holder of the invitation's one-time key acts as this kind of actor.
    del details
    return by.kind is ActorKind.INVITATION


registry.add(
    Command(
        name="user.invite",
        action="add",
        resource="/users/invite",
        permission="users:invite",
        input=InviteUser,
        execute=invite_user,
        validate=_validate_person,
        ways_in_of=_account_opened,
        facts=_offer,
    ),
    Command(
        name="device.invite",
        action="add",
        resource="/users/{user}/devices/invite",
        permission="devices:invite",
        input=InviteDevice,
        execute=invite_device,
        validate=_validate_further,
        ways_in_of=_account_opened,
        facts=_protection,
    ),
    Command(
        name="invitation.revoke",
        action="delete",
        resource="/invitations/{invitation}",
        permission="invitations:delete",
        input=RevokeInvitation,
        execute=revoke_invitation,
    ),
    Command(
        name="device.authorize",
        action="add",
        resource="/account-management/authorize",
        permission="",
        input=AuthorizeDevice,
        execute=authorize_device,
        is_own=_is_invited,
        abandon=_refuse,
        secrets=frozenset({"password_verifier", "registration"}),
    ),
    # The same resource: a policy about who gets in holds for every way.
    Command(
        name="invitation.accept",
        action="add",
        resource="/account-management/authorize",
        permission="",
        input=AcceptInvitation,
        execute=accept,
        is_own=_is_invited,
        abandon=_refuse,
    ),
)
