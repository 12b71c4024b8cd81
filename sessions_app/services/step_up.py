"""Step-up: a session shows once more who is there before a dangerous act.

Whoever has one-time passwords shows one of them: the password or the mailbox alone, which may be
what was stolen together with the session, is not enough then.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from accounts.queries import passkeys
from accounts.services import (
    mail_addresses,
    one_time_passwords,
    passwords,
    proving_keys,
    wallets,
    writing,
)
from identity.actor import Actor
from identity.crypto.errors import SignatureInvalid
from identity.errors import Forbidden, Invalid, Missing
from identity.services import audit
from sessions_app.errors import ChallengeRefused, SignInRefused, StepUpNeeded, TokenRefused
from sessions_app.models import Session
from sessions_app.services import (
    challenges,
    mailed_codes,
    passkey_ceremonies,
    user_key_challenges,
    wallet_messages,
)
from sessions_app.services.mailed_codes import Asker, Purpose, Sent
from sessions_app.services.passkey_options import Ceremony
from sessions_app.services.sessions import PROVEN_BY
from sessions_app.services.user_key_challenges import Act
from sessions_app.services.wallet_messages import Place

FRESH_SECONDS: Final = 5 * 60
"""How old the latest proof may be for a dangerous act."""
_FOR_SESSIONS: Final = "This is for the session of an account."


def require_fresh(authenticated_at: datetime, *, now: datetime, seconds: int = 0) -> None:
    """Refuse a dangerous act of a session whose latest proof is older. Raises StepUpNeeded."""
    most = seconds or FRESH_SECONDS
    if now - authenticated_at > timedelta(seconds=most):
        raise StepUpNeeded(seconds=most)


def by_password(*, password: str, by: Actor, now: datetime) -> None:
    """Prove with the account's password; its tries are those of every path.

    Not to be called in a transaction. Raises `accounts.errors.PasswordRefused`,
    `TooManyWrongPasswords`, `Busy`; Forbidden where one-time passwords are set up.
    """
    user = _user(by)
    _require_no_generator(user)
    passwords.check(user_id=user.id, password=password, now=now, address=by.address)
    proved(by=by, how="password", now=now)


def by_one_time_password(*, code: str, by: Actor, now: datetime) -> None:
    """Prove with a one-time password or a recovery code, which is used up.

    Not to be called in a transaction. Raises `accounts.errors.OneTimePasswordRefused`.
    """
    one_time_passwords.check(user_id=_user(by).id, code=code, by=by, now=now)
    proved(by=by, how="one-time-password", now=now)


def send_code(*, by: Actor, asker: Asker, now: datetime) -> Sent:
    """Mail a code to the account's proven address.

    Raises Missing where there is none, Forbidden where one-time passwords are set up, and what
    `mailed_codes.send` raises.
    """
    user = _user(by)
    _require_no_generator(user)
    return mailed_codes.send(
        purpose=Purpose.STEP_UP, address=_address(user), asker=asker, user_id=user.id, now=now
    )


def by_code(*, code: str, by: Actor, asker: Asker, now: datetime) -> None:
    """Prove with the code that `send_code` mailed. Raises `CodeRefused` and as `send_code`."""
    user = _user(by)
    _require_no_generator(user)
    mailed_codes.redeem(
        purpose=Purpose.STEP_UP,
        address=_address(user),
        code=code,
        asker=asker,
        user_id=user.id,
        now=now,
    )
    proved(by=by, how="email", now=now)


def text_for_wallet(*, address: str, place: Place, by: Actor, now: datetime) -> str:
    """A text for a wallet of the account to sign, which says what it is for.

    Good for this session alone: one that was signed to sign in proves nothing here, nor the other
    way. Raises as `wallet_messages.text_to_sign`.
    """
    _user(by)
    return wallet_messages.text_to_sign(
        address=address, place=place, browser=_mark(by), act=wallet_messages.STEP_UP, now=now
    )


def by_wallet(*, message: str, signature: str, by: Actor, now: datetime) -> None:
    """Prove with the text that `text_for_wallet` gave, signed by one of the account's wallets.

    Raises `sessions_app.errors.SignInRefused` for a wallet that is not the account's, and what
    `wallet_messages.prove` raises.
    """
    user = _user(by)
    key = wallet_messages.prove(
        message, signature, browser=_mark(by), act=wallet_messages.STEP_UP, now=now
    )
    holder = wallets.holder(key.address)
    if holder is None or holder.id != user.id:
        raise SignInRefused
    proved(by=by, how="wallet", key=proving_keys.of_wallet(key.address), now=now)


def text_for_user_key(*, public_key: str, by: Actor, now: datetime) -> str:
    """A text for a user key of the account to sign, good for this session alone.

    Raises `KeyInvalid`.
    """
    _user(by)
    said = {"session": str(by.session_id)}
    return user_key_challenges.text_to_sign(
        act=Act.STEP_UP, public_key=public_key, said=said, now=now
    )


def by_user_key(*, message: str, signature: str, by: Actor, now: datetime) -> None:
    """Prove with the text that `text_for_user_key` gave, signed by a user key of the account.

    Not to be called in a transaction. Raises `sessions_app.errors.SignInRefused` for a wrong
    signature and a key that is not the account's, ChallengeRefused as
    `user_key_challenges.prove`, and for the text of another session.
    """
    user = _user(by)
    try:
        proven = user_key_challenges.prove(message, signature, act=Act.STEP_UP, now=now)
    except SignatureInvalid:
        raise SignInRefused from None
    if proven.said["session"] != str(by.session_id):
        raise ChallengeRefused
    holder = wallets.holder(proven.key.text)
    if holder is None or holder.id != user.id:
        raise SignInRefused
    proved(by=by, how="user-key", key=proving_keys.of_wallet(proven.key.text), now=now)


def begin_passkey(*, by: Actor, now: datetime) -> Ceremony:
    """Options for a passkey of the account, good for this session alone.

    Raises Missing where the account has none.
    """
    user = _user(by)
    if not passkeys.has_usable(user.id):
        raise Missing("This account has no passkey that can be used.")
    return passkey_ceremonies.begin_again(user=user, mark=_mark(by), now=now)


def by_passkey(
    *, challenge_id: UUID, credential: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """Prove with a passkey to the challenge of `begin_passkey`.

    Where one-time passwords are set up, the authenticator must know the person. Not to be called
    in a transaction. Raises `SignInRefused`, `ChallengeRefused`, Forbidden.
    """
    user = _user(by)
    row = passkey_ceremonies.complete_again(
        challenge_id=challenge_id, user=user, mark=_mark(by), credential=credential, now=now
    )
    if not row.was_verified:
        _require_no_generator(user)
    proved(by=by, how="passkey", key=proving_keys.of_passkey(row.id), now=now)


def proved(*, by: Actor, how: str, now: datetime, key: str = "") -> None:
    """Note in the actor's own session a proof that was checked just now, by whatever method.

    `key` is as in `sessions.Proof`: without it there is no freshness. Raises SignInRefused if the
    key and TokenRefused if the session has gone in the meantime.
    """
    if by.session_id is None or by.user_id is None:
        raise Invalid(_FOR_SESSIONS)
    going_on = Session.objects.filter(
        id=by.session_id, user_id=by.user_id, status=Session.Status.ACTIVE
    )
    with writing.of(by):
        if key:
            proving_keys.hold(key, by.user_id, refusal=SignInRefused)
        session = going_on.select_for_update(no_key=True).first()
        if session is None:
            raise TokenRefused
        data = {name: value for name, value in session.data.items() if name != PROVEN_BY}
        going_on.update(authenticated_at=now, data={**data, PROVEN_BY: key} if key else data)
        subject = ("session", str(by.session_id))
        audit.record("session.proven-again", by=by, subject=subject, now=now, facts={"how": how})


def _mark(by: Actor) -> str:
    return challenges.digest(f"session {by.session_id}")


def _user(by: Actor) -> User:
    if by.session_id is None or by.user_id is None:
        raise Invalid(_FOR_SESSIONS)
    return User.objects.get(id=by.user_id)


def _require_no_generator(user: User) -> None:
    if user.one_time_password_id is not None:
        raise Forbidden("This account has one-time passwords: prove with one of them.")


def _address(user: User) -> str:
    address = mail_addresses.verified_of(user.id)
    if not address:
        raise Missing("This account has no verified e-mail address.")
    return address
