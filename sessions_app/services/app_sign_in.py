"""Sign-in by the word of an application's server: a key of its own vouches for its users.

What it says of a provider's account is kept under an issuer that names the application. The real
provider's sign-in has the provider's own issuer, so neither leads to the other's user.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import errors as accounts_errors
from accounts.models import ExternalIdentity, User
from accounts.services import avatars, profile_editing, profiles, proving_keys, wallets
from accounts.services.avatars import Picture
from accounts.services.profile_editing import Changes
from accounts.services.profiles import Newcomer
from identity.actor import Actor, ActorKind
from identity.errors import Invalid
from identity.scoping import current
from identity.services import audit, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import wallet_sign_in
from sessions_app.services.sessions import Proof

LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom an application's server vouches for: the holder of `key`, or an account at a provider.

    `application` is the application's permanent address.
    """

    application: str
    newcomer: Newcomer
    key: wallets.Key | None = None
    provider: str = ""
    subject: str = ""
    avatar: Picture | str = ""
    """A picture, or the address of one; "" for none."""
    updates: bool = True
    """Whether what it says of a user who is known replaces what is there."""

    @property
    def issuer(self) -> str:
        """The name space that no provider has."""
        return f"application:{self.application}"

    @property
    def name(self) -> str:
        """The account in that name space: the same id of two providers is two accounts."""
        return f"{self.provider}|{self.subject}"


def person(vouched: Vouched, *, now: datetime) -> UUID:
    """The user whom an application vouches for, made now if newcomers are welcome in the scope.

    Raises SignUpClosed, SignInRefused for a user who is shut out, `identity.errors.Invalid`.
    """
    user = _by_key(vouched, vouched.key, now) if vouched.key else _by_account(vouched, now)
    if user.status != User.Status.ACTIVE:
        raise SignInRefused
    if vouched.updates:
        _update(user, vouched, now)
    return user.id


def proof_of(vouched: Vouched) -> Proof:
    """How somebody came in whom an application's server vouched for."""
    provider = "wallet" if vouched.key else vouched.provider
    key = proving_keys.of_wallet(vouched.key.address) if vouched.key else ""
    return Proof(Session.Method.BACKEND, provider[:64], key=key)


def _update(user: User, vouched: Vouched, now: datetime) -> None:
    """What its server says of a user, as if the user had said it: nothing of it is verified."""
    said = vouched.newcomer
    by = Actor(
        kind=ActorKind.SESSION,
        scope_id=user.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        address=said.address,
    )
    changes = Changes(full_name=said.full_name or None, email=said.email or None)
    profile_editing.edit(user_id=user.id, changes=changes, by=by, now=now)
    if isinstance(vouched.avatar, Picture):
        avatars.store(user_id=user.id, picture=vouched.avatar, by=by, now=now)
    elif vouched.avatar:
        avatars.request(user_id=user.id, url=vouched.avatar, by=by)


def _by_key(vouched: Vouched, key: wallets.Key, now: datetime) -> User:
    return wallet_sign_in.person(key, vouched.newcomer, now=now)


def _by_account(vouched: Vouched, now: datetime) -> User:
    if len(vouched.name) > LONGEST or "|" in vouched.provider:
        raise Invalid("The provider's name or the id is too long.")
    found = _known(vouched)
    if found is not None:
        ExternalIdentity.objects.filter(id=found.id).update(last_used_at=now)
        return found.user
    if not scopes.settings().sign_up:
        raise SignUpClosed
    try:
        return _joined(vouched, now)
    except (IntegrityError, accounts_errors.NameTaken):
        # The same account came twice at the same moment: the other call made the user.
        found = _known(vouched)
        if found is None:
            raise SignInRefused from None
        return found.user


def _known(vouched: Vouched) -> ExternalIdentity | None:
    rows = ExternalIdentity.objects.select_related("user")
    return rows.filter(issuer=vouched.issuer, subject=vouched.name).first()


def _joined(vouched: Vouched, now: datetime) -> User:
    with transaction.atomic(), audit.gathered():
        user = profiles.join(vouched.newcomer, key=None, now=now)
        ExternalIdentity(
            scope_id=current.required_scope(),
            user=user,
            provider=vouched.provider[:64],
            issuer=vouched.issuer,
            subject=vouched.name,
            email=vouched.newcomer.email,
            name=vouched.newcomer.full_name[:200],
            wallet=wallets.of(user.id)[0],
            linked_at=now,
            last_used_at=now,
        ).save(force_insert=True)
    return user
