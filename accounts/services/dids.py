"""DIDs of users: made or brought along, published by whoever calls, ended with the account.

Nothing here asks the ledger: the caller submits what `store_ledger_did` gives and notes how it
went.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import did_errors, errors
from accounts.models import DidDocument, User
from accounts.services import did_keys, did_proofs, standing, writing
from accounts.services.did_keys import NewKey, SigningKey
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.crypto import bbs_key, custom_did, did_ledger, did_web, ed25519
from identity.crypto.errors import DidDocumentRefused
from identity.scoping import inserts, prepared, statements
from identity.services import audit

MOST_OF_A_USER: Final = 50
"""DIDs of one user that are not deactivated."""
MOST_MESSAGE_ID: Final = 40
WEB_FOLDER: Final = "users"
Status = DidDocument.Status
Method = DidDocument.Method
_LIVING: Final = prepared.prepare(
    lambda user: DidDocument.objects.filter(user=user, deactivated_at__isnull=True).values_list(
        "did", "id"
    ),
    "user",
)
_NOTE: Final = (
    "UPDATE accounts_diddocument SET message_id = %s, status = %s, updated_at = %s"
    " WHERE scope_id = %s AND id = %s AND method = 'ledger' AND status <> 'published'"
    " AND deactivated_at IS NULL"
)


def store_ledger_did(
    *,
    user: User,
    seed: bytes,
    network: str,
    topic_id: str,
    custom_document: Any = None,
    custom_keys: Any = None,
    by: Actor,
    now: datetime,
) -> DidDocument:
    """Store a ledger DID that is still to be published in `topic_id`.

    Without a custom document the DID is that of `seed`, the 32 bytes of the root key. The same call
    again gives the same row, so that a caller that died may repeat it. A custom DID must be of this
    network and this topic. Raises `identity.crypto.errors.DidDocumentRefused`, KeyInvalid,
    DidInvalid, `accounts.did_errors.DidTaken` for a DID that is another's or a user who has one.
    """
    if custom_document is None and custom_keys is None:
        document, keys = _own(seed, network=network, topic_id=topic_id)
    else:
        document, keys = _custom(custom_document, custom_keys, network=network, topic_id=topic_id)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    row = DidDocument(did=document["id"], method=Method.LEDGER, body=body, topic_id=topic_id)
    return _stored(row, keys, user=user, by=by, now=now)


def note_published(
    *, did_document: DidDocument, message_id: str, by: Actor, now: datetime
) -> DidDocument:
    """Note the message that published a DID; the same message again changes nothing.

    Raises Conflict for another message, Invalid for an empty id,
    `accounts.did_errors.DidDeactivated`.
    """
    if not 0 < len(message_id) <= MOST_MESSAGE_ID:
        raise refusals.Invalid("The id of a message has 1 to 40 characters.")
    changes = {"status": Status.PUBLISHED, "message_id": message_id}
    return _noted(did_document, "did.published", changes, by=by, now=now)


def note_failed(*, did_document: DidDocument, by: Actor, now: datetime) -> DidDocument:
    """Note that a DID could not be published; it may be published later.

    Raises Conflict for one that is published, `accounts.did_errors.DidDeactivated`.
    """
    return _noted(did_document, "did.failed", {"status": Status.FAILED}, by=by, now=now)


def signing_key(did_document: DidDocument) -> SigningKey:
    """The root key of a ledger DID with its verification method's id.

    Raises `accounts.did_errors.DidDeactivated`, SealBroken, SealUnavailable.
    """
    return did_keys.root_of(did_document)


def signing_seed(did_document: DidDocument) -> bytes:
    """The 32 bytes of the root key of a ledger DID. Raises as `signing_key` does."""
    return signing_key(did_document).seed


def add_key_did(*, user: User, did: str, by: Actor, now: datetime) -> DidDocument:
    """Note that a `did:key` is a user's, whose device, wallet or account has that key.

    The same again changes nothing. Raises DidInvalid and, of `accounts.did_errors`, DidUnproven
    and DidTaken.
    """
    row = DidDocument(did=did, method=Method.KEY, status=Status.PUBLISHED)
    with writing.of(by):
        # Who has the key stays locked until the DID is there for its end to be noted.
        did_proofs.require_own(did, user_id=user.id)
        return _stored(row, (), user=user, by=by, now=now)


def add_web_did(*, user: User, base_url: str, by: Actor, now: datetime) -> DidDocument:
    """Give a user the `did:web` that is read at `base_url`/users/<id>/did.json.

    It names the user by the public id, because a user name may hold what means another path. The
    document is made of the user's devices whenever it is read. The same again changes nothing.
    Raises DidInvalid, `accounts.did_errors.DidTaken` for a user who has another one.
    """
    did = did_web.identifier(base_url, WEB_FOLDER, str(user.public_id))
    row = DidDocument(did=did, method=Method.WEB, status=Status.PUBLISHED)
    return _stored(row, (), user=user, by=by, now=now)


def deactivate(*, did_document: DidDocument, by: Actor, now: datetime) -> DidDocument:
    """End a DID for ever and forget its keys; again is the same."""
    with writing.of(by):
        _deactivate(DidDocument.objects.filter(id=did_document.id), by=by, now=now)
        return DidDocument.objects.get(id=did_document.id)


def deactivate_of(user: User, *, by: Actor, now: datetime) -> Sequence[str]:
    """End all DIDs of a user and forget their keys, in the transaction that deletes the account.

    Gives the DIDs. What stands on a ledger stays there: resolvers that ask here hear of the end.
    """
    with writing.of(by):
        return _deactivate(DidDocument.objects.filter(user=user), by=by, now=now)


def end_key(did: str, *, user_id: UUID, by: Actor, now: datetime) -> None:
    """End the `did:key` of a key that the user's device or wallet has no more."""
    with writing.of(by):
        rows = DidDocument.objects.filter(did=did, user_id=user_id, method=Method.KEY)
        _deactivate(rows, by=by, now=now)


