"""Accounts at providers: issuer and subject are the user, and nothing else about them is.

An equal e-mail address, name or user name is looked at by nobody: whoever can choose those would
choose somebody's account (pre-hijacking, mutable claims, look-alike letters).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import ExternalIdentity, User
from accounts.services import mail_addresses, profiles, ways_in, writing
from accounts.services.profiles import Newcomer
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.errors import Conflict, Invalid
from identity.services import audit


@dataclass(frozen=True, slots=True)
class Proven:
    """An account at a provider, proven just now. `provider` is the word that clients show.

    `is_email_verified` is the provider's own claim about `email`.
    """

    provider: str
    issuer: str
    subject: str
    email: str = ""
    is_email_verified: bool = False
    name: str = ""


def holder(issuer: str, subject: str) -> User | None:
    """The user of the scope in force whom this account signs in."""
    rows = ExternalIdentity.objects.select_related("user")
    found = rows.filter(issuer=issuer, subject=subject).first()
    return found.user if found else None


def of(user_id: UUID) -> Sequence[ExternalIdentity]:
    """The accounts at providers that a user has linked, oldest first."""
    return list(ExternalIdentity.objects.filter(user_id=user_id).order_by("linked_at", "id"))


def note_use(issuer: str, subject: str, *, now: datetime) -> None:
    """Note when an account was used last; the session's own event is the record of it."""
    rows = ExternalIdentity.objects.filter(issuer=issuer, subject=subject)
    rows.update(last_used_at=now)


def join(proven: Proven, *, address: str, now: datetime) -> User:
    """Make a new person of the scope in force who has this account.

    Whether newcomers are welcome is the caller's question. Raises `accounts.errors.IdentityTaken`
    if another call made the same person first.
    """
    newcomer = _newcomer(proven, address)
    with transaction.atomic(), audit.gathered():
        user = _joined(newcomer, f"{proven.provider}:{proven.subject}", now=now)
        by = Actor(
            ActorKind.SESSION,
            user.scope_id,
            user_id=user.id,
            public_id=user.public_id,
            address=address,
        )
        _insert(user, proven, by=by, now=now)
    return user


def link(*, user_id: UUID, proven: Proven, by: Actor, now: datetime) -> ExternalIdentity:
    """Let a user sign in with this account, too; again is the same.

    Whether the proofs are fresh is the caller's question. Raises `accounts.errors.IdentityTaken`,
    `identity.errors.Missing`.
    """
    with writing.of(by):
        user = ways_in.lock(user_id)
        earlier = ExternalIdentity.objects.filter(
            issuer=proven.issuer, subject=proven.subject
        ).first()
        if earlier is not None and earlier.user_id == user_id:
            return earlier
        if earlier is not None:
            raise errors.IdentityTaken
        return _insert(user, proven, by=by, now=now)


def unlink(*, user_id: UUID, identity_id: UUID, by: Actor, now: datetime) -> None:
    """Take an account at a provider away, but never the last way in.

    Raises `identity.errors.Missing`, `accounts.errors.LastWayIn`.
    """
    with writing.of(by):
        ways_in.lock(user_id)
        identity = ExternalIdentity.objects.filter(id=identity_id, user_id=user_id).first()
        if identity is None:
            raise refusals.Missing("You have no such account linked.")
        ExternalIdentity.objects.filter(id=identity.id).delete()
        ways_in.require_one(user_id)
        _record("external-identity.unlinked", identity, by=by, now=now)


def _newcomer(proven: Proven, address: str) -> Newcomer:
    try:
        email = mail_addresses.normal(proven.email) if proven.email else ""
    except Invalid:
        email = ""
    return Newcomer(
        full_name=proven.name,
        email=email,
        is_email_verified=bool(email) and proven.is_email_verified and not _is_known(email),
        source=proven.provider,
        address=address,
    )


def _is_known(email: str) -> bool:
    """Whether the address already lets somebody in: nobody else gets it as a verified one."""
    return mail_addresses.holder_of(email) is not None


def _joined(newcomer: Newcomer, username: str, *, now: datetime) -> User:
    """Under a name of the provider; where somebody has that, or the address, without."""
    unproven = replace(newcomer, is_email_verified=False)
    for each in (replace(newcomer, username=username), newcomer):
        try:
            with transaction.atomic():
                return profiles.join(each, key=None, now=now)
        except (errors.NameTaken, Conflict, Invalid, IntegrityError):
            continue
    return profiles.join(unproven, key=None, now=now)


def _insert(user: User, proven: Proven, *, by: Actor, now: datetime) -> ExternalIdentity:
    identity = ExternalIdentity(
        scope_id=user.scope_id,
        user=user,
        provider=proven.provider,
        issuer=proven.issuer,
        subject=proven.subject,
        email=proven.email[:254],
        name=proven.name[:200],
        linked_at=now,
        last_used_at=now,
    )
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
    except IntegrityError:
        raise errors.IdentityTaken from None
    _record("external-identity.linked", identity, by=by, now=now)
    return identity


def _record(name: str, identity: ExternalIdentity, *, by: Actor, now: datetime) -> None:
    facts = {
        "user": str(identity.user_id),
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
    }
    audit.record(name, by=by, subject=("external-identity", str(identity.id)), now=now, facts=facts)
