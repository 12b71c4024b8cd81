"""Who calls: from wrapped key and encrypted headers to a channel and the holder of an account."""

from datetime import datetime
from typing import Final

from accounts.queries import names
from identity.actor import Actor, ActorKind
from identity.api.passport import (
    envelope,
    errors,
    inputs,
    key_assertions,
    sent,
    session_tokens,
)
from identity.api.passport.envelope import Channel
from identity.api.passport.route import Asked, Caller
from identity.api.passport.sent import Sent
from identity.crypto.errors import DecryptionFailed
from identity.errors import DomainError, Invalid, Kind, NotSupported, Unauthenticated
from identity.scoping import session_doors
from identity.scoping.doors import ScopeDoor
from identity.services import server_keys
from sessions_app.services import challenges

_PROOFS: Final = (sent.SESSION, sent.OLD_SESSION, sent.KEY_SIGNATURE, sent.DIRECT_PASSKEY)
_NULL: Final = b"null"


def channel(asked: Sent, *, now: datetime) -> Channel:
    """The channel of a request; without a header one under which nothing opens."""
    wrapped = asked.headers.get(sent.WRAPPED_KEY, "")
    keys = server_keys.usable_encryption_keys(now=now) if wrapped else []
    return envelope.unwrap(wrapped, keys)


def scope_of_token(asked: Sent) -> ScopeDoor | None:
    """The scope of a session that is all a client of version 1.0.0 sends; None for the rest.

    Whether the session may act is asked later.
    """
    token = asked.headers.get(sent.OLD_SESSION, "")
    if not token or sent.SCOPE_ID in asked.headers:
        return None
    return session_doors.scope_by_token(challenges.digest(token))


def has_proof(asked: Sent) -> bool:
    """Whether a request says who sends it, rightly or not."""
    return any(name in asked.headers for name in _PROOFS)


def caller(asked: Asked) -> Caller:
    """The holder of an account: by a session, or by the word of the scope's developer.

    Raises Unauthenticated, the same for every cause, DecryptionFailed for what can't be opened,
    and NotSupported for a passkey's signature over each request, which no client can make.
    """
    proofs = [name for name in _PROOFS if name in asked.sent.headers]
    if len(proofs) != 1:
        raise Unauthenticated
    if proofs[0] == sent.DIRECT_PASSKEY:
        raise NotSupported("Sign in with the passkey and send the session.")
    by_whom = _by_developer if proofs[0] == sent.KEY_SIGNATURE else _by_session
    try:
        return by_whom(asked, asked.sent.headers[proofs[0]])
    except DecryptionFailed:
        raise
    except DomainError as refusal:
        if refusal.kind is Kind.UNAVAILABLE:
            raise
        raise Unauthenticated from refusal


def _by_session(asked: Asked, sealed: str) -> Caller:
    token = asked.channel.open(sealed).decode("ascii", errors="replace")
    checked = session_tokens.check(token, asked)
    require_same_user(asked, checked.door.username)
    return Caller(
        user_id=checked.door.user_id,
        username=checked.door.username,
        actor=checked.actor(asked.sent.address),
    )


def _by_developer(asked: Asked, sealed: str) -> Caller:
    """A user who came by a developer's word, by that word: it covers the header that names it.

    Methods and parameters are not covered, and there is no time in it: this is a bearer's header
    by the protocol's design (specification §5). Raises Told for a user who is not registered,
    which none but the holder of a key hears.
    """
    named_by = asked.sent.headers.get(sent.USER, "")
    key = key_assertions.verified(asked, sealed, expected_data=named_by)
    user = inputs.user_of(inputs.opened(asked.channel, named_by))
    found = names.holder(user.name)
    if found is None:
        raise errors.no_account()
    address = asked.sent.address
    if found.source != names.VOUCHED or not found.is_usable(address=address, now=asked.now):
        raise Unauthenticated
    return Caller(
        user_id=found.id,
        username=found.username,
        actor=Actor(
            kind=ActorKind.DEVELOPER,
            scope_id=asked.scope_id,
            user_id=found.id,
            public_id=found.public_id,
            developer_key_id=key.id,
            address=address,
        ),
    )


def require_same_user(asked: Asked, username: str) -> None:
    """Whom the header names is this user: clients send it along, or `null`.

    Raises DecryptionFailed, Unauthenticated.
    """
    sealed = asked.sent.headers.get(sent.USER)
    if not sealed or asked.channel.open(sealed).strip() == _NULL:
        return
    try:
        named = inputs.user_of(inputs.opened(asked.channel, sealed))
    except Invalid:
        raise Unauthenticated from None
    if not names.are_the_same(named.name, username):
        raise Unauthenticated
