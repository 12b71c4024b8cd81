"""Joining and signing in by passkey: two calls each, with a challenge between them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from accounts.errors import NameTaken, PasskeyTaken
from identity.api.passport import auth, errors, inputs, outputs, sent, session_tokens
from identity.api.passport.route import Asked, Method, Who
from identity.errors import Invalid
from sessions_app.services import passkey_accounts
from sessions_app.services.first_factor import Arrival
from sessions_app.services.passkey_accounts import Admitted
from sessions_app.services.sessions import Origin


def begin_registration(asked: Asked) -> dict[str, Any]:
    """`initiateRegistration`: options to make a passkey for a name that nobody has."""
    user = _user(asked)
    try:
        begun = passkey_accounts.begin_joining(
            name=user.name, display_name=user.display_name, now=asked.now
        )
    except NameTaken:
        raise errors.duplicate() from None
    return outputs.creation(begun, asked.channel)


def complete_registration(asked: Asked) -> dict[str, Any]:
    """`completeRegistration`: the user, the passkey and the account that signs, all or nothing."""
    user, challenge_id = _user(asked), _challenge_id(asked)
    credential = _credential(asked, "encrypted_attestation")
    try:
        joined = passkey_accounts.complete_joining(
            challenge_id=challenge_id,
            name=user.name,
            display_name=user.display_name,
            credential=credential,
            address=asked.sent.address,
            now=asked.now,
        )
    except (NameTaken, PasskeyTaken):
        raise errors.duplicate() from None
    made = joined.user
    return outputs.registered(made.public_id, scope_id=asked.scope_id, username=made.username)


def begin_authentication(asked: Asked) -> dict[str, Any]:
    """`initiateAuthentication`: options to prove a passkey; `regenerate_seed` ends older sessions.

    Nothing ends before the passkey is proven: anybody can send a name.
    """
    user, is_alone = _user(asked), asked.named.get("regenerate_seed", False)
    if not isinstance(is_alone, bool):
        raise Invalid("regenerate_seed is true or false.")
    begin = passkey_accounts.begin_alone if is_alone else passkey_accounts.begin
    begun = begin(name=user.name, now=asked.now)
    if begun is None:
        raise errors.no_account()
    return outputs.request(begun, asked.channel)


def complete_authentication(asked: Asked) -> dict[str, Any]:
    """`completeAuthentication`: a session, and its token under the caller's key."""
    user, challenge_id = _user(asked), _challenge_id(asked)
    origin = Origin(asked.sent.address, asked.sent.user_agent)
    found = passkey_accounts.complete(
        challenge_id=challenge_id,
        name=user.name,
        credential=_credential(asked, "encrypted_assertion"),
        arrival=Arrival(origin, session_tokens.audience(asked.slug), ""),
        now=asked.now,
    )
    if not isinstance(found, Admitted):
        raise errors.second_factor_due()
    token = session_tokens.mint(found, asked)
    sealed = asked.channel.seal(token.encode())
    if sent.USER not in asked.sent.headers:
        # Clients of version 1.0.0 send this text alone from now on, and not the scope.
        passkey_accounts.mark(found.session, sealed)
    return {"encrypted_jwt": sealed}


def _user(asked: Asked) -> inputs.User:
    """The user in the parameters; a header that names somebody else is refused."""
    user = inputs.user(asked)
    auth.require_same_user(asked, user.name)
    return user


def _challenge_id(asked: Asked) -> UUID:
    try:
        return UUID(inputs.text(asked, "challenge_id"))
    except ValueError:
        raise Invalid("challenge_id is needed, as it was given out.") from None


def _credential(asked: Asked, name: str) -> Mapping[str, Any]:
    return inputs.opened(asked.channel, inputs.text(asked, name))


METHODS: Final = (
    Method("initiateRegistration", Who.ANYBODY, begin_registration),
    Method("completeRegistration", Who.ANYBODY, complete_registration),
    Method("initiateAuthentication", Who.ANYBODY, begin_authentication),
    Method("completeAuthentication", Who.ANYBODY, complete_authentication),
)