def _own(seed: bytes, *, network: str, topic_id: str) -> tuple[dict[str, Any], list[NewKey]]:
    public_key = ed25519.parse_private(seed).public.raw
    did = did_ledger.identifier(network=network, public_key=public_key, topic_id=topic_id)
    bbs = bbs_key.public(bbs_key.derive(seed))
    document = did_ledger.document(did=did, public_key=public_key, bbs_public_key=bbs)
    root = NewKey(did_ledger.root_method(did), did_ledger.ED25519, seed, is_root=True)
    # The BBS key follows from this one.
    return document, [root]


def _custom(
    document: Any, keys: Any, *, network: str, topic_id: str
) -> tuple[dict[str, Any], list[NewKey]]:
    checked = custom_did.check(document, keys)
    if (checked.parts.network, checked.parts.topic_id) != (network, topic_id):
        raise DidDocumentRefused("The DID is of another network or topic.")
    held = [
        NewKey(key.method.id, key.method.kind, key.secret, is_root=key is checked.root)
        for key in checked.keys
    ]
    return document, held


def _stored(
    row: DidDocument, keys: Iterable[NewKey], *, user: User, by: Actor, now: datetime
) -> DidDocument:
    row.id, row.scope_id, row.user = ids.new(), user.scope_id, user
    row.created_at = row.updated_at = now
    with writing.of(by):
        # Nobody is given a DID while the account is being deleted, or more than allowed.
        standing.hold_enabled(user.id, _refuse_user)
        living = dict(_LIVING.rows(user=user.id))
        same = _same(row, living.get(row.did))
        if same is not None:
            return same
        if len(living) >= MOST_OF_A_USER:
            raise refusals.Conflict("This user has as many DIDs as allowed.")
        inserts.insert_or_later(row, _refuse_did)
        did_keys.keep(row, keys, now=now)
        _record("did.added", row, by=by, now=now)
    return row


def _same(row: DidDocument, earlier_id: UUID | None) -> DidDocument | None:
    if earlier_id is None:
        return None
    earlier = DidDocument.objects.filter(id=earlier_id, body=row.body, topic_id=row.topic_id)
    return earlier.first()


def _refuse_user() -> None:
    raise errors.UserInactive


def _refuse_did() -> None:
    raise did_errors.DidTaken


def _noted(
    document: DidDocument, event: str, changes: dict[str, Any], *, by: Actor, now: datetime
) -> DidDocument:
    with writing.of(by):
        columns = {"message_id": "", **changes, "updated_at": now}
        known = {"scope": by.scope_id, "id": document.id}
        if statements.count(_NOTE, inserts.bound(DidDocument, **columns, **known)) == 1:
            for name, value in columns.items():
                setattr(document, name, value)
            _record(event, document, by=by, now=now, message=document.message_id)
            return document
        present = DidDocument.objects.filter(id=document.id, method=Method.LEDGER).first()
    if present is None:
        raise refusals.Missing("There is no such DID.")
    if present.deactivated_at is not None:
        raise did_errors.DidDeactivated
    if any(getattr(present, name) != value for name, value in changes.items()):
        raise refusals.Conflict("This DID is published already.")
    return present


def _deactivate(rows: Any, *, by: Actor, now: datetime) -> Sequence[str]:
    living = list(rows.select_for_update().filter(deactivated_at__isnull=True).order_by("id"))
    did_keys.forget(living)
    for row in living:
        row.deactivated_at = row.updated_at = now
        row.save(update_fields=["deactivated_at", "updated_at"])
        _record("did.deactivated", row, by=by, now=now)
    return [row.did for row in living]


def _record(name: str, row: DidDocument, *, by: Actor, now: datetime, message: str = "") -> None:
    facts = {"user": str(row.user_id), "did": row.did}
    if message:
        facts["message"] = message
    audit.record(name, by=by, subject=("did", str(row.id)), now=now, facts=facts)
