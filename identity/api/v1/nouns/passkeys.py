"""Passkeys: made, used to sign in, listed, renamed, removed; WebAuthn's JSON goes through as is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts.queries import passkeys as stored
from accounts.services import passkeys as accounts
from identity.api.v1 import pairs, route, shapes
from identity.api.v1.nouns import sign_in
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.nouns.sign_in import SignedIn, Visitor
from identity.api.v1.nouns.step_up import Ceremony, own_account, user_id_of
from identity.api.v1.route import OPEN, SELF, Asked, Reply
from identity.api.v1.shapes import Body, Gone, Items, Shown
from sessions_app.services import passkey_ceremonies, passkey_sign_in

Name = Annotated[str, msgspec.Meta(max_length=100)]
Username = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]


class Passkey(Shown, frozen=True):
    """A passkey of the caller's.

    `aaguid` is the model of the authenticator, as far as it says so. `is_backed_up`: its maker
    keeps copies. `rp_id`: the domain it was made for; it is of no use at another. `alarmed_at`: the
    last time that its counter went backwards, as after a theft; from `suspended_at` on it opens
    nothing.
    """

    id: UUID
    name: str
    credential_id: str
    aaguid: UUID
    attestation: str
    rp_id: str
    transports: Sequence[str]
    is_backup_eligible: bool
    is_backed_up: bool
    added_at: datetime
    last_used_at: datetime | None
    alarmed_at: datetime | None
    suspended_at: datetime | None


class NewPasskey(Body, frozen=True):
    """What `navigator.credentials.create()` made of the options, as `toJSON()` writes it."""

    challenge_id: UUID
    credential: dict[str, Any]
    name: Name = ""


class PasskeyName(Body, frozen=True):
    """What the passkey is called."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class PasskeyHolder(Body, frozen=True):
    """The user name, or nothing where the authenticator knows who it is."""

    username: Username | None = None


class ByPasskey(Body, frozen=True):
    """What `navigator.credentials.get()` made of the options, with the same user name or none."""

    challenge_id: UUID
    credential: dict[str, Any]
    username: Username | None = None
    visitor: Visitor = ""


class NewPerson(Body, frozen=True):
    """Who somebody new wants to be."""

    username: Username
    full_name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class JoiningByPasskey(Body, frozen=True):
    """The first passkey of somebody new, with what was sent to begin."""

    challenge_id: UUID
    credential: dict[str, Any]
    username: Username
    full_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    visitor: Visitor = ""


@route.act("GET", "/passkeys", SELF, "my_passkeys_list", "Your passkeys", shows=Items[Passkey])
def passkeys(asked: Asked) -> Items[Passkey]:
    """The oldest first; there are at most 20."""
    rows = stored.of(user_id_of(own_account(asked)))
    return Items([shown(row) for row in rows], None)


@route.act(
    "POST",
    "/passkeys/registration",
    SELF,
    "my_passkeys_begin",
    "Options to make a passkey of yours",
    body=Nothing,
    shows=Ceremony,
    is_dangerous=True,
)
def begin(asked: Asked) -> Ceremony:
    """Good once, for a minute."""
    begun = passkey_sign_in.begin_own(by=own_account(asked), now=asked.now)
    return Ceremony(begun.challenge_id, begun.options)


@route.act(
    "POST",
    "/passkeys",
    SELF,
    "my_passkeys_add",
    "Add the passkey that was made: it signs you in from now on",
    body=NewPasskey,
    shows=Passkey,
    status=201,
    is_alone=True,
    is_dangerous=True,
)
def add(asked: Asked) -> Passkey:
    """The challenge is spent by a wrong answer, too."""
    given: NewPasskey = asked.body
    row = passkey_sign_in.complete_own(
        challenge_id=given.challenge_id,
        credential=given.credential,
        name=given.name,
        by=own_account(asked),
        now=asked.now,
    )
    return shown(row)


