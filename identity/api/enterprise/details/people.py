"""Details about users, their devices, invitations and accounts."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from identity.api.enterprise.inputs import (
    Details,
    Filters,
    Name,
    Note,
    Password,
    PublicKey,
    Word,
)

DeviceName = Annotated[str, Meta(min_length=1, max_length=128)]
InviteString = Annotated[str, Meta(min_length=1, max_length=128)]
PushToken = Annotated[str, Meta(max_length=4096)]
Proof = Annotated[str, Meta(min_length=1, max_length=8192)]
Second = Annotated[int, Meta(ge=0, le=253402300799)]
Minutes = Annotated[int, Meta(ge=5, le=30 * 24 * 60)]


class InvitePerson(
    Details,
    frozen=True,
    tag_field="user_category",
    tag="regular",
    rename={"user": "uid"},
):
    """`add /users/invite`: a person, who brings the keys later with the invitation."""

    user: UUID
    email: Name
    first_name: Name | None = None
    last_name: Name | None = None
    mobile: Name | None = None
    customer_id: Name | None = None
    life_minutes: Minutes | None = None


class CreateProgram(
    Details,
    frozen=True,
    tag_field="user_category",
    tag="api",
    rename={"user": "uid", "signature_key": "ecdsa_pubkey", "encryption_key": "rsa_pubkey"},
):
    """`add /users`: an API user, whose device's keys come with it."""

    user: UUID
    email: Name
    signature_key: PublicKey
    encryption_key: PublicKey
    first_name: Name | None = None
    last_name: Name | None = None
    roles: Annotated[list[Name], Meta(max_length=50)] | None = None
    networks: Annotated[list[Word], Meta(max_length=64)] | None = None
    expires_at: Second | None = None

    def given(self) -> dict[str, Any]:
        """As for all details; the time of expiry as a time."""
        given = super().given()
        if self.expires_at is not None:
            given["expires_at"] = dt.datetime.fromtimestamp(self.expires_at, tz=dt.UTC)
        return given


NewUser = InvitePerson | CreateProgram
"""`add /users/invite`: `user_category` tells which."""


class EditUser(Details, frozen=True):
    """`edit /users/{uid}`."""

    email: Name | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    mobile: Name | None = None
    customer_id: Name | None = None
    status: Literal["active", "disabled"] | None = None


class UserFilters(Filters, frozen=True, rename={"kind": "type", "group": "gid", "role": "rid"}):
    """Filters of `get /users`."""

    status: Literal["invited", "active", "disabled"] | None = None
    kind: Literal["regular", "api"] | None = None
    email: Name | None = None
    username: Name | None = None
    role: Name | None = None
    group: UUID | None = None


class DeviceFilters(Filters, frozen=True):
    """Filters of `get /users/{uid}/devices`."""

    status: Literal["unverified", "active", "suspended", "revoked"] | None = None


class RotateKeys(
    Details,
    frozen=True,
    rename={"signature_key": "ecdsa_pubkey", "encryption_key": "rsa_pubkey"},
):
    """`edit /users/{uid}/devices/{did}`; `proof` is base64 of a Sign1 by the new key."""

    signature_key: PublicKey
    encryption_key: PublicKey
    proof: Proof


class RevokeDevice(Details, frozen=True):
    """`delete /users/{uid}/devices/{did}`."""

    reason: Note | None = None


class InviteDevice(Details, frozen=True, rename={"keeps_older": "keep_older"}):
    """`add /users/{uid}/devices/invite`."""

    life_minutes: Minutes | None = None
    keeps_older: bool | None = None


class InvitationFilters(Filters, frozen=True, rename={"user": "uid"}):
    """Filters of `get /invitations`."""

    state: Literal["open", "pending", "used", "refused", "revoked", "locked", "expired"] | None = (
        None
    )
    user: UUID | None = None


class Authorize(
    Details,
    frozen=True,
    rename={
        "signature_key": "device_signature_pubkey",
        "encryption_key": "device_encryption_pubkey",
    },
):
    """`add /account-management/authorize`. An empty password is none."""

    invite_string: InviteString
    device_name: DeviceName
    signature_key: PublicKey
    encryption_key: PublicKey
    password: Password | None = None
    push_token: PushToken | None = None

    def __post_init__(self) -> None:
        require_bytes(self.password)


class RegisterKey(
    Details,
    frozen=True,
    rename={
        "invite_string": "nonce",
        "signature_key": "device_signature_pubkey",
        "encryption_key": "device_encryption_pubkey",
    },
):
    """`add /account-management/key-register`: the same, with a bootstrap code."""

    invite_string: InviteString
    device_name: DeviceName
    signature_key: PublicKey
    encryption_key: PublicKey
    password: Password | None = None
    push_token: PushToken | None = None

    def __post_init__(self) -> None:
        require_bytes(self.password)


class ChangePassword(Details, frozen=True):
    """`edit /account-management/password`; an empty new password ends the protection."""

    old_password: Password = ""
    new_password: Password = ""

    def __post_init__(self) -> None:
        require_bytes(self.old_password)
        require_bytes(self.new_password)


def require_bytes(password: str | None) -> None:
    """Refuse what no account can have as a password before work is done for it (§3.9)."""
    if password is not None and len(password.encode("utf-8", "surrogatepass")) > 1024:
        raise ValueError("A password has at most 1,024 bytes")
