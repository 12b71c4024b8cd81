"""Users who come by the word of a scope's developer: registered once, and known by name."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import NameTaken
from accounts.models import User
from accounts.queries import names
from accounts.services import managed_keys, profiles
from accounts.services.profiles import Newcomer
from identity import errors
from identity.services import audit


def register(
    *, name: str, display_name: str, developer_key_id: UUID, address: str, now: datetime
) -> User:
    """Make an active user of the scope in force for whom a developer vouched just now.

    The record says whose key vouched. Such a user has an account that signs, and no way in of
    their own. Raises `accounts.errors.NameTaken`, of any number of parallel calls for all but one,
    and `identity.errors.Invalid`.
    """
    newcomer = Newcomer(
        username=name,
        full_name=display_name if display_name != name else "",
        source=names.VOUCHED,
        address=address,
        developer_key_id=developer_key_id,
    )
    if names.named(name) is not None:
        raise NameTaken
    try:
        with transaction.atomic(), audit.gathered():
            user = profiles.join(newcomer, key=None, now=now)
            by = newcomer.actor(user.scope_id, user.public_id)
            managed_keys.create(user=user, by=by, now=now)
    except errors.Conflict:
        raise NameTaken from None
    return user
