"""Role credentials: a role that a user holds, as a signed document that a wallet can keep.

A credential gives a role only while the user holds that role: the row and the assignment count,
not the signature, so what was taken away is gone on the next request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from accounts import errors
from accounts.models import RoleAssignment, RoleCredential, User
from accounts.services import fields, profiles, users, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import did_address, role_credential, wallet_keys
from identity.crypto.did_address import Role as AddressRole
from identity.crypto.role_credential import Signer
from identity.models import Scope
from identity.services import audit, token_keys

TYPE: Final = "RoleCredential"
MOST: Final = 50
"""Valid credentials of one user."""
LONGEST_ROLE: Final = 64
MOST_REASON: Final = 512
Source = RoleCredential.Source


@dataclass(frozen=True, slots=True)
class Granted:
    """What a new credential says. `title` is for people, the role's name if empty."""

    user_id: UUID
    role: str
    title: str = ""
    expires_at: datetime | None = None
    source: RoleCredential.Source = Source.ISSUE


def signer(*, now: datetime) -> Signer:
    """The scope in force as an issuer of credentials."""
    secret = token_keys.application(now=now)
    key = wallet_keys.PrivateKey(secret, wallet_keys.public_of(secret.public.raw))
    return Signer(did_address.parse(key.public.address(AddressRole.APPLICATION)), key)


def issue(granted: Granted, *, credential_id: UUID, by: Actor, now: datetime) -> RoleCredential:
    """Issue a credential for a role that the user holds; `credential_id` names the row.

    Raises Missing for an unknown user, `accounts.errors.RoleUnknown` for a role that is not held,
    Conflict for an id that was used or too many credentials, `identity.errors.Invalid`.
    """
    with writing.of(by):
        user = users.locked(granted.user_id)
        _require_possible(user, granted, now=now)
        profile = profiles.ensure(user_id=user.id, by=by, now=now)
        row = RoleCredential(
            id=credential_id,
            scope_id=user.scope_id,
            user=user,
            role=granted.role,
            title=fields.line(granted.title, name="title", most=128),
            source=granted.source,
            issued_at=now,
            expires_at=granted.expires_at,
        )
        row.document = _document(row, profile.address, now=now)
        row.credential_id = row.document["id"]
        if RoleCredential.objects.filter(id=credential_id).exists():
            raise refusals.Conflict("There is such a credential already.")
        row.save(force_insert=True)
        _record("role-credential.issued", row, by=by, now=now)
    return row


def revoke(*, credential_id: UUID, by: Actor, now: datetime, reason: str = "") -> RoleCredential:
    """End a credential for ever, from the next request on; the record keeps the reason.

    Again is the same. Raises Missing, `identity.errors.Invalid` for a reason of more than 512
    characters.
    """
    why = fields.line(reason, name="reason", most=MOST_REASON)
    with writing.of(by):
        row = RoleCredential.objects.select_for_update().filter(id=credential_id).first()
        if row is None:
            raise refusals.Missing("There is no such credential.")
        if row.status == RoleCredential.Status.VALID:
            row.status, row.revoked_at = RoleCredential.Status.REVOKED, now
            row.save(update_fields=["status", "revoked_at"])
            _record("role-credential.revoked", row, by=by, now=now, reason=why)
    return row


def note_used(credential_id: UUID, *, now: datetime) -> None:
    """Note that a session took its role from a credential; not an event of the record."""
    rows = RoleCredential.objects.filter(id=credential_id)
    rows.filter(first_used_at__isnull=True).update(first_used_at=now)
    rows.filter(id=credential_id).update(last_used_at=now)


def is_held(user_id: UUID, role: str) -> bool:
    """Whether a user holds the active role of this name now."""
    mine = RoleAssignment.objects.filter(user_id=user_id)
    return (
        mine.filter(predefined=role).exists()
        or mine.filter(role__name=role, role__status="active").exists()
    )


def _require_possible(user: User, granted: Granted, *, now: datetime) -> None:
    if user.deleted_at is not None or user.kind != User.Kind.PERSON:
        raise refusals.Missing("There is no such user.")
    if len(granted.role) > LONGEST_ROLE:
        raise refusals.Invalid("The name of this role is too long for a credential.", field="role")
    if not is_held(user.id, granted.role):
        raise errors.RoleUnknown(role=granted.role)
    if granted.expires_at is not None and granted.expires_at <= now:
        raise refusals.Invalid("The end is in the past.", field="expires_at")
    valid = RoleCredential.objects.filter(user=user, status=RoleCredential.Status.VALID)
    if len(valid.values_list("id")[:MOST]) >= MOST:
        raise refusals.Conflict("This user has as many valid credentials as allowed.")


def _document(row: RoleCredential, address: str, *, now: datetime) -> dict[str, Any]:
    """The serial makes each credential another one, also of the same role for the same user."""
    subject = {
        "id": address,
        "role": {"name": row.role, "title": row.title or row.role},
        "serial": str(row.id),
    }
    more = {}
    if row.expires_at is not None:
        more["expirationDate"] = role_credential.moment_text(row.expires_at)
    return role_credential.issue(
        subject,
        types=[TYPE],
        signer=signer(now=now),
        issuer_name=Scope.objects.values_list("name", flat=True).get(id=row.scope_id),
        now=now,
        proof_id=uuid4(),
        more=more,
    )


def _record(name: str, row: RoleCredential, *, by: Actor, now: datetime, **more: str) -> None:
    facts = {"user": str(row.user_id), "role": row.role, **more}
    subject = ("role-credential", str(row.id))
    audit.record(name, by=by, subject=subject, now=now, facts=facts)
