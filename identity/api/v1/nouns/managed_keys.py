"""Accounts that the server holds: one's own signs, staff sees which there are and what they signed.

What is signed is written as Ethereum's clients write it: bytes as `0x…`, numbers as `0x…` or
decimal text.
"""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts.queries import managed_keys as queries
from accounts.queries.managed_keys import ManagedKeyFacts
from accounts.services import managed_keys
from identity.actor import Actor
from identity.api.v1 import route
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.route import SELF, Asked, Reply
from identity.api.v1.shapes import Body, Newest, Shown
from identity.crypto import evm_fields
from identity.crypto.evm import PersonalMessage, Signable, Signed, Transaction, TypedData
from identity.errors import Forbidden, Invalid, Missing
from identity.paging import After, Window
from invitations.services import signing
from invitations.services.governance import Pending


class ManagedKey(Shown, frozen=True):
    """An account of Ethereum: `address` with capitals, `public_key` the compressed point."""

    id: UUID
    address: str
    public_key: str
    user: UUID
    username: str
    created_at: datetime


class KeySignature(Shown, frozen=True):
    """What an account signed or was asked to sign; `outcome`: pending, signed or ended.

    `vouched_by` is the developer key by whose word the user acted.
    """

    id: UUID
    key: UUID
    kind: str
    digest: str
    outcome: str
    session: UUID | None
    device: UUID | None
    vouched_by: UUID | None
    proposal: UUID | None
    asked_at: datetime
    signed_at: datetime | None


class Signature(Shown, frozen=True):
    """`signature` is r, s and v (27 or 28); `raw_transaction` is ready to be sent."""

    digest: str
    signature: str
    raw_transaction: str | None


class Accounts(Newest, frozen=True):
    """Which accounts: all, or the one of this address."""

    address: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class MessageToSign(Body, frozen=True):
    """One of both: a text, or bytes as `0x…`."""

    text: str | None = None
    data: str | None = None


class TransactionToSign(Body, frozen=True):
    """The fields of `eth_signTransaction`: types 0 with a chain, 1 and 2."""

    transaction: dict[str, Any]


class TypedDataToSign(Body, frozen=True):
    """EIP-712's `types`, `primaryType`, `domain` and `message`; or JSON that says it."""

    typed_data: dict[str, Any] | str


@route.listing(
    "/managed-keys",
    "managed-keys:list",
    "managed_keys_list",
    "Accounts of the scope's users",
    of=ManagedKey,
    query=Accounts,
)
def everybodys(asked: Asked, after: After) -> Window[Any]:
    """By their making."""
    del asked
    window = queries.managed_keys_window(after)
    return Window([_shown(row) for row in window.rows], window.next)


@route.read(
    "/managed-keys/{managed_key}",
    "managed-keys:get",
    "managed_keys_get",
    "An account",
    shows=ManagedKey,
)
def one(asked: Asked) -> ManagedKey:
    """One account."""
    return _shown(queries.managed_key(asked.ids["managed_key"]))


@route.listing(
    "/managed-keys/{managed_key}/signatures",
    "managed-keys:get",
    "managed_keys_signatures",
    "What an account signed",
    of=KeySignature,
)
def signatures(asked: Asked, after: After) -> Window[Any]:
    """Digests; nobody but the owner gets a signature."""
    return queries.signatures_window(asked.ids["managed_key"], after)


@route.read("/me/managed-key", SELF, "my_managed_key_get", "Your account", shows=ManagedKey)
def mine(asked: Asked) -> ManagedKey:
    """Missing until it is made."""
    return _shown(_own(asked))


@route.act(
    "POST",
    "/me/managed-key",
    SELF,
    "my_managed_key_make",
    "Make your account, if there is none yet",
    body=Nothing,
    shows=ManagedKey,
)
def make(asked: Asked) -> ManagedKey:
    """The same one every time."""
    actor, user_id = _actor(asked)
    managed_keys.ensure(user_id=user_id, by=actor, now=asked.now)
    return _shown(_own(asked))


