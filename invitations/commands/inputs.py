"""Inputs of the commands about invitations and devices that services read too."""

from typing import Literal
from uuid import UUID

from invitations.commands.command import Input


class InviteUser(Input, frozen=True):
    """A new person and the invitation for the first device. `user` is chosen by the client.

    `mails_link`: the link goes to the person by mail too, where the scope allows that.
    """

    user: UUID
    email: str
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    customer_id: str = ""
    life_minutes: int | None = None
    mails_link: bool = False


class InviteDevice(Input, frozen=True):
    """A further invitation for somebody who is a user already."""

    user: UUID
    life_minutes: int | None = None
    keeps_older: bool = False
    mails_link: bool = False


class RevokeInvitation(Input, frozen=True):
    """The end of an open or pending invitation."""

    invitation: UUID


class AuthorizeDevice(Input, frozen=True):
    """A device's public keys, brought with the one-time key of an invitation."""

    invitation: UUID
    device_name: str
    signature_key: str
    encryption_key: str
    push_token: str = ""
    password_verifier: str = ""
    registration: str = ""
    is_attested: bool = False


class AcceptInvitation(Input, frozen=True):
    """A way in that was proven by who accepts an invitation, in place of a device.

    `way` says which of the other fields there are: the key of a wallet, a user key (a wallet, too),
    an address whose mail was read, or an account at a provider. Who joins by a user key may choose
    a `username`.
    """

    invitation: UUID
    way: Literal["wallet", "mail", "provider", "key"]
    wallet_kind: str = ""
    wallet: str = ""
    public_key: str = ""
    wallet_os: str = ""
    email: str = ""
    provider: str = ""
    issuer: str = ""
    subject: str = ""
    full_name: str = ""
    username: str = ""
