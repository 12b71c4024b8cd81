"""Signatures of managed keys: given at once, or waiting for others; each leaves its digest.

Whether a policy stands against one is asked in `invitations.services.signing`, the only caller.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db.models import Q

from accounts import errors
from accounts.models import KeySignature, ManagedKey, User
from accounts.services import opened_managed_keys, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import evm
from identity.crypto.evm import Signable, Signed
from identity.models import Scope
from identity.scoping import inserts, prepared
from identity.services import audit, resealing, sealing

_PEOPLE: Final = frozenset({ActorKind.SESSION, ActorKind.DEVICE, ActorKind.STAFF})
OWN: Final = _PEOPLE | {ActorKind.DEVELOPER, ActorKind.LAMBDA}
"""Actors who are the user, or a lambda of theirs; an API key and the platform are not."""
_PURPOSE: Final = "key-signature.result"
SEALED: Final = resealing.column(KeySignature, "sealed_result", purpose=_PURPOSE)
_USABLE: Final = prepared.prepare(
    lambda user: ManagedKey.objects.filter(user_id=user).values_list(
        *("id", "address", "sealed_secret"),
        *("user__status", "user__deleted_at", "user__expires_at", "scope__status"),
    ),
    "user",
)


@dataclass(frozen=True, slots=True)
class Usable:
    """The key of an actor who may sign with it now."""

    id: UUID
    address: str
    sealed_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """Something to sign. `id` is the signature's; `vouched_by` a developer key's, if one spoke."""

    what: Signable
    id: UUID = field(default_factory=ids.new)
    vouched_by: UUID | None = None


def usable(*, by: Actor, now: datetime) -> Usable:
    """The actor's own key in the scope in force, in one statement.

    Raises `Forbidden` for an actor who is not the user, or in a scope that is suspended,
    `accounts.errors.UserInactive`, `Missing` where there is no account yet.
    """
    if by.kind not in OWN or by.user_id is None:
        raise refusals.Forbidden("Only users themselves sign with their accounts.")
    row = _USABLE.one(user=by.user_id)
    if row is None:
        raise refusals.Missing("There is no account yet. Ask for it first.")
    key_id, address, sealed, status, deleted_at, expires_at, scope_status = row
    if status != User.Status.ACTIVE or deleted_at or (expires_at and expires_at <= now):
        raise errors.UserInactive
    if scope_status != Scope.Status.ACTIVE:
        raise refusals.Forbidden("This scope is not in use.")
    return Usable(key_id, address, bytes(sealed))


def sign(request: Request, *, key: Usable, by: Actor, now: datetime) -> Signed:
    """Sign at once: the record and its event in one transaction. Raises SealBroken."""
    signed = evm.sign(_opened(key), request.what)
    with writing.of(by):
        inserts.insert(_row(request, key, by=by, now=now, signed=signed))
        _record(request, key, signed, by=by, now=now)
    return signed


def wait(request: Request, *, key: Usable, proposal_id: UUID, by: Actor, now: datetime) -> None:
    """Note that a signature waits for others; the proposal's own event tells of it."""
    row = _row(request, key, by=by, now=now, proposal_id=proposal_id)
    with writing.of(by):
        row.save(force_insert=True)


def sign_waiting(request: Request, *, key: Usable, by: Actor, now: datetime) -> Signed:
    """Sign what others approved, and keep the result for its owner: once.

    Raises `Conflict` for one that does not wait, or is about something else than what waits.
    """
    signed = evm.sign(_opened(key), request.what)
    with writing.of(by):
        waiting = KeySignature.objects.filter(
            id=request.id,
            key_id=key.id,
            digest=signed.digest.hex(),
            outcome=KeySignature.Outcome.PENDING,
        )
        done = waiting.update(
            outcome=KeySignature.Outcome.SIGNED,
            signed_at=now,
            sealed_result=_sealed(request.id, signed),
        )
        if done != 1:
            raise refusals.Conflict("This signature does not wait for approval.")
        _record(request, key, signed, by=by, now=now)
    return signed


