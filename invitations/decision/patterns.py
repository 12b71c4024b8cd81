"""Resource patterns of policies and rules: which resources a rule is about.

| pattern               | matches                                                        |
|-----------------------|----------------------------------------------------------------|
| `*`                   | every resource                                                 |
| `/users`              | exactly `/users`                                               |
| `/users/*`            | `/users/` and exactly one more segment, whatever it is         |
| `/users/{id}/devices` | the same as `/users/*/devices`; the name in braces is for people |
| `/users/**`           | `/users` itself and everything below it                        |

`/users/*` also matches `/users/invite`: a pattern sees segments, not meanings. Segments are
compared exactly: letter case counts and nothing is decoded. `**` stands only at the end.
"""

import functools
import hashlib
import re
from typing import NamedTuple

from identity.errors import DomainError, Kind

MAX_PATTERN = 128
MAX_RESOURCE = 256
MAX_SEGMENTS = 16
LONGEST_SEGMENT = 96
_DIGESTED = "~"

_LITERAL = re.compile(r"[^/\x00-\x20\x7f*{}%?#\\]+")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


class PatternInvalid(DomainError):
    """The text is not a pattern."""

    kind = Kind.INVALID
    code = "policy.pattern-invalid"
    title = "The resource pattern can't be read."


class ResourceInvalid(DomainError):
    """The text is not a resource, so that no rule can say anything about it."""

    kind = Kind.INVALID
    code = "policy.resource-invalid"
    title = "The resource is not a plain path."


class Pattern(NamedTuple):
    """A parsed pattern; `None` stands for any one segment."""

    text: str
    segments: tuple[str | None, ...]
    is_open_ended: bool


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Pattern:
    """The pattern that `text` writes down. Raises PatternInvalid. Parsed texts are cached."""
    if text == "*":
        return Pattern(text, (), is_open_ended=True)
    if len(text) > MAX_PATTERN:
        raise PatternInvalid(f"Shorten the pattern to {MAX_PATTERN} characters.")
    if not text.startswith("/"):
        raise PatternInvalid("Begin the pattern with / or write * alone.")
    words = text[1:].split("/")
    if len(words) > MAX_SEGMENTS:
        raise PatternInvalid(f"Use at most {MAX_SEGMENTS} segments.")
    is_open_ended = words[-1] == "**"
    fixed = words[:-1] if is_open_ended else words
    return Pattern(text, tuple(_segment(word) for word in fixed), is_open_ended)


def matches(pattern: Pattern | str, resource: str) -> bool:
    """Whether the pattern is about the resource.

    A resource is `/` and one or more plain segments, at most 256 characters. One that is written
    in another way (empty or dot segments, a slash at the end, escapes) raises ResourceInvalid
    rather than slipping past the rules. Raises PatternInvalid for a text that is no pattern.
    """
    parsed = parse(pattern) if isinstance(pattern, str) else pattern
    words = _words(resource)
    if len(words) < len(parsed.segments):
        return False
    if len(words) > len(parsed.segments) and not parsed.is_open_ended:
        return False
    pairs = zip(parsed.segments, words, strict=False)
    return all(segment is None or segment == word for segment, word in pairs)


def segment(value: object) -> str:
    """A value as one segment of a resource: its text, or `~` and a digest if that is not plain.

    Ids of other systems may hold anything, such as a slash that would make two segments of one.
    """
    text = str(value)
    if len(text) <= LONGEST_SEGMENT and not text.startswith(_DIGESTED) and _is_plain(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_DIGESTED}{digest}"


def _segment(word: str) -> str | None:
    if word == "*" or _PLACEHOLDER.fullmatch(word):
        return None
    if not _is_plain(word):
        raise PatternInvalid(
            "Use plain segments, * or {name} for one segment, and ** only as the last one."
        )
    return word


def _is_plain(word: str) -> bool:
    is_literal = _LITERAL.fullmatch(word) is not None
    return is_literal and word.isprintable() and word not in {".", ".."}


@functools.lru_cache(maxsize=1024)
def _words(resource: str) -> tuple[str, ...]:
    if len(resource) > MAX_RESOURCE or not resource.startswith("/"):
        raise ResourceInvalid(f"Begin with / and use at most {MAX_RESOURCE} characters.")
    words = tuple(resource[1:].split("/"))
    if not all(_is_plain(word) for word in words):
        raise ResourceInvalid("Use segments without spaces, escapes, dots alone or wildcards.")
    return words
