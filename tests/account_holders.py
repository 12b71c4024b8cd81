"""People with accounts that sign, as they act themselves."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import KeySignature, ManagedKey
from accounts.services import key_signatures, managed_keys
from accounts.services.key_signatures import Request
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import evm, secp256k1
from identity.crypto.evm import PersonalMessage
from tests import cast

FRIEND = "0x" + "35" * 20
PAYMENT: dict[str, Any] = {
    "to": FRIEND,
    "value": "1000000000000000000",
    "chainId": "0x1",
    "nonce": "0x0",
    "gas": "0x5208",
    "gasPrice": "0x3b9aca00",
}
TYPED_DATA: dict[str, Any] = {
    "types": {"Permit": [{"name": "spender", "type": "address"}, {"name": "ok", "type": "bool"}]},
    "primaryType": "Permit",
    "domain": {"name": "Coin", "chainId": 1, "verifyingContract": FRIEND},
    "message": {"spender": "0x" + "36" * 20, "ok": True},
}


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


def waiting(world: cast.World, member: cast.Member) -> KeySignature:
    """A signature of the member's account that waits for a proposal which is nowhere."""
    by, asked, now = actor_of(world, member), Request(PersonalMessage(b"hello")), datetime.now(UTC)
    with cast.in_scope(world):
        key = key_signatures.usable(by=by, now=now)
        key_signatures.wait(asked, key=key, proposal_id=ids.new(), by=by, now=now)
        return KeySignature.objects.get(id=asked.id)