@route.listing(
    "/me/managed-key/signatures",
    SELF,
    "my_managed_key_signatures",
    "What your account signed",
    of=KeySignature,
)
def my_signatures(asked: Asked, after: After) -> Window[Any]:
    """The latest first."""
    return queries.signatures_window(_own(asked).id, after)


@route.act(
    "GET",
    "/me/managed-key/signatures/{signature}",
    SELF,
    "my_managed_key_signature_get",
    "A signature of yours that was approved, by its id or its proposal's",
    shows=Signature,
    also_refuses=(409, 410),
)
def my_signature(asked: Asked) -> Signature:
    """As often as its owner asks; each time leaves an event."""
    actor, _ = _actor(asked)
    return _signature(signing.fetch(named=asked.ids["signature"], by=actor, now=asked.now))


@route.act(
    "POST",
    "/me/managed-key/messages",
    SELF,
    "my_managed_key_sign_message",
    "Sign a message with your account (EIP-191)",
    body=MessageToSign,
    shows=Signature,
    may_wait=True,
    is_dangerous=True,
)
def sign_message(asked: Asked) -> Reply:
    """At once, or after an approval."""
    given: MessageToSign = asked.body
    if given.text is not None and given.data is None:
        return _signed(asked, PersonalMessage(given.text.encode()))
    if given.data is not None and given.text is None:
        return _signed(asked, PersonalMessage(evm_fields.octets(given.data, "data")))
    raise Invalid("Send a text, or data.")


@route.act(
    "POST",
    "/me/managed-key/transactions",
    SELF,
    "my_managed_key_sign_transaction",
    "Sign a transaction with your account (EIP-155, EIP-2930, EIP-1559)",
    body=TransactionToSign,
    shows=Signature,
    may_wait=True,
    is_dangerous=True,
)
def sign_transaction(asked: Asked) -> Reply:
    """At once, or after an approval; the server sends it nowhere."""
    return _signed(asked, Transaction.read(asked.body.transaction))


@route.act(
    "POST",
    "/me/managed-key/typed-data",
    SELF,
    "my_managed_key_sign_typed_data",
    "Sign typed data with your account (EIP-712)",
    body=TypedDataToSign,
    shows=Signature,
    may_wait=True,
    is_dangerous=True,
)
def sign_typed_data(asked: Asked) -> Reply:
    """At once, or after an approval."""
    return _signed(asked, TypedData.read(asked.body.typed_data))


def _signed(asked: Asked, what: Signable) -> Reply:
    actor, _ = _actor(asked)
    answer = signing.sign(what=what, by=actor, now=asked.now)
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(_signature(answer))


def _actor(asked: Asked) -> tuple[Actor, UUID]:
    actor = asked.caller.actor
    if actor.user_id is None or actor.is_operator:
        raise Forbidden("Only who is a user of this scope has an account here.")
    return actor, actor.user_id


def _own(asked: Asked) -> ManagedKeyFacts:
    _, user_id = _actor(asked)
    found = queries.of_user(user_id)
    if found is None:
        raise Missing("There is no account yet.")
    return found


def _shown(row: ManagedKeyFacts) -> ManagedKey:
    shown: ManagedKey = ManagedKey(
        row.id,
        row.address,
        f"0x{row.public_key.hex()}",
        row.user,
        row.username,
        row.created_at.replace(microsecond=0),
    )
    return shown


def _signature(signed: Signed) -> Signature:
    raw = signed.raw_transaction
    return Signature(
        f"0x{signed.digest.hex()}",
        f"0x{signed.signature.hex()}",
        None if raw is None else f"0x{raw.hex()}",
    )


ROUTES: Final = (
    everybodys,
    one,
    signatures,
    mine,
    make,
    my_signatures,
    my_signature,
    sign_message,
    sign_transaction,
    sign_typed_data,
)
