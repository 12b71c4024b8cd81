"""The ways in which somebody can sign in to an account: there is always one left."""

from uuid import UUID

from accounts import errors
from accounts.models import Device, ExternalIdentity, Profile, User, Wallet
from identity import errors as refusals


def lock(user_id: UUID) -> User:
    """Hold the user's row, so that two ways can't go at the same time. Raises `Missing`."""
    user = User.objects.select_for_update().filter(id=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise refusals.Missing("There is no such user.")
    return user


def require_one(user_id: UUID) -> None:
    """Refuse a change after which nobody could sign in. Raises `accounts.errors.LastWayIn`.

    Called in the transaction of the change, after it, with the user's row locked.
    """
    if not has_one(user_id):
        raise errors.LastWayIn


def has_one(user_id: UUID) -> bool:
    """Whether there is a wallet, a provider's account, a proven address, a password or a device."""
    return (
        Wallet.objects.filter(user_id=user_id, is_keyless=False).exists()
        or ExternalIdentity.objects.filter(user_id=user_id).exists()
        or Profile.objects.filter(user_id=user_id, email_proven_at__isnull=False).exists()
        or User.objects.filter(id=user_id).exclude(password="").exists()
        or Device.objects.filter(user_id=user_id, status=Device.Status.ACTIVE).exists()
    )
