"""The scopes that a member of staff may choose from, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from identity import queries
from identity.scoping import doors

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """One scope; `note` says what is special about it."""

    slug: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """A page of scopes; `next` is the slug behind which the next page begins, or empty."""

    scopes: Sequence[Choice]
    search: str
    next: str
    is_searchable: bool
    is_first: bool


def window(user: Any, *, search: str, after: str) -> Choices:
    """What this member of staff may choose: an operator any scope, others theirs."""
    # No database can be asked for NUL, and no slug or name holds it.
    plain, behind = (text.replace("\x00", "")[:64].strip() for text in (search, after))
    found = _every(plain, behind) if user.is_operator else _own(user, behind)
    more = found[PAGE - 1].slug if len(found) > PAGE else ""
    return Choices(
        scopes=found[:PAGE],
        search=plain,
        next=more,
        is_searchable=user.is_operator,
        is_first=not behind and not plain,
    )


def has_others(user: Any) -> bool:
    """Whether there is anything to choose beside one's own scope."""
    return user.is_operator or bool(doors.scopes_of_staff(user.id, after="", most=1))


def _every(search: str, after: str) -> list[Choice]:
    rows = queries.scopes_behind(after, search=search, most=PAGE + 1)
    return [Choice(row.slug, row.name, _note(row)) for row in rows]


def _own(user: Any, after: str) -> list[Choice]:
    home = [] if after else [Choice(user.scope_slug, user.scope_slug, "where you sign in")]
    linked = doors.scopes_of_staff(user.id, after=after, most=PAGE + 1 - len(home))
    return home + [Choice(slug, name) for slug, name in linked]


def _note(row: queries.ScopeRow) -> str:
    if row.is_platform:
        return "the platform itself"
    return "" if row.status == "active" else row.status
