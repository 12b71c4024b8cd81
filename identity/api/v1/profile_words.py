"""Parts of profiles in the words of this face, and in those in which they are stored.

One store serves every face, and some of its names are those of another protocol's clients.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from accounts.queries.kept_profiles import Kept
from accounts.queries.privacy import setting
from accounts.services import fields, places
from accounts.services.profile_editing import Changes
from identity.api.v1.shapes import Body
from identity.errors import Invalid

Short = Annotated[str, Meta(max_length=50)]
Long = Annotated[str, Meta(max_length=200)]
Url = Annotated[str, Meta(max_length=1024, pattern=r"^https?://[^\s]+$")]
Channel = Annotated[str, Meta(pattern=r"^[A-Za-z0-9/._@:+-]{1,200}$")]
Who = Literal["all", "follower-only", "private"]


class ProfileStatus(Body, frozen=True):
    """What somebody is doing; `date_range` is when, as two times in a client's own notation."""

    label: Long | None = None
    icon: Long | None = None
    value: Long | None = None
    duration: Long | None = None
    date_range: Annotated[list[str | int], Meta(min_length=2, max_length=2)] | None = None


class ProfileLink(Body, frozen=True):
    """An address of somebody's elsewhere."""

    url: Url
    favicon: Annotated[str, Meta(max_length=1024, pattern=r"^(https?://[^\s]+)?$")] | None = None


class ProfileMetadata(Body, frozen=True):
    """What somebody says of itself; a part that is given takes the place of the one before.

    `timezone` is a name in the IANA database, such as Europe/Berlin.
    """

    bio: Long | None = None
    timezone: Long | None = None
    location: Long | None = None
    status: ProfileStatus | None = None
    links: Annotated[list[ProfileLink], Meta(max_length=10)] | None = None


class PostalAddress(Body, frozen=True):
    """Where letters reach somebody; nobody else is shown it."""

    country: Short | None = None
    province: Short | None = None
    city: Short | None = None
    postal_code: Annotated[str, Meta(max_length=20)] | None = None
    line1: Long | None = None
    line2: Long | None = None


class ProfilePrivacy(Body, frozen=True):
    """Which other users see a part: all, those who follow, or none.

    How to reach somebody is shown to no other user whatever is set.
    """

    name: Who | None = None
    full_name: Who | None = None
    avatar: Who | None = None
    created_at: Who | None = None
    metadata: Who | None = None
    bio: Who | None = None
    timezone: Who | None = None
    location: Who | None = None
    status: Who | None = None
    links: Who | None = None


class NotificationAddress(Body, frozen=True):
    """An address of a user's own for notices, in the form of Slack or as plain JSON."""

    kind: Literal["slack", "api"]
    url: Url
    enabled: bool = True


class Notifications(Body, frozen=True):
    """Where a user wants to be notified; a part that is given takes the place of the one before."""

    channels: Annotated[dict[Channel, bool], Meta(max_length=20)] | None = None
    webhooks: Annotated[list[NotificationAddress], Meta(max_length=10)] | None = None


Part = TypeVar("Part", bound=Body)
_STORED: Final = {
    "full_name": "fullName",
    "created_at": "createdAt",
    "date_range": "dateRange",
    "postal_code": "postalCode",
}
_OURS: Final = {stored: ours for ours, stored in _STORED.items()}


def changes(body: Body) -> Changes:
    """What a body asks to be changed; fields that it has not stay.

    Raises `identity.errors.Invalid` for what looks like an element of HTML, which readers of other
    faces would not be shown.
    """
    given: dict[str, Any] = {
        name: getattr(body, name, None) for name in Changes.__dataclass_fields__
    }
    require_plain(body)
    for name in ("metadata", "postal_address", "privacy"):
        if given[name] is not None:
            given[name] = stored(given[name])
    if given["notifications"] is not None:
        given["notifications"] = _stored_notifications(given["notifications"])
    return Changes(**given)


def require_plain(body: Body) -> None:
    """Refuse what looks like an element of HTML rather than take it out. Raises `Invalid`.

    So is a time zone by any word but its name in the IANA database.
    """
    for name in ("name", "full_name", "metadata", "postal_address"):
        if (given := getattr(body, name, None)) is not None:
            _require_plain(name, msgspec.to_builtins(given))
    said: ProfileMetadata | None = getattr(body, "metadata", None)
    if said is not None and said.timezone:
        places.zone(said.timezone, name="metadata.timezone")


def _require_plain(name: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _require_plain(f"{name}.{key}", inner)
    elif fields.without_markup(value) != value:
        raise Invalid(f"{name} holds what looks like an element of HTML.", field=name)


def stored(part: Body) -> dict[str, Any]:
    """A part as it is stored."""
    found: dict[str, Any] = _renamed(msgspec.to_builtins(part), _STORED)
    return found


def metadata(kept: Kept) -> ProfileMetadata:
    """What somebody says of itself; what other faces keep beside it is left out."""
    return _shown(ProfileMetadata, kept.metadata)


def postal_address(kept: Kept) -> PostalAddress:
    """Where letters reach somebody."""
    return _shown(PostalAddress, kept.postal_address)


def privacy(kept: Kept) -> ProfilePrivacy:
    """Who sees each part, whichever words hide it."""
    names = ProfilePrivacy.__struct_fields__
    return ProfilePrivacy(
        **{name: setting(kept.privacy, _STORED.get(name, name)) for name in names}
    )


def notifications(kept: Kept) -> Notifications:
    """Where a user wants to be notified."""
    return Notifications(
        channels=kept.notifications.get("notifications", {}),
        webhooks=[
            NotificationAddress(kind=each["type"], url=each["url"], enabled=each["enabled"])
            for each in kept.notifications.get("webhooks", ())
        ],
    )


def _shown(kind: type[Part], part: Mapping[str, Any]) -> Part:
    found = _renamed(part, _OURS)
    return kind(**{name: found[name] for name in kind.__struct_fields__ if name in found})


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(name, name): _renamed(each, names) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_renamed(each, names) for each in value]
    return value


def _stored_notifications(given: Notifications) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if given.channels is not None:
        changed["notifications"] = given.channels
    if given.webhooks is not None:
        changed["webhooks"] = [
            {"type": each.kind, "url": each.url, "enabled": each.enabled, "consecutiveFailures": 0}
            for each in given.webhooks
        ]
    return changed
