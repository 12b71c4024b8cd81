"""What may stand in the facts of an audit event: plain JSON without fractions and secrets."""

import re
from collections.abc import Mapping
from typing import Any, Final

MOST_DEPTH: Final = 8
MOST_INTEGER: Final = 2**53 - 1
SECRET_WORDS: Final = (
    "password",
    "passphrase",
    "secret",
    "private",
    "token",
    "invitestring",
    "verifier",
    "mnemonic",
    "sealed",
)
_NOT_A_WORD = re.compile(r"[^a-z0-9]")
# PostgreSQL's jsonb takes neither the character NUL nor half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class FactsRefused(ValueError):
    """A mistake in our code: these facts must not or can't be written. It quotes no value."""


def checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they will be stored.

    Raises FactsRefused for fractions, integers beyond ±(2^53-1), values that are not JSON, texts
    that a database can't hold, and names that sound like a secret. A true, false or null under
    such a name (`is_password_protected`) tells no secret and is let through.
    """
    return {_name(name, value): _checked(value, name, MOST_DEPTH) for name, value in facts.items()}


def short_text(value: str, *, most: int) -> str:
    """A name or a subject of an event: 1 to `most` characters. Raises FactsRefused."""
    if not 1 <= len(value) <= most:
        raise FactsRefused(f"names and subjects of events have 1 to {most} characters")
    return _text(value, "a name or a subject")


def _checked(value: Any, path: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return _integer(value, path)
    if depth == 0:
        raise FactsRefused(f"{path} is nested too deeply")
    if isinstance(value, Mapping):
        return {
            _name(name, inner): _checked(inner, f"{path}.{name}", depth - 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_checked(inner, f"{path}[]", depth - 1) for inner in value]
    raise FactsRefused(f"{path} is a {type(value).__name__}, which is not JSON without fractions")


def _name(name: object, value: object) -> str:
    if not isinstance(name, str):
        raise FactsRefused("the names of facts are texts")
    word = _NOT_A_WORD.sub("", name.casefold())
    is_telling = value is not None and not isinstance(value, bool)
    if is_telling and any(secret in word for secret in SECRET_WORDS):
        raise FactsRefused(f"{name} sounds like a secret, which never enters the audit record")
    return _text(name, name)


def _text(value: str, path: str) -> str:
    if _UNSTORABLE.search(value):
        raise FactsRefused(f"{path} holds a character that can't be stored")
    # A text enumeration is stored as the plain text that it is.
    return str(value)


def _integer(value: int, path: str) -> int:
    if abs(value) > MOST_INTEGER:
        raise FactsRefused(f"{path} is an integer that not every JSON reader can hold")
    return int(value)