@route.act(
    "PUT",
    "/passkeys/{passkey}",
    SELF,
    "my_passkeys_rename",
    "Call a passkey of yours something else",
    body=PasskeyName,
    shows=Passkey,
    is_dangerous=True,
)
def rename(asked: Asked) -> Passkey:
    """One's own alone."""
    actor = own_account(asked)
    row = accounts.rename(
        user_id=user_id_of(actor),
        passkey_id=asked.ids["passkey"],
        name=asked.body.name,
        by=actor,
        now=asked.now,
    )
    return shown(row)


@route.act(
    "DELETE",
    "/passkeys/{passkey}",
    SELF,
    "my_passkeys_remove",
    "Remove a passkey of yours; never the last way to sign in",
    shows=Gone,
    is_dangerous=True,
)
def remove(asked: Asked) -> Gone:
    """One's own alone."""
    actor, passkey_id = own_account(asked), asked.ids["passkey"]
    accounts.remove(user_id=user_id_of(actor), passkey_id=passkey_id, by=actor, now=asked.now)
    return Gone(str(passkey_id))


@route.act(
    "POST",
    "/passkeys/authentication",
    OPEN,
    "passkeys_authenticate",
    "Options to sign in with a passkey, with a user name or without",
    body=PasskeyHolder,
    shows=Ceremony,
    is_of_scope=True,
)
def authenticate(asked: Asked) -> Ceremony:
    """The same kind of answer for names that nobody has."""
    begun = passkey_ceremonies.begin_authentication(name=asked.body.username, now=asked.now)
    return Ceremony(begun.challenge_id, begun.options)


@route.act(
    "POST",
    "/passkeys/authentication/complete",
    OPEN,
    "passkeys_authenticate_complete",
    "Sign in with a passkey",
    body=ByPasskey,
    shows=SignedIn,
    is_of_scope=True,
    is_alone=True,
)
def complete(asked: Asked) -> Reply:
    """A one-time password follows only where the authenticator did not know the person."""
    given: ByPasskey = asked.body
    mark = pairs.mark(asked.sent)
    found = passkey_sign_in.sign_in(
        challenge_id=given.challenge_id,
        name=given.username,
        credential=given.credential,
        arrival=sign_in.arrival_of(asked, mark.digest),
        now=asked.now,
    )
    return sign_in.reply(asked, found, mark)


@route.act(
    "POST",
    "/passkeys/joining",
    OPEN,
    "passkeys_join",
    "Options to join with a first passkey, where the scope lets people",
    body=NewPerson,
    shows=Ceremony,
)
def join(asked: Asked) -> Ceremony:
    """Whether the name is free shows at the end."""
    given: NewPerson = asked.body
    begun = passkey_ceremonies.begin_newcomer(
        name=given.username, display_name=given.full_name, now=asked.now
    )
    return Ceremony(begun.challenge_id, begun.options)


@route.act(
    "POST",
    "/passkeys/joining/complete",
    OPEN,
    "passkeys_join_complete",
    "Join with the passkey that was made, and be signed in",
    body=JoiningByPasskey,
    shows=SignedIn,
    is_alone=True,
)
def joined(asked: Asked) -> Reply:
    """The account, its passkey and its first session."""
    given: JoiningByPasskey = asked.body
    mark = pairs.mark(asked.sent)
    found = passkey_sign_in.join(
        challenge_id=given.challenge_id,
        name=given.username,
        display_name=given.full_name,
        credential=given.credential,
        arrival=sign_in.arrival_of(asked, mark.digest),
        now=asked.now,
    )
    return sign_in.reply(asked, found, mark)


def shown(row: Any) -> Passkey:
    """A row as the API has it."""
    found: Passkey = shapes.of_row(Passkey, row)
    return found


ROUTES: Final = (
    passkeys,
    begin,
    add,
    rename,
    remove,
    authenticate,
    complete,
    join,
    joined,
)
