"""What users do about their own DIDs."""

from datetime import datetime
from uuid import UUID

from accounts.models import DidDocument, User
from accounts.queries import dids as queries
from accounts.services import dids
from identity import errors
from identity.actor import Actor


def add_key(*, user_id: UUID, did: str, by: Actor, now: datetime) -> DidDocument:
    """Note a `did:key` whose key the user's device, wallet or account has.

    Raises as `dids.add_key_did`, and `Missing`.
    """
    return dids.add_key_did(user=_user(user_id), did=did, by=by, now=now)


def add_web(*, user_id: UUID, by: Actor, now: datetime) -> DidDocument:
    """The user's `did:web` at the scope's first host name, or else below the deployment's address.

    Who has one keeps it, also where the scope got another host name since. Raises as
    `dids.add_web_did`, and `Missing`.
    """
    user = _user(user_id)
    present = DidDocument.objects.filter(
        user=user, method=DidDocument.Method.WEB, deactivated_at__isnull=True
    ).first()
    if present is not None:
        return present
    return dids.add_web_did(user=user, base_url=queries.web_bases()[0], by=by, now=now)


def end(*, user_id: UUID, document_id: UUID, by: Actor, now: datetime) -> DidDocument:
    """End a DID of one's own for ever; again is the same.

    A ledger's DID goes with the account alone, because others were told of it. Raises `Missing`,
    `Conflict`.
    """
    row = DidDocument.objects.filter(id=document_id, user_id=user_id).first()
    if row is None:
        raise errors.Missing("You have no such DID.")
    if row.method == DidDocument.Method.LEDGER:
        raise errors.Conflict("This DID ends with the account.")
    return dids.deactivate(did_document=row, by=by, now=now)


def _user(user_id: UUID) -> User:
    user = User.objects.filter(id=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise errors.Missing("There is no such user.")
    return user
