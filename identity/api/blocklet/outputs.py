"""Our rows in the words of this protocol."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from accounts.queries.privacy import hides
from accounts.queries.profiles import IdentityRow, ProfileRow, RoleCredentialRow, WalletRow
from identity import permissions
from identity.api.blocklet.sent import Sent
from identity.crypto import base58btc, did_address
from identity.crypto.errors import AddressInvalid
from sessions_app.queries.providers import OfferedProvider

GUEST: Final = "guest"
_PUBLIC_SIZE: Final = "?imageFilter=resize&w=48&h=48"


def time(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@functools.lru_cache(maxsize=4096)
def key(public_hex: str) -> str | None:
    """A public key as wallets write it, which takes longer than the rest of a user."""
    return base58btc.encode_multibase(bytes.fromhex(public_hex)) if public_hex else None


def role(name: str) -> str:
    """The role that tokens and users show."""
    return name or GUEST


def permission_names(name: str) -> list[str]:
    """The rights of a predefined role as `<action>_<resource>`."""
    known = permissions.PREDEFINED_ROLES.get(name)
    return right_names(known.permissions if known else ())


def right_names(words: Iterable[str]) -> list[str]:
    """Rights as `<action>_<resource>`."""
    return sorted("{1}_{0}".format(*word.split(":")) for word in words)


def avatar(row: ProfileRow, sent: Sent, *, size: str = "") -> str | None:
    """The address of somebody's picture; with the host where the client asks for it."""
    if row.avatar is None:
        return None
    path = f"{sent.base}/user/avatar/{row.avatar}.png{size}"
    # The host is the configured one: what a request calls itself is told to nobody.
    return f"{settings.BASE_URL.rstrip('/')}{path}" if is_avatar_whole(sent) else path


def is_avatar_whole(sent: Sent) -> bool:
    """Whether the client asks for the addresses of pictures with their host."""
    return sent.headers.get("x-avatar-host") == "1"


def claims(row: ProfileRow, *, role_name: str, provider: str, wallet_os: str) -> dict[str, Any]:
    """What tokens of this face say of a person besides what all tokens say."""
    return {
        "type": "user",
        "did": row.address,
        "role": role(role_name),
        "provider": provider,
        "walletOS": wallet_os,
        "elevated": False,
        "kyc": row.proven,
        **({"fullName": row.full_name} if row.full_name else {}),
    }


def user(
    row: ProfileRow,
    sent: Sent,
    *,
    role_name: str,
    credentials: Sequence[RoleCredentialRow] = (),
) -> dict[str, Any]:
    """The whole record, for its owner and for the application's own server."""
    return {
        "did": row.address,
        "pk": key(row.public_key),
        "fullName": row.full_name,
        "email": row.email or None,
        "avatar": avatar(row, sent),
        "role": role(role_name),
        "remark": "",
        "sourceProvider": row.source or None,
        "locale": row.locale or "en",
        "approved": row.is_active,
        "firstLoginAt": time(row.first_sign_in_at),
        "lastLoginAt": time(row.last_sign_in_at),
        "lastLoginIp": row.last_sign_in_from or None,
        **dict.fromkeys(("sourceAppPid", "didSpace", "createdByAppPid")),
        "url": row.extra.get("url", ""),
        "phone": row.phone or None,
        "inviter": row.inviter or None,
        "generation": row.generation,
        "emailVerified": row.is_email_verified,
        "phoneVerified": row.is_phone_verified,
        "passkeyCount": 0,
        "metadata": row.metadata,
        "address": row.postal_address,
        "name": row.name or None,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
        "connectedAccounts": connected_accounts(row),
        "passports": [passport(each) for each in credentials],
        "permissions": permission_names(role_name),
    }


def wallet(row: ProfileRow) -> dict[str, Any]:
    """The address that a user is known by, and its key, as clients' wallets write them."""
    try:
        address = did_address.parse(row.address)
        kind = {
            "role": int(address.role),
            "pk": int(address.key_kind),
            "hash": int(address.hash_kind),
        }
    except AddressInvalid:
        # Who came over another face is known by another kind of address.
        kind = {}
    return {"type": kind, "publicKey": f"0x{row.public_key}", "address": row.address}


