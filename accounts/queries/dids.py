"""Reads about DIDs of users: lists, documents, and what a resolver answers; never a private key."""

import contextlib
import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import F

from accounts.models import Device, DidDocument, User
from identity import queries
from identity.crypto import did_key, did_key_document, did_ledger, did_web, ecdsa_p256
from identity.crypto.errors import DidInvalid
from identity.errors import Invalid, Missing, NotSupported
from identity.paging import After, Window
from identity.scoping import keyset

FILTERS: Final = frozenset({"did", "user", "method"})
MOST: Final = 50
"""Keys of a document on the web: a user has no more devices than that."""
LONGEST: Final = 512
_DID: Final = "did:"
_WHOLE: Final = re.compile(rf"{_DID}[!-~]{{0,{LONGEST}}}")


@dataclass(frozen=True, slots=True)
class DidRow:
    """A DID of a user; `user` is the client-visible id."""

    id: UUID
    did: str
    method: str
    status: str
    user: UUID
    username: str
    topic_id: str
    message_id: str
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True)
class DidFacts(DidRow):
    """A DID with its document as of now: empty where it is deactivated and not kept."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a resolver answers (DID Core §7): no document of a DID that is deactivated."""

    document: Mapping[str, Any] | None
    is_deactivated: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


def did_document(document_id: UUID, *, now: datetime) -> DidFacts:
    """One DID with its document. Raises `Missing`."""
    row = DidDocument.objects.select_related("user").filter(id=document_id).first()
    if row is None:
        raise Missing("There is no such DID.")
    return _facts(row, now)


def dids_window(after: After) -> Window[DidRow]:
    """DIDs of the scope; filters `did` (whole), `user` (the client-visible id) and `method`.

    Raises `Invalid`, `CursorInvalid`.
    """
    if set(after.filters) - FILTERS:
        raise Invalid(f"Filters are {', '.join(sorted(FILTERS))}.")
    if not _WHOLE.fullmatch(after.filters.get("did", _DID)):
        raise Invalid("The filter did is a whole DID.")
    rows = DidDocument.objects.select_related("user").defer("body")
    for name, value in after.filters.items():
        rows = rows.filter(**{"user__public_id" if name == "user" else name: value})
    shown, following = keyset.window(rows, after)
    return Window([_row(row) for row in shown], following)


def of_user(user_id: UUID, *, now: datetime) -> Sequence[DidFacts]:
    """The DIDs of a user, the oldest first, those that are deactivated as well."""
    rows = DidDocument.objects.select_related("user").filter(user_id=user_id)
    return [_facts(row, now) for row in rows.order_by("created_at", "id")[:MOST]]


def resolve(did: str, *, now: datetime) -> Resolution:
    """The document of a DID that is known here: any `did:key`, and those of the scope in force.

    Raises DidInvalid, `Missing`, and `NotSupported` for methods that would have to be asked for
    elsewhere: no request of ours goes where a stranger's DID says.
    """
    if len(did) > LONGEST:
        raise DidInvalid("This DID is too long.")
    if did.startswith(did_key.PREFIX):
        return Resolution(did_key_document.document(did))
    if did.startswith(did_ledger.PREFIX):
        did_ledger.parse(did)
        return _resolved(did, now)
    if did.startswith(did_web.PREFIX):
        did_web.parse(did)
        is_scopes = did in _scope_dids()
        return Resolution(scope_document(did, now=now)) if is_scopes else _resolved(did, now)
    if did.startswith(_DID) and did.isascii():
        raise NotSupported("DIDs of this method are not resolved here.")
    raise DidInvalid("This is not a DID.")


def web_bases() -> Sequence[str]:
    """Where documents of the scope in force are read: its own host names first, then the path."""
    slug = queries.scope().slug
    named = [f"https://{host}" for host in queries.hosts()]
    return [*named, f"{settings.BASE_URL.rstrip('/')}/s/{slug}"]


def web_document(public_id: UUID, *, now: datetime) -> Mapping[str, Any]:
    """What is read on the web for a user. Raises `Missing` where there is no living DID."""
    rows = DidDocument.objects.select_related("user").filter(
        user__public_id=public_id, method=DidDocument.Method.WEB, deactivated_at__isnull=True
    )
    row = rows.first()
    if row is None or _is_over(row.user, now):
        raise Missing("There is no such DID.")
    return _document(row, now)


def own_document(*, is_below_path: bool, now: datetime) -> Mapping[str, Any]:
    """What is read on the web for the scope in force itself.

    A scope with a host name of its own has a DID there, and each has one below its path.
    """
    bases = web_bases()
    return scope_document(did_web.identifier(bases[-1] if is_below_path else bases[0]), now=now)


def scope_document(did: str, *, now: datetime) -> Mapping[str, Any]:
    """The document of the scope in force itself: the keys with which it signs."""
    keys = [row.public for row in queries.server_keys(now=now) if row.purpose in _SIGNING]
    return did_web.document(did=did, keys=[ecdsa_p256.stored_public(key) for key in keys])


def _scope_dids() -> set[str]:
    """The scope's own DIDs; an address that no DID can name, such as one of IPv6, has none."""
    found = set()
    for base in web_bases():
        with contextlib.suppress(DidInvalid):
            found.add(did_web.identifier(base))
    return found


_SIGNING: Final = frozenset({"signature", "token"})


def _resolved(did: str, now: datetime) -> Resolution:
    rows = DidDocument.objects.select_related("user").filter(did=did)
    # Of a key's DID there may be ended rows; the others have one row each.
    row = rows.filter(status=DidDocument.Status.PUBLISHED).first()
    if row is None:
        raise Missing("There is no such DID.")
    is_over = row.deactivated_at is not None or _is_over(row.user, now)
    document = None if is_over else _document(row, now)
    return Resolution(document, is_over, row.created_at, _updated(row))


def _updated(row: DidDocument) -> datetime:
    if row.method != DidDocument.Method.WEB:
        return row.updated_at
    changes = Device.objects.filter(user_id=row.user_id).order_by(F("updated_at").desc())
    last = changes.values_list("updated_at", flat=True).first()
    return row.updated_at if last is None else max(last, row.updated_at)


def _is_over(user: User, now: datetime) -> bool:
    """Whether a user may do nothing here: deleted, disabled, or only for a time that is over."""
    return user.status == User.Status.DISABLED or (
        user.expires_at is not None and user.expires_at <= now
    )


def _document(row: DidDocument, now: datetime) -> Mapping[str, Any]:
    if row.method == DidDocument.Method.LEDGER:
        return row.document
    if row.method == DidDocument.Method.KEY:
        return did_key_document.document(row.did)
    if row.deactivated_at is not None or _is_over(row.user, now):
        return {}
    devices = Device.objects.filter(user_id=row.user_id, status=Device.Status.ACTIVE)
    keys = devices.order_by("registered_at", "id").values_list("signature_key", flat=True)[:MOST]
    return did_web.document(did=row.did, keys=[ecdsa_p256.stored_public(key) for key in keys])


def _row(row: DidDocument) -> DidRow:
    return DidRow(
        id=row.id,
        did=row.did,
        method=row.method,
        status=row.status,
        user=row.user.public_id,
        username=row.user.username,
        topic_id=row.topic_id,
        message_id=row.message_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deactivated_at=row.deactivated_at,
    )


def _facts(row: DidDocument, now: datetime) -> DidFacts:
    known = _row(row)
    values = {field.name: getattr(known, field.name) for field in dataclasses.fields(known)}
    return DidFacts(**values, document=_document(row, now))
