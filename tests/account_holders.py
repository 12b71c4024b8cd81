"""People with accounts that sign, as they act themselves."""

from datetime import UTC, datetime

from accounts.models import ManagedKey
from accounts.services import managed_keys
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import evm, secp256k1
from tests import cast


def actor_of(world: cast.World, member: cast.Member) -> Actor:
    """The member in a session: a session asks for no right of its own."""
    return Actor(
        ActorKind.SESSION,
        world.scope.id,
        user_id=member.user.id,
        public_id=member.user.public_id,
        session_id=ids.new(),
    )


def account(world: cast.World, member: cast.Member) -> ManagedKey:
    """The member's account, made if there is none."""
    with cast.in_scope(world):
        return managed_keys.create(user=member.user, now=datetime.now(UTC))


def signer_of(signed: evm.Signed) -> bytes:
    """The compressed point of the key that made a signature."""
    return secp256k1.recover(signed.signature, signed.digest).point
