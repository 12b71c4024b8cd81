"""The ways in which somebody can sign in to an account: one is left, and none is a way up."""

from uuid import UUID

from accounts import errors, queries
from accounts.models import Device, ExternalIdentity, Profile, User, Wallet
from accounts.queries import passkeys
from accounts.rights import Rights
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.permissions import SELF_SERVICE


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
    """Whether there is a wallet, a passkey, an account, an address, a password or a device.

    Passkeys count where they can be used: not those of another domain or under an alarm.
    """
    return (
        Wallet.objects.filter(user_id=user_id, is_keyless=False).exists()
        or passkeys.has_usable(user_id)
        or ExternalIdentity.objects.filter(user_id=user_id).exists()
        or Profile.objects.filter(user_id=user_id, email_proven_at__isnull=False).exists()
        or User.objects.filter(id=user_id).exclude(password="").exists()
        or Device.objects.filter(user_id=user_id, status=Device.Status.ACTIVE).exists()
    )


def require_changeable(public_id: UUID, *, by: Actor) -> None:
    """Refuse to change the ways in of somebody who may more than `by`; only a review allows that.

    Everybody's own are their own; not so for an API key, which may less than whom it acts for.
    Operators and the platform's shell stand above a scope's rights, and nobody else above an
    operator. Nothing is refused for an id that nobody has yet. Raises
    `accounts.errors.AccountHoldsMore`.
    """
    if by.kind is ActorKind.SYSTEM or by.is_operator:
        return
    user = User.objects.filter(public_id=public_id).first()
    if user is None or (user.id == by.user_id and by.kind is not ActorKind.API_KEY):
        return
    held = queries.grants_of(user.id)
    beyond_everybody = Rights(held.permissions - SELF_SERVICE, held.approves)
    if user.is_operator or beyond_everybody.exceed(Rights(by.permissions, by.approves)):
        raise errors.AccountHoldsMore
