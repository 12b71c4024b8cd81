"""What belongs to a user and goes when the account is deleted."""

from datetime import datetime

from django.db.models import Q

from accounts.models import (
    Avatar,
    Device,
    ExternalIdentity,
    Follow,
    GroupMember,
    Lambda,
    OneTimePassword,
    Passkey,
    Profile,
    RecoveryCode,
    RegistryMembership,
    RoleAssignment,
    RoleCredential,
    StaffMembership,
    User,
    Wallet,
)
from accounts.services import context_members, credentials
from identity.actor import Actor

# What a user proved to sign in goes with the account: the same proof later makes a new one.
_BELONGINGS = (
    GroupMember,
    OneTimePassword,
    RecoveryCode,
    StaffMembership,
    ExternalIdentity,
    Wallet,
    Passkey,
    Lambda,
    Profile,
    Avatar,
    RegistryMembership,
)


def withdraw(user: User, *, by: Actor, now: datetime) -> list[str]:
    """Take all of it from a user who is being deleted, in that transaction; the roles it had.

    Devices and credentials are revoked and stay, because history names them.
    """
    assignments = RoleAssignment.objects.filter(user=user)
    named = assignments.values_list("predefined", "role__name")
    roles = sorted(predefined or custom for predefined, custom in named)
    assignments.delete()
    for belonging in _BELONGINGS:
        belonging.objects.filter(user=user).delete()
    Follow.objects.filter(Q(follower=user) | Q(followed=user)).delete()
    valid = RoleCredential.objects.filter(user=user, status=RoleCredential.Status.VALID)
    valid.update(status=RoleCredential.Status.REVOKED, revoked_at=now)
    credentials.revoke_of(user, by=by, now=now)
    context_members.end_of_user(user.id, by=by, now=now)
    Device.objects.filter(user=user).exclude(status=Device.Status.REVOKED).update(
        status=Device.Status.REVOKED,
        revoked_at=now,
        revoked_by=by.user_id,
        revoke_reason="user deleted",
        updated_at=now,
    )
    return roles
