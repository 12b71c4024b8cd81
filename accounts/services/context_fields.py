"""What texts and policies of solutions, contexts and members may hold before they are stored."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.services import text_ids
from identity import errors
from identity.scoping import doors

LONGEST_ID: Final = 128
LONGEST_SOLUTION_NAME: Final = 256
LONGEST_TEXT: Final = 128
"""Characters of a context's name, and of its description."""

_COMMON: Final = frozenset({"get", "listMy", "listAll", "create", "update", "delete"})
_YES_NO: Final = frozenset(
    {
        "creatorHasToBeManager",
        "updaterCanBeRemovedFromManagers",
        "ownerCanBeRemovedFromManagers",
        "canOverwriteContextPolicy",
    }
)
_WHOLE: Final = frozenset({"default", "none", "all"})
_ANSWERS: Final = frozenset({"default", "yes", "no"})
_WHO: Final = frozenset({"user", "manager", "owner"})
_WHO_OF_ITEM: Final = _WHO | {"itemOwner"}
_NOT_COMBINED: Final = frozenset({"listMy", "listAll", "create"})
_WITH_ITEMS: Final = frozenset({"thread", "store", "kvdb"})
_CONTAINERS: Final = _WITH_ITEMS | {"inbox", "stream"}
_ITEM: Final = "item"
_LONGEST_VALUE: Final = 32


def kept(value: str, *, name: str, most: int, least: int = 0) -> str:
    """A text of another system, exactly as it came, of any characters that can be stored.

    Raises `identity.errors.Invalid`.
    """
    if not least <= len(value) <= most:
        raise errors.Invalid(f"{name} has {least} to {most} characters.", field=name)
    if not doors.is_storable(value):
        raise errors.Invalid(f"{name} holds a character that can't be stored.", field=name)
    return value


def foreign_id(value: str, *, name: str) -> str:
    """An id of another system: any text but dots alone. Raises `identity.errors.Invalid`."""
    text_ids.require_segment(value, name=name)
    return kept(value, name=name, most=LONGEST_ID, least=1)


def own_id(value: str, *, name: str) -> str:
    """An id that is made here: one plain segment of a path. Raises `identity.errors.Invalid`."""
    text_ids.require_plain(value, name=name)
    return kept(value, name=name, most=LONGEST_ID, least=1)


def is_storable(value: str) -> bool:
    """Whether a row could hold this text: of any other, there is none."""
    return doors.is_storable(value)


def policy(value: Mapping[str, Any]) -> dict[str, Any]:
    """A context's policy, which members' devices keep to. Raises `identity.errors.Invalid`."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if key in _COMMON:
            found[key] = _who(inner, _WHO, path=key)
        elif key in _CONTAINERS:
            found[key] = _container(inner, path=key, has_items=key in _WITH_ITEMS)
        else:
            raise _unexpected(key)
    return found


def _container(value: Any, *, path: str, has_items: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in _object(value, path).items():
        place = f"{path}.{key}"
        if key in _YES_NO:
            found[key] = _word(inner, _ANSWERS, path=place)
        elif key in _NOT_COMBINED:
            found[key] = _word(inner, _WHOLE, path=place)
        elif key in _COMMON or key == "updatePolicy":
            found[key] = _who(inner, _WHO, path=place)
        elif key == _ITEM and has_items:
            found[key] = _item(inner, path=place)
        else:
            raise _unexpected(place)
    return found


def _item(value: Any, *, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in _object(value, path).items():
        if key not in _COMMON:
            raise _unexpected(f"{path}.{key}")
        found[key] = _who(inner, _WHO_OF_ITEM, path=f"{path}.{key}")
    return found


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise errors.Invalid(f"policy.{path} is an object.", field="policy")
    return value


def _who(value: Any, words: frozenset[str], *, path: str) -> str:
    """`default`, `none`, `all`, or words joined by `&` (and) and `,` (or)."""
    text = _text(value, path)
    if text in _WHOLE:
        return text
    if not all(part in words for choice in text.split(",") for part in choice.split("&")):
        raise _refused(path)
    return text


def _word(value: Any, words: frozenset[str], *, path: str) -> str:
    text = _text(value, path)
    if text not in words:
        raise _refused(path)
    return text


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
        raise _refused(path)
    return value


def _refused(path: str) -> errors.Invalid:
    return errors.Invalid(f"policy.{path} is none of the words for it.", field="policy")


def _unexpected(path: str) -> errors.Invalid:
    shown = path if len(path) <= LONGEST_ID and doors.is_storable(path) else "…"
    return errors.Invalid(f"policy has no key {shown}.", field="policy")