def connected_accounts(row: ProfileRow) -> list[dict[str, Any]]:
    """Wallets, and accounts at providers under the address that stands for them."""
    by_wallet = {each.wallet_id: each for each in row.identities}
    shown = [_connected(row, wallet, by_wallet.pop(wallet.id, None)) for wallet in row.wallets]
    return shown + [_connected(row, None, each) for each in by_wallet.values()]


def _connected(
    row: ProfileRow, wallet: WalletRow | None, identity: IdentityRow | None
) -> dict[str, Any]:
    provider = "wallet" if identity is None else identity.provider
    first = wallet.added_at if wallet is not None else row.first_sign_in_at
    last = identity.last_used_at if identity is not None else wallet and wallet.last_used_at
    return {
        "provider": provider,
        "did": wallet.address if wallet else row.address,
        "pk": key(wallet.public_key if wallet else row.public_key),
        "userDid": row.address,
        "firstLoginAt": time(identity.linked_at if identity else first),
        "lastLoginAt": time(last or first),
        **(
            {"id": identity.subject, "userInfo": {"name": identity.name, "email": identity.email}}
            if identity
            else {}
        ),
    }


def passport(row: RoleCredentialRow) -> dict[str, Any]:
    """A role credential."""
    document = row.document
    subject = document.get("credentialSubject", {})
    return {
        "id": row.credential_id,
        "name": row.role,
        "title": row.title or row.role,
        "role": row.role,
        "scope": "passport",
        "status": "valid",
        "source": row.source,
        "issuanceDate": time(row.issued_at),
        "expirationDate": time(row.expires_at),
        "firstLoginAt": time(row.first_used_at),
        "lastLoginAt": time(row.last_used_at),
        "issuer": document.get("issuer"),
        "display": subject.get("display"),
    }


def providers(offered: Iterable[OfferedProvider]) -> dict[str, Any]:
    """The enabled providers by their names in addresses, in order; nothing that is secret."""
    return {
        each.slug: {"enabled": True, "order": order, "type": "oauth", "name": each.name}
        for order, each in enumerate(offered)
    }


PROFILE: Final = (
    *("did", "locale", "avatar", "name", "fullName", "email", "phone", "url", "inviter"),
    *("generation", "emailVerified", "phoneVerified", "metadata", "address"),
)


def profile(row: ProfileRow, sent: Sent) -> dict[str, Any]:
    """The fourteen fields of a private profile."""
    whole = user(row, sent, role_name="")
    return {name: whole[name] for name in PROFILE}


def public_profile(row: ProfileRow, sent: Sent, *, is_own: bool, follows: bool) -> dict[str, Any]:
    """What others may see; the owner sees the rest too."""
    shown = {
        "did": row.address,
        "name": row.name or None,
        "fullName": row.full_name,
        "avatar": avatar(row, sent, size=_PUBLIC_SIZE),
        "sourceAppPid": None,
        "createdAt": time(row.created_at),
        "metadata": row.metadata,
    }
    if is_own:
        more = {"email": row.email or None, "phone": row.phone or None}
        return shown | more | {"address": row.postal_address}
    return _visible(shown, row.privacy, follows=follows)


def _visible(shown: dict[str, Any], privacy: Mapping[str, Any], *, follows: bool) -> dict[str, Any]:
    """A profile without what its owner hides; how to reach somebody is nobody else's business."""
    metadata = {
        name: value
        for name, value in shown["metadata"].items()
        if name not in _NEVER_SHOWN and not hides(privacy, name, follows=follows)
    }
    kept = {
        name: None if name in _HIDEABLE and hides(privacy, name, follows=follows) else value
        for name, value in shown.items()
    }
    return kept | {"metadata": {} if hides(privacy, "metadata", follows=follows) else metadata}


_NEVER_SHOWN: Final = frozenset({"phone", "email"})
_HIDEABLE: Final = frozenset({"name", "fullName", "avatar", "createdAt"})
