"""The command that signs with the own account; nobody signs with another's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts.models import ManagedKey
from accounts.services import key_signatures
from accounts.services.key_signatures import OWN, Request
from identity import errors
from identity.actor import Actor
from identity.crypto import evm
from identity.crypto.evm import Signed
from invitations.commands.command import Command, Input, Result, registry

NAME: Final = "key.sign"
Kind = Literal["personal_message", "transaction", "typed_data"]


class SignWithKey(Input, frozen=True):
    """Something to sign with the account `key`; `what` is as `identity.crypto.evm` writes it.

    `signature` is the id under which it is recorded, `vouched_by` the developer key by whose word
    the user acts, if one spoke.
    """

    signature: UUID
    key: UUID
    kind: Kind
    what: dict[str, Any]
    vouched_by: UUID | None = None


def sign(details: SignWithKey, *, by: Actor, now: datetime) -> Result:
    """Sign at once."""
    key, request = _own(details, by=by, now=now), request_of(details)
    return written(key_signatures.sign(request, key=key, by=by, now=now))


def sign_reviewed(details: SignWithKey, *, by: Actor, now: datetime) -> Result:
    """Sign as others approved; only the owner fetches the signature, so none is told here."""
    key, request = _own(details, by=by, now=now), request_of(details)
    key_signatures.sign_waiting(request, key=key, by=by, now=now)
    return {"signature": str(details.signature)}


def request_of(details: SignWithKey) -> Request:
    """What is asked for. Raises `identity.errors.Invalid`."""
    return Request(evm.read(details.kind, details.what), details.signature, details.vouched_by)


def written(signed: Signed) -> Result:
    """A signature as JSON, which `read` reads."""
    raw = signed.raw_transaction
    return {
        "digest": signed.digest.hex(),
        "signature": signed.signature.hex(),
        "raw_transaction": None if raw is None else raw.hex(),
    }


def read(result: Mapping[str, Any]) -> Signed:
    """A signature that `written` wrote."""
    raw = result["raw_transaction"]
    return Signed(
        bytes.fromhex(result["digest"]),
        bytes.fromhex(result["signature"]),
        None if raw is None else bytes.fromhex(raw),
    )


def _own(details: SignWithKey, *, by: Actor, now: datetime) -> key_signatures.Usable:
    key = key_signatures.usable(by=by, now=now)
    if key.id != details.key:
        raise errors.Forbidden("This is another user's account.")
    return key


def _is_own(details: SignWithKey, by: Actor) -> bool:
    if by.kind not in OWN or by.user_id is None:
        return False
    return ManagedKey.objects.filter(id=details.key, user_id=by.user_id).exists()


def _validate(details: SignWithKey) -> None:
    request_of(details)


def _facts(details: SignWithKey) -> Mapping[str, Any]:
    what = request_of(details).what
    return {**what.facts(), "digest": what.digest.hex()}


def _abandon(details: SignWithKey, *, now: datetime) -> None:
    del now
    key_signatures.end_waiting(details.signature)


registry.add(
    Command(
        name=NAME,
        action="add",
        resource="/managed-keys/{key}/signatures",
        # No right lets anybody sign with another's account.
        permission="",
        input=SignWithKey,
        execute=sign,
        execute_reviewed=sign_reviewed,
        validate=_validate,
        is_own=_is_own,
        facts=_facts,
        abandon=_abandon,
    )
)
