"""What a user says of itself, and the contexts that it is in, on the user's page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html

from accounts.admin import related
from accounts.admin.related import MOST, Section
from accounts.models import ContextMember, User
from accounts.queries import kept_profiles
from accounts.queries.kept_profiles import Kept
from accounts.queries.privacy import setting
from identity.actor import Actor
from identity.admin import components
from invitations.queries import hidden_signs

_HIDEABLE: Final[Mapping[str, str]] = {
    "name": "user name",
    "fullName": "full name",
    "avatar": "picture",
    "bio": "bio",
    "timezone": "time zone",
    "location": "place",
    "status": "status",
    "links": "links",
}
_EVERYBODY: Final = "all"


def sections(user: User, by: Actor) -> Sequence[Section]:
    """What the reader may know of the two."""
    found = []
    if by.may("users:get") and user.deleted_at is None:
        found.append(_profile(user))
    if by.may("members:list"):
        found.append(_memberships(user, by))
    return found


def _profile(user: User) -> Section:
    return Section(
        title="Profile",
        columns=("Part", "The user says"),
        rows=list(_parts(kept_profiles.of_user(user.public_id))),
    )


def _parts(kept: Kept) -> Iterator[Sequence[str]]:
    yield "Shown name", _said(kept.name)
    yield "Full name", _said(kept.full_name)
    yield "E-mail", _proven(kept.email, is_proven=kept.is_email_verified)
    yield "Telephone", _proven(kept.phone, is_proven=kept.is_phone_verified)
    yield "Language", _said(kept.locale)
    yield "Picture", "there is one" if kept.avatar else components.nothing()
    yield "Bio", _lines(str(kept.metadata.get("bio") or "").strip())
    yield "Hidden from other users", _hidden(kept.privacy)


def _said(text: str) -> str:
    if not text:
        return components.nothing()
    return format_html('<span class="wrapped">{}</span>', hidden_signs.shown(text))


def _lines(text: str) -> str:
    if not text:
        return components.nothing()
    return format_html('<span class="wrapped lines">{}</span>', hidden_signs.shown(text))


def _proven(text: str, *, is_proven: bool) -> str:
    if not text:
        return components.nothing()
    badge = components.badge("verified", "good") if is_proven else components.badge("not verified")
    return format_html("{} {}", _said(text), badge)


def _hidden(privacy: Mapping[str, Any]) -> str:
    who = {word: setting(privacy, name) for name, word in _HIDEABLE.items()}
    told = [f"{word} ({kept})" for word, kept in who.items() if kept != _EVERYBODY]
    return ", ".join(told) or "nothing"


def _memberships(user: User, by: Actor) -> Section:
    rows = ContextMember.objects.filter(user=user, ended_at__isnull=True)
    cells = [
        (
            _context(row, by),
            format_html('<span class="wrapped">{}</span>', row.member_id),
            "yes" if row.is_staff else "no",
            components.moment(row.created_at),
        )
        for row in rows.select_related("context").order_by("created_at", "id")[:MOST]
    ]
    return Section(
        title="Contexts",
        columns=("Context", "As", "Staff", "Since"),
        rows=cells,
        when_empty="No member of a context is this account's.",
    )


def _context(row: ContextMember, by: Actor) -> str:
    if not by.may("members:get"):
        return str(row.context)
    return related.link(reverse("admin:member", args=[row.context_id, row.pk]), row.context)