def end_waiting(signature_id: UUID) -> None:
    """Note that nothing was signed; the proposal's own event tells why."""
    KeySignature.objects.filter(id=signature_id, outcome=KeySignature.Outcome.PENDING).update(
        outcome=KeySignature.Outcome.ENDED
    )


def waiting_of(signature_or_proposal_id: UUID, *, key: Usable) -> KeySignature:
    """The signature of this id, or of the proposal of this id, if it is the key's. Raises Missing.

    One that was given at once is missing too: its result is not kept.
    """
    named = Q(id=signature_or_proposal_id) | Q(proposal_id=signature_or_proposal_id)
    row = KeySignature.objects.filter(named, key_id=key.id, proposal_id__isnull=False).first()
    if row is None:
        raise refusals.Missing("There is no such signature.")
    return row


def asked_before(what: Signable, *, key: Usable) -> KeySignature | None:
    """The latest question to others about this very thing that waits, or was answered with yes."""
    rows = KeySignature.objects.filter(
        key_id=key.id, digest=what.digest.hex(), kind=what.kind, proposal_id__isnull=False
    )
    lives = Q(outcome=KeySignature.Outcome.PENDING) | Q(sealed_result__isnull=False)
    return rows.filter(lives).order_by("-asked_at", "-id").first()


def fetch(row: KeySignature, *, by: Actor, now: datetime) -> Signed:
    """The signature that was approved, as often as its owner asks; each time is an event.

    Raises `accounts.errors.SignatureWaits` and `SignatureEnded`.
    """
    facts: dict[str, Any] = {"signature": str(row.id), "proposal": str(row.proposal_id)}
    if row.outcome == KeySignature.Outcome.PENDING:
        raise errors.SignatureWaits(**facts)
    if row.sealed_result is None:
        raise errors.SignatureEnded(**facts)
    plain = sealing.unseal(bytes(row.sealed_result), purpose=_PURPOSE, subject=str(row.id))
    with writing.of(by):
        subject = ("managed-key", str(row.key_id))
        audit.record("managed-key.signature-read", by=by, subject=subject, now=now, facts=facts)
    kept = orjson.loads(plain)
    raw = kept["raw_transaction"]
    return Signed(
        bytes.fromhex(row.digest),
        bytes.fromhex(kept["signature"]),
        None if raw is None else bytes.fromhex(raw),
    )


def _opened(key: Usable) -> Any:
    return opened_managed_keys.get(key.id, key.sealed_secret)


def _sealed(signature_id: UUID, signed: Signed) -> bytes:
    raw = signed.raw_transaction
    kept = {
        "signature": signed.signature.hex(),
        "raw_transaction": None if raw is None else raw.hex(),
    }
    return sealing.seal(orjson.dumps(kept), purpose=_PURPOSE, subject=str(signature_id))


def _row(
    request: Request,
    key: Usable,
    *,
    by: Actor,
    now: datetime,
    signed: Signed | None = None,
    proposal_id: UUID | None = None,
) -> KeySignature:
    digest = request.what.digest if signed is None else signed.digest
    outcome = KeySignature.Outcome
    return KeySignature(
        id=request.id,
        scope_id=by.scope_id,
        key_id=key.id,
        kind=request.what.kind,
        digest=digest.hex(),
        outcome=outcome.PENDING if signed is None else outcome.SIGNED,
        actor_kind=str(by.kind),
        session_id=by.session_id,
        device_id=by.device_id,
        vouched_by=request.vouched_by,
        proposal_id=proposal_id,
        asked_at=now,
        signed_at=None if signed is None else now,
    )


def _record(request: Request, key: Usable, signed: Signed, *, by: Actor, now: datetime) -> None:
    facts = {
        "signature": str(request.id),
        "kind": request.what.kind,
        "digest": signed.digest.hex(),
    }
    if request.vouched_by is not None:
        facts["vouched_by"] = str(request.vouched_by)
    subject = ("managed-key", str(key.id))
    audit.record("managed-key.signed", by=by, subject=subject, now=now, facts=facts)
