"""Whether a key is a user's: a living device's, a wallet's that was proven, or the account's."""

from typing import Final
from uuid import UUID

from accounts import did_errors
from accounts.models import Device, ManagedKey, Wallet
from identity.crypto import did_key, ecdsa_p256, ed25519, secp256k1
from identity.crypto.errors import AddressInvalid, DidInvalid

_BARE_POINT: Final = 64


def require_own(did: str, *, user_id: UUID) -> None:
    """Refuse a `did:key` whose key this user has not shown. Raises DidInvalid, DidUnproven.

    The device or wallet that has it is locked until the transaction ends.
    """
    try:
        public = did_key.parse(did)
    except AddressInvalid as refusal:
        raise DidInvalid(refusal.detail) from None
    if not _is_own(public, user_id):
        raise did_errors.DidUnproven


def of_device(signature_key: str) -> str:
    """The `did:key` of a device's signature key, which is a point in hexadecimal digits."""
    return did_key.of_key(ecdsa_p256.stored_public(signature_key))


def of_wallet(wallet: Wallet) -> str:
    """The `did:key` of a wallet's key; empty where only an address is known."""
    raw = bytes.fromhex(wallet.public_key)
    if not raw:
        return ""
    if wallet.kind == Wallet.Kind.ED25519:
        return did_key.of_key(ed25519.parse_public(raw))
    if wallet.kind == Wallet.Kind.P256:
        return did_key.of_key(ecdsa_p256.parse_public(wallet.public_key))
    whole = b"\x04" + raw if len(raw) == _BARE_POINT else raw
    return did_key.of_key(secp256k1.parse_public(whole))


def _is_own(public: did_key.PublicKey, user_id: UUID) -> bool:
    written = [public.raw.hex()]
    if isinstance(public.point, secp256k1.PublicKey):
        if ManagedKey.objects.filter(user_id=user_id, public_key=public.raw).exists():
            return True
        # Wallets' kinds write the same point whole, with or without its first byte.
        whole = public.point.uncompressed
        written += [whole.hex(), whole[1:].hex()]
    wallets = Wallet.objects.filter(user_id=user_id, public_key__in=written, is_keyless=False)
    if wallets.select_for_update().first() is not None:
        return True
    living = Device.objects.filter(user_id=user_id, status=Device.Status.ACTIVE)
    held = living.filter(signature_key__in=written).select_for_update().first()
    return held is not None
