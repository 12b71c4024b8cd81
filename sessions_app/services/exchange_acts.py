"""What a wallet's last answer in an exchange does, each in one transaction with its consumption."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services import proving_keys, wallets
from accounts.services.profiles import Newcomer
from accounts.services.wallets import Key
from identity.actor import Actor, ActorKind
from identity.crypto import wallet_jwt, wallet_keys
from identity.crypto.errors import KeyInvalid, TokenInvalid
from identity.services import audit
from sessions_app.errors import ChallengeRefused, SignInRefused
from sessions_app.models import Session
from sessions_app.services import (
    exchanges,
    first_factor,
    role_switching,
    sessions,
    step_up,
    wallet_sign_in,
)
from sessions_app.services.exchanges import Exchanged
from sessions_app.services.role_switching import Role
from sessions_app.services.sessions import Proof


@dataclass(frozen=True, slots=True)
class Said:
    """What a wallet said, under a key that it proved."""

    key: Key
    body: Mapping[str, Any] = field(repr=False)


def read(found: Exchanged, *, public_key: str, token: str, wallet_os: str, now: datetime) -> Said:
    """A wallet's answer to the challenge at hand. Raises SignInRefused, ChallengeRefused.

    The wallet that answered first is the only one that goes on, and only over the newest challenge;
    nothing is consumed here.
    """
    try:
        public = wallet_keys.parse_public(public_key)
    except KeyInvalid:
        raise SignInRefused from None
    with wallet_sign_in.remembered(public.address(), found.origin, now=now):
        claims = _claims(token, public, now=now)
    if not found.challenge or claims.text("challenge") != found.challenge:
        raise ChallengeRefused
    key = wallet_sign_in.key_of(public.address(), public_key)
    if found.wallet not in {"", key.address}:
        raise ChallengeRefused
    return Said(replace(key, wallet_os=wallet_os), claims.body)


def sign_in(found: Exchanged, said: Said, newcomer: Newcomer, *, now: datetime) -> User:
    """Whoever holds the wallet may be signed in where the exchange began, or joins.

    The session begins when that browser collects it. Raises SignUpClosed, SignInRefused,
    ChallengeRefused.
    """
    with (
        wallet_sign_in.remembered(said.key.address, found.origin, now=now),
        transaction.atomic(),
        audit.gathered(),
    ):
        exchanges.finish(found, said.key, now=now)
        user = wallet_sign_in.person(said.key, newcomer, now=now)
        first_factor.require_usable(user, address=found.origin.address, now=now)
        exchanges.note_user(found, user.id)
    return user


def bind_wallet(found: Exchanged, said: Said, *, now: datetime) -> None:
    """The wallet becomes one of who began. Raises `accounts.errors.WalletTaken`."""
    with _of_who_began(found, said, now=now) as by:
        wallets.add(user_id=_user_id(by), key=said.key, by=by, now=now)


def prove_again(found: Exchanged, said: Said, *, now: datetime) -> None:
    """Who began shows once more to be there, with an own wallet. Raises SignInRefused."""
    with _of_who_began(found, said, now=now) as by:
        _require_own(said.key, by)
        key = proving_keys.of_wallet(said.key.address)
        step_up.proved(by=by, how="wallet", key=key, now=now)


def confirm(found: Exchanged, said: Said, *, noted: Mapping[str, Any], now: datetime) -> None:
    """Who began agrees, with an own wallet; what follows happens when it is collected.

    `noted` is kept for then. Raises SignInRefused, ChallengeRefused.
    """
    with _of_who_began(found, said, now=now) as by:
        _require_own(said.key, by)
        exchanges.note(found, noted)


def identify(found: Exchanged, said: Said, *, now: datetime) -> UUID:
    """The user whose wallet answered the last step. Raises SignInRefused, ChallengeRefused."""
    with transaction.atomic(), audit.gathered():
        exchanges.finish(found, said.key, now=now)
        user = wallets.holder(said.key.address)
        if user is None:
            raise SignInRefused
        first_factor.require_usable(user, address=found.origin.address, now=now)
        exchanges.note_user(found, user.id)
    return user.id


def switch_role(found: Exchanged, role: Role, *, now: datetime) -> Session:
    """Give the session that began the role that its wallet confirmed; once.

    Raises ChallengeRefused, also for a session that has ended.
    """
    with transaction.atomic(), audit.gathered():
        by = _who_began(found, now=now)
        if not exchanges.collect(found, now=now):
            raise ChallengeRefused
        return role_switching.switch(role, origin=found.origin, by=by, now=now)


def begin_session(
    found: Exchanged,
    *,
    audience: str,
    role: str,
    data: dict[str, Any],
    provider_name: str,
    now: datetime,
) -> Session:
    """The session that came out of a sign-in, begun by the first who collects it.

    Asked again, which only a sealed answer may be, it is the same session. Raises
    ChallengeRefused, SignInRefused for a user who was shut out since.
    """
    if found.user_id is None:
        raise ChallengeRefused
    with transaction.atomic(), audit.gathered():
        if exchanges.collect(found, now=now):
            session = sessions.start(
                user_id=found.user_id,
                proof=Proof(
                    Session.Method.WALLET,
                    provider_name,
                    wallet_os=found.wallet_os,
                    key=proving_keys.of_wallet(found.wallet) if found.wallet else "",
                ),
                origin=found.origin,
                audience=audience,
                lasts=sessions.usual_life(),
                role=role,
                data=data,
                now=now,
            )
            exchanges.note_session(found, session.id)
            return session
    return _begun_already(found)


def _begun_already(found: Exchanged) -> Session:
    session_id = exchanges.session_of(found) if found.sealed_for else None
    if session_id is None:
        raise ChallengeRefused
    going_on = Session.objects.filter(id=session_id, status=Session.Status.ACTIVE)
    session = going_on.select_related("user").first()
    # Renewed since means that the answer arrived.
    if session is None or session.refresh_serial != 1:
        raise ChallengeRefused
    return session


@contextmanager
def _of_who_began(found: Exchanged, said: Said, *, now: datetime) -> Iterator[Actor]:
    """Consume the exchange as the session that began it, which must still be going on."""
    with transaction.atomic(), audit.gathered():
        by = _who_began(found, now=now)
        exchanges.finish(found, said.key, now=now)
        yield by


def _who_began(found: Exchanged, *, now: datetime) -> Actor:
    if found.session_id is None or found.user_id is None:
        raise ChallengeRefused
    going_on = Session.objects.filter(
        id=found.session_id, user_id=found.user_id, status=Session.Status.ACTIVE
    )
    session = going_on.filter(expires_at__gt=now).select_related("user").first()
    if session is None:
        raise ChallengeRefused
    first_factor.require_usable(session.user, address=found.origin.address, now=now)
    return Actor(
        kind=ActorKind.SESSION,
        scope_id=session.scope_id,
        user_id=session.user_id,
        public_id=session.user.public_id,
        device_id=session.device_id,
        session_id=session.id,
        address=found.origin.address,
    )


def _claims(token: str, public: wallet_keys.PublicKey, *, now: datetime) -> wallet_jwt.Claims:
    try:
        claims = wallet_jwt.verify(token, public, now=int(now.timestamp()))
    except TokenInvalid:
        raise SignInRefused from None
    # One key has an address for each role: a wallet speaks for its account.
    if claims.issuer.text != public.address():
        raise SignInRefused
    return claims


def _require_own(key: Key, by: Actor) -> None:
    holder = wallets.holder(key.address)
    if holder is None or holder.id != by.user_id:
        raise SignInRefused


def _user_id(by: Actor) -> UUID:
    if by.user_id is None:
        raise ChallengeRefused
    return by.user_id
