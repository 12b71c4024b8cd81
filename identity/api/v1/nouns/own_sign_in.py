"""How the caller signs in: one-time passwords, recovery codes, the verified address."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec

from accounts import queries as accounts
from accounts.services import one_time_passwords, recovery_codes
from identity import queries as ground
from identity.actor import Actor, ActorKind
from identity.api.v1 import route
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.nouns.sign_in import Address, Code, CodeSent
from identity.api.v1.nouns.step_up import asker_of, own_account, shown, user_id_of
from identity.api.v1.route import SELF, Asked, Reply
from identity.api.v1.shapes import Body, Shown
from identity.pages import own_sign_in
from invitations.services import account
from invitations.services.governance import Pending
from sessions_app.errors import StepUpNeeded
from sessions_app.services import own_address

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class OneTimePasswords(Shown, frozen=True):
    """Whether sign-ins ask for a one-time password, since when, and unused recovery codes."""

    is_set: bool
    since: datetime | None
    recovery_codes_left: int


class NewGenerator(Shown, frozen=True):
    """A secret that waits for its first code, for 30 minutes, shown to its owner alone.

    `secret` is base32, `uri` what authenticators read, `qr` the same as an SVG picture.
    """

    secret: str
    uri: str
    qr: str


class FirstCode(Body, frozen=True):
    """The code that the new generator shows."""

    code: Code


class RecoveryCodes(Shown, frozen=True):
    """Ten codes, each good once in place of a one-time password; they are never shown again."""

    recovery_codes: Sequence[str]


class OwnAddress(Body, frozen=True):
    """An e-mail address of the caller's."""

    email: Address


class AddressCode(Body, frozen=True):
    """The six digits of the latest mail to the address."""

    email: Address
    code: Code


class NewPassword(Body, frozen=True):
    """A new password, of 8 characters and more, and the present one where there is one.

    A session needs no `present_password` within five minutes of a proof, and can't go by it where
    one-time passwords are set up.
    """

    password: Password
    present_password: Password | None = None


class PasswordSet(Shown, frozen=True):
    """The password is the account's from now on; its other sessions are ended."""

    is_set: bool


class Verified(Shown, frozen=True):
    """The caller's verified address in its normal form."""

    email: str


@route.read(
    "/me/one-time-password",
    SELF,
    "my_one_time_password_get",
    "Whether your sign-in asks for one-time passwords",
    shows=OneTimePasswords,
)
def state(asked: Asked) -> OneTimePasswords:
    """The caller's own."""
    return state_of(own_account(asked))


@route.act(
    "POST",
    "/me/one-time-password",
    SELF,
    "my_one_time_password_begin",
    "First step of one-time passwords: a secret for your authenticator",
    body=Nothing,
    shows=NewGenerator,
    status=201,
    is_dangerous=True,
)
def begin(asked: Asked) -> NewGenerator:
    """The generator in use, if there is one, stays until the new one shows its first code."""
    actor = own_account(asked)
    user_id = user_id_of(actor)
    one_time_passwords.begin(user_id=user_id, by=actor, now=asked.now)
    begun = one_time_passwords.begun(user_id=user_id, now=asked.now)
    if begun is None:
        raise RuntimeError("what was begun just now is gone")
    account = f"{ground.scope().slug}/{accounts.own(actor).username}"
    uri = own_sign_in.address(begun, account)
    return NewGenerator(begun.text, uri, own_sign_in.drawn(uri).decode())


@route.act(
    "POST",
    "/me/one-time-password/confirm",
    SELF,
    "my_one_time_password_confirm",
    "Second step: its first code; the recovery codes, shown once",
    body=FirstCode,
    shows=RecoveryCodes,
    is_alone=True,
    is_dangerous=True,
)
def confirm(asked: Asked) -> RecoveryCodes:
    """Sign-ins by password and by mailed code ask for one from now on."""
    actor = own_account(asked)
    codes = one_time_passwords.confirm(
        user_id=user_id_of(actor), code=asked.body.code, by=actor, now=asked.now
    )
    return RecoveryCodes(codes)


@route.act(
    "DELETE",
    "/me/one-time-password",
    SELF,
    "my_one_time_password_remove",
    "Sign in without one-time passwords from now on",
    shows=OneTimePasswords,
    is_dangerous=True,
)
def remove(asked: Asked) -> OneTimePasswords:
    """A session has proven itself with one of them shortly before. Not for staff."""
    actor = own_account(asked)
    one_time_passwords.remove_own(user_id=user_id_of(actor), by=actor, now=asked.now)
    return state_of(actor)


@route.act(
    "POST",
    "/me/recovery-codes",
    SELF,
    "my_recovery_codes_renew",
    "Ten new recovery codes, shown once; the old ones are void",
    body=Nothing,
    shows=RecoveryCodes,
    status=201,
    is_dangerous=True,
)
def renew(asked: Asked) -> RecoveryCodes:
    """For accounts with one-time passwords."""
    actor = own_account(asked)
    return RecoveryCodes(recovery_codes.renew(user_id=user_id_of(actor), by=actor, now=asked.now))


@route.act(
    "POST",
    "/me/email",
    SELF,
    "my_email_send",
    "Have a code mailed to an address of yours, to verify it",
    body=OwnAddress,
    shows=CodeSent,
    status=202,
    is_alone=True,
    is_dangerous=True,
)
def send_address(asked: Asked) -> CodeSent:
    """The same answer whether another account has the address."""
    actor = own_account(asked)
    sent = own_address.send(
        address=asked.body.email, by=actor, asker=asker_of(asked, actor), now=asked.now
    )
    return shown(sent)


@route.act(
    "POST",
    "/me/email/code",
    SELF,
    "my_email_verify",
    "Verify an address of yours with the code that was mailed to it",
    body=AddressCode,
    shows=Verified,
    is_alone=True,
    is_dangerous=True,
)
def verify_address(asked: Asked) -> Verified:
    """From now on a code to this address signs you in: it is a way in."""
    actor = own_account(asked)
    proven = own_address.verify(
        address=asked.body.email,
        code=asked.body.code,
        by=actor,
        asker=asker_of(asked, actor),
        now=asked.now,
    )
    return Verified(proven)


@route.act(
    "PUT",
    "/me/password",
    SELF,
    "my_password_set",
    "Set or change your password: your other sessions end",
    body=NewPassword,
    shows=PasswordSet,
    may_wait=True,
    is_alone=True,
)
def set_password(asked: Asked) -> Reply:
    """At once, unless a policy of the scope asks for others' consent."""
    actor, given = own_account(asked), asked.body
    if actor.kind is ActorKind.SESSION:
        answer = account.set_password(
            new=given.password,
            present=given.present_password,
            is_proven=_is_recent(asked),
            by=actor,
            now=asked.now,
        )
    else:
        answer = account.change_password(
            old=given.present_password or "",
            new=given.password,
            by=actor,
            now=asked.now,
            evidence=account.without_secrets(actor),
        )
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(PasswordSet(is_set=True))


def _is_recent(asked: Asked) -> bool:
    try:
        asked.caller.require_recent()
    except StepUpNeeded:
        return False
    return True


def state_of(actor: Actor) -> OneTimePasswords:
    """How somebody signs in now."""
    found = accounts.sign_in_state(user_id_of(actor))
    since = found.since.replace(microsecond=0) if found.since else None
    return OneTimePasswords(found.has_one_time_password, since, found.recovery_codes_left)


ROUTES: Final = (
    state,
    begin,
    confirm,
    remove,
    renew,
    send_address,
    verify_address,
    set_password,
)
