"""E-mail addresses: one form in which they are compared, and whose they were proven to be."""

import unicodedata
from datetime import datetime
from typing import Final
from uuid import UUID

import idna
from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import Profile, User
from accounts.models.user import fold
from accounts.queries import names
from accounts.services import fields, sign_in_notices, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

_MOST: Final = 254
_MOST_LOCAL: Final = 64


def normal(text: str) -> str:
    """The one form of an address: lower-cased local part, domain in ASCII (IDNA).

    Compatibility forms become ordinary letters (NFKC), so a full-width address is the ordinary
    one; but no look-alike becomes an `@` or a dot. Raises `identity.errors.Invalid`.
    """
    given = text.strip()
    if len(given) > _MOST or any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in given):
        raise _invalid()
    plain = unicodedata.normalize("NFKC", given)
    # What only normalisation makes into a separator was never one (GHSA-7rqj of Auth.js).
    if any(plain.count(sign) != given.count(sign) for sign in '@.,<>()[]:;"\\'):
        raise _invalid()
    local, at, domain = plain.rpartition("@")
    if not at or "@" in local or len(local.encode()) > _MOST_LOCAL:
        raise _invalid()
    address = f"{fold(local)}@{_domain(domain)}"
    return fields.email(address)


def holder_of(address: str) -> User | None:
    """The user of the scope in force who has proven this normal address, or None.

    Else the user who has it as the user name, which staff gave: the same proof that is at hand now
    confirms it. A name that its owner chose, or somebody's server, is a text that looks like an
    address: whoever reads that mail need not be who took the name before. What somebody typed
    into a profile proves nothing, and what a provider said of its user opens no account by mail:
    whoever made that user need not be who reads the mail (accounts are never linked silently).
    """
    proven = Profile.objects.filter(email=address, email_proven_at__isnull=False)
    profile = proven.select_related("user").first()
    if profile is not None:
        return profile.user
    found = named(address)
    if found is None or Profile.objects.filter(user=found, source__in=names.UNPROVEN).exists():
        return None
    return found


def named(address: str) -> User | None:
    """The person of the scope in force whose user name is this normal address, in any spelling."""
    people = User.objects.filter(kind=User.Kind.PERSON, deleted_at__isnull=True)
    return people.filter(username_folded__in=_spellings(address)).order_by("created_at").first()


def verify(*, user_id: UUID, address: str, by: Actor, now: datetime) -> None:
    """Note that this user was proven to read the mail of a normal address.

    An address is one user's alone: raises `accounts.errors.NameTaken` if another one proved it
    before or has it as a user name, and `Missing` for who has no profile.
    """
    with writing.of(by):
        rows = Profile.objects.select_for_update(of=("self",)).select_related("user")
        present = rows.filter(user_id=user_id).first()
        if present is None:
            raise refusals.Missing("This user has no profile.")
        if present.email == address and present.email_proven_at is not None:
            return
        other = holder_of(address)
        if other is not None and other.id != user_id:
            raise errors.NameTaken("Another account here has this e-mail address.")
        before = sign_in_notices.address_of(present.user)
        present.email, present.is_email_verified = address, True
        present.email_proven_at = present.updated_at = now
        changed = ["email", "is_email_verified", "email_proven_at", "updated_at"]
        try:
            with transaction.atomic():
                present.save(update_fields=changed)
        except IntegrityError:
            raise errors.NameTaken("Another account here has this e-mail address.") from None
        audit.record("email.verified", by=by, subject=("user", str(user_id)), now=now)
        if before != address:
            what = sign_in_notices.ADDRESS_PROVEN
            sign_in_notices.tell_at(before, present.user, what, now=now)


def verified_of(user_id: UUID) -> str:
    """The verified address of this user, by us or by a provider; "" if there is none."""
    verified = Profile.objects.filter(user_id=user_id, is_email_verified=True)
    return verified.values_list("email", flat=True).first() or ""


def has_proven(user_id: UUID) -> bool:
    """Whether a code of ours proved an address of this user, which signs in therefore."""
    return Profile.objects.filter(user_id=user_id, email_proven_at__isnull=False).exists()


def _domain(text: str) -> str:
    try:
        found = idna.encode(text, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        raise _invalid() from None
    if found.count(".") != text.count("."):
        raise _invalid()
    return found


def _spellings(address: str) -> list[str]:
    """The ways in which a user name may hold a normal address: its domain in either form."""
    local, _, domain = address.rpartition("@")
    return [fold(address), fold(f"{local}@{idna.decode(domain)}")]


def _invalid() -> refusals.Invalid:
    return refusals.Invalid("This is not an e-mail address.", field="email")
