"""Texts with placeholders, `<<inputs.0>>`, into which values are put where no code reads them.

What a value may become is decided by where its placeholder stands, before there is a value: a part
of a path or a query, of a header, of a JSON document, of hex or of a text. It can't leave its
place: in an address it is percent-encoded, in a header it has no line end, in hex it is hex.
"""

import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from accounts import errors
from identity.errors import Invalid

PLACEHOLDER: Final = re.compile(
    r"<<(?:(inputs|conditions|envs)\.(0|[1-9][0-9]{0,2})|(signature))>>"
)
MOST_MESSAGE_BYTES: Final = 16 * 1024
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")
_HEADER: Final = re.compile(r"[ -~]{0,4096}")
_DOTS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Given:
    """The values of one run. `outputs` are those of the conditions before; `signature` is hex."""

    inputs: Sequence[Any] = ()
    envs: Sequence[Any] = ()
    outputs: Sequence[Any] = ()
    signature: str = field(default="", repr=False)

    def values(self) -> dict[str, Any]:
        """What code is given: a condition before is an object with its `output`."""
        return {
            "inputs": list(self.inputs),
            "envs": list(self.envs),
            "conditions": [{"output": output} for output in self.outputs],
        }

    def value(self, found: "re.Match[str]") -> Any:
        """The value of a placeholder. Raises `accounts.errors.LambdaFailed` where there is none."""
        kind, index, signature = found.groups()
        if signature:
            if not self.signature:
                raise errors.LambdaFailed
            return self.signature
        values = {"inputs": self.inputs, "envs": self.envs, "conditions": self.outputs}[kind]
        if int(index) >= len(values):
            raise errors.LambdaFailed
        return values[int(index)]


def in_address(template: str, given: Given) -> str:
    """The path and query of an address; a value is one piece of it. Raises LambdaFailed."""

    def piece(text: str) -> str:
        # No encoding hides from everybody that a segment of dots means the one above.
        if text in _DOTS:
            raise errors.LambdaFailed
        return urllib.parse.quote(text, safe="")

    return _filled(template, given, piece)


def in_header(template: str, given: Given) -> str:
    """A header's value: printable ASCII of one line. Raises LambdaFailed."""
    filled = _filled(template, given, str)
    if not _HEADER.fullmatch(filled):
        raise errors.LambdaFailed
    return filled


def in_json(template: Any, given: Given) -> Any:
    """A JSON value; a text that is one placeholder becomes its value, as it is."""
    if isinstance(template, Mapping):
        return {name: in_json(value, given) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [in_json(value, given) for value in template]
    if not isinstance(template, str):
        return template
    alone = PLACEHOLDER.fullmatch(template)
    return given.value(alone) if alone else _filled(template, given, str)


def message(template: str, given: Given, *, is_template: bool) -> bytes:
    """The bytes to be signed. Raises LambdaFailed.

    A template that begins with `0x` is hex, and so is one that is a placeholder alone; every value
    in it is hex as well. Every other template is a text. Nothing that a value says changes that.
    """
    if not is_template:
        return _from_hex(template) if is_hex(template) else _bounded(template.encode())
    if not is_hex(template):
        return _bounded(_filled(template, given, str).encode())
    filled = PLACEHOLDER.sub(lambda found: _digits(given.value(found)), template)
    return _from_hex(filled)


def require_message(template: str, *, is_template: bool) -> None:
    """Refuse a template of what no message could be made. Raises `identity.errors.Invalid`."""
    if not template or len(template.encode()) > MOST_MESSAGE_BYTES:
        raise Invalid("config: actions.data has 1 byte to 16 KiB.", field="config")
    fixed = PLACEHOLDER.sub("", template) if is_template else template
    if is_hex(template) and not _HEX.fullmatch(fixed):
        raise Invalid("config: actions.data begins with 0x and is not hex.", field="config")
    if is_template and any(found.group(3) for found in PLACEHOLDER.finditer(template)):
        raise Invalid("config: actions.data is there before the signature is.", field="config")


def is_hex(template: str) -> bool:
    """Whether a template of data stands for hex."""
    return template.startswith("0x") or PLACEHOLDER.fullmatch(template) is not None


def _filled(template: str, given: Given, place: Callable[[str], str]) -> str:
    return PLACEHOLDER.sub(lambda found: place(_text(given.value(found))), template)


def written(value: Any) -> bytes:
    """A value as JSON. Raises LambdaFailed for what JSON can't say, such as half a character."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        raise errors.LambdaFailed from None


def _text(value: Any) -> str:
    """A text as it is, everything else as JSON. Code can answer texts that nobody can write."""
    told = written(value)
    return value if isinstance(value, str) else told.decode()


def _digits(value: Any) -> str:
    # A number is none: 10 would be read as sixteen.
    found = _HEX.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise errors.LambdaFailed
    return found.group(1)


def _from_hex(text: str) -> bytes:
    return _bounded(bytes.fromhex(_digits(text)))


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_MESSAGE_BYTES:
        raise errors.LambdaFailed
    return data
