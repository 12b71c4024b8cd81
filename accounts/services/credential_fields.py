"""What a credential may say about its subject: fields with names that a context can define."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from identity import errors
from identity.crypto import json_ld_contexts, stable_json

MOST_FIELDS: Final = 100
MOST_BYTES: Final = 16 * 1024
MOST_DEPTH: Final = 4
# Written by us, whatever else was sent.
_OURS: Final = frozenset({"@context", "id", "type"})
# No sign that would make a name into an address, and none that can't be seen.
_NAME: Final = re.compile(r"\w[\w .()-]{0,63}")
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are signed; the server writes `@context`, `id` and `type` itself.

    Raises `identity.errors.Invalid` for names and values that a graph would not hold, and for too
    many or too much.
    """
    kept = {name: value for name, value in fields.items() if name not in _OURS}
    try:
        size = len(stable_json.text(kept).encode())
    except ValueError as error:
        raise _unfit("The fields are JSON whose numbers a double can hold.") from error
    if len(names(kept)) > MOST_FIELDS or size > MOST_BYTES:
        raise _unfit("There are too many fields, or they hold too much.")
    for name, value in kept.items():
        _check(name, value, MOST_DEPTH)
    return kept


def type_name(name: str) -> str:
    """The name of a type of subject. Raises `identity.errors.Invalid`."""
    if not _TYPE.fullmatch(name) or name in _reserved():
        raise errors.Invalid("A type is a word of its own of letters and digits.", field="type")
    return name


def names(value: Any) -> tuple[str, ...]:
    """All names in fields, sorted, each once."""
    found: set[str] = set()
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            found.update(each)
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
    return tuple(sorted(found))


def _check(name: str, value: Any, depth: int) -> None:
    if not _NAME.fullmatch(name) or name in _reserved() or name in _OURS:
        raise _unfit("A field has a name of letters, digits and spaces that is not reserved.")
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping) and each and depth > 1:
            for inner, member in each.items():
                _check(inner, member, depth - 1)
        elif not _is_plain(each):
            raise _unfit("A field holds text, numbers, truth values, or lists and objects of them.")
    if value == []:
        raise _unfit("A field holds something.")


def _is_plain(value: Any) -> bool:
    """What every reader, and every database, gives back as it was signed."""
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, int | float) and abs(value) <= stable_json.MAX_INTEGER


@cache
def _reserved() -> frozenset[str]:
    """Words whose meaning in a credential is settled, and is something else."""
    known = json_ld_contexts.bundled()
    settled = (json_ld_contexts.CREDENTIALS_V1, json_ld_contexts.CREDENTIALS_V2)
    words = {word for address in settled for word in known[address]["@context"]}
    return frozenset(words - set(json_ld_contexts.SHARED))


def _unfit(detail: str) -> errors.Invalid:
    return errors.Invalid(detail, field="fields")
