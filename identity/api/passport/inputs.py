"""Wire words to ours: what is encrypted in parameters and headers, and what is not."""

from dataclasses import dataclass
from typing import Any, Final

from identity.api.passport.envelope import Channel
from identity.api.passport.route import Asked
from identity.crypto import strict_json
from identity.crypto.errors import DecryptionFailed, EnvelopeMalformed
from identity.errors import Invalid
from identity.web import storable

MOST_NAME: Final = 254


@dataclass(frozen=True, slots=True)
class User:
    """Who is meant: `name` is the identity, unique in the scope."""

    name: str
    display_name: str


def text(asked: Asked, name: str) -> str:
    """A parameter that is a text. Raises Invalid."""
    value = asked.named.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{name} is needed, as a text.")
    return value


def opened(channel: Channel, sealed: str) -> dict[str, Any]:
    """The JSON object in an encrypted text. Raises DecryptionFailed, also for what is no object."""
    try:
        value = strict_json.decode(channel.open(sealed))
    except EnvelopeMalformed:
        raise DecryptionFailed from None
    if storable.holds_nul(value):
        raise DecryptionFailed
    return value


def user(asked: Asked) -> User:
    """The user in `encrypted_user`. Raises DecryptionFailed, Invalid."""
    return user_of(opened(asked.channel, text(asked, "encrypted_user")))


def user_of(given: dict[str, Any]) -> User:
    """The user in an object. Raises Invalid."""
    name, shown = given.get("username"), given.get("userDisplayName")
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Invalid(f"username is needed: 1 to {MOST_NAME} printable characters.")
    if shown is not None and (not isinstance(shown, str) or len(shown) > MOST_NAME):
        raise Invalid(f"userDisplayName is a text of at most {MOST_NAME} characters.")
    return User(name, shown or name)
