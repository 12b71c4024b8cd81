"""Programs as actors: what an API key may do now, by its words and its user's rights."""

from uuid import UUID

from accounts import queries as accounts
from identity.actor import Actor, ActorKind
from identity.limits import Limits
from identity.permissions import NOT_OF_KEYS
from identity.scoping.key_doors import ApiKeyDoor


def acting(door: ApiKeyDoor, *, address: str) -> Actor:
    """The key as an actor; in the scope in force.

    Whoever lost a right since the key was made has none to lend. It has no client-visible id of a
    user: what people may do to their own accounts is not for their keys.
    """
    words = present_words(door, frozenset(door.permissions))
    return actor(door, words, door.limits, address=address)


def present_words(door: ApiKeyDoor, wanted: frozenset[str]) -> frozenset[str]:
    """Of these permissions, those that the key has now; in the scope in force."""
    words = wanted & frozenset(door.permissions) - NOT_OF_KEYS
    if door.user_id is not None and words:
        words &= accounts.grants_of(door.user_id).permissions
    return words


def actor(
    door: ApiKeyDoor,
    words: frozenset[str],
    limits: Limits,
    *,
    address: str,
    session_id: UUID | None = None,
) -> Actor:
    """An actor with this key, these permissions and these limits."""
    return Actor(
        kind=ActorKind.API_KEY,
        scope_id=door.scope_id,
        user_id=door.user_id,
        api_key_id=door.id,
        session_id=session_id,
        permissions=words,
        limits=limits,
        is_program=True,
        address=address,
    )
