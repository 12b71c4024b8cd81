"""The caller's own profile: read and changed, its picture among it."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from accounts.queries import avatars as pictures
from accounts.queries import profiles
from accounts.queries.privacy import hides
from accounts.queries.profiles import ProfileRow
from accounts.services import avatars, profile_editing
from accounts.services.avatars import Picture
from accounts.services.profile_editing import Changes
from identity.api.blocklet import auth, inputs, outputs, people, replies
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.errors import Missing
from identity.web.lane import Answer

_FILE: Final = re.compile(r"([0-9a-f-]{36})(?:\.[a-z]{1,5})?")
_PICTURE_HEADERS: Final = {
    "Content-Type": avatars.MEDIA_TYPE,
    # A picture never changes, but its owner may hide it.
    "Cache-Control": "public, max-age=300",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_HIDDEN_HEADERS: Final = {
    "Content-Type": avatars.MEDIA_TYPE,
    "Cache-Control": "no-store",
    "Vary": "Cookie, Authorization",
}
_SEES_ALL: Final = "users:get"
_NO_PICTURE: Final = "There is no such picture."
Short = Annotated[str, Meta(max_length=50)]
Long = Annotated[str, Meta(max_length=200)]


class Phone(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """`metadata.phone`."""

    phone_number: Annotated[str, Meta(max_length=32)] = ""
    country: Short = ""


class Status(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """`metadata.status`."""

    label: Long | None = None
    icon: Long | None = None
    value: Long | None = None
    duration: Long | None = None
    date_range: Annotated[list[str | int], Meta(min_length=2, max_length=2)] | None = None


class Link(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`metadata.links[]`."""

    url: Annotated[str, Meta(max_length=2048, pattern=r"^https?://[^\s]+$")]
    favicon: Annotated[str, Meta(max_length=2048)] | None = None


class Metadata(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`metadata`."""

    email: Annotated[str, Meta(max_length=254)] | None = None
    phone: Phone | None = None
    bio: Long | None = None
    timezone: Long | None = None
    location: Long | None = None
    status: Status | None = None
    links: Annotated[list[Link], Meta(max_length=10)] | None = None


class Address(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """`address`."""

    country: Short | None = None
    province: Short | None = None
    city: Short | None = None
    postal_code: Annotated[str, Meta(max_length=20)] | None = None
    line1: Long | None = None
    line2: Long | None = None


class Edited(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """`PUT user/profile`; what is empty changes nothing."""

    login_token: str | None = msgspec.field(name="login_token", default=None)
    locale: str | None = None
    email: str | None = None
    phone: str | None = None
    full_name: str | None = None
    inviter: str | None = None
    avatar: str | None = None
    name: str | None = None
    metadata: Metadata | None = None
    address: Address | None = None


def read(asked: Asked) -> Answer:
    """All that the owner may read."""
    row = people.own(asked.caller, now=asked.now)
    return replies.json(outputs.profile(row, asked.sent))


def edit(asked: Asked) -> Answer:
    """Change what is given."""
    caller, now, body = asked.caller, asked.now, asked.body
    picture = inputs.picture(body.avatar or "")
    # A picture or an address that can't be used is refused before anything is changed.
    if isinstance(picture, str) and picture:
        avatars.request(user_id=caller.user_id, url=picture, by=caller.actor)
    profile_editing.edit(user_id=caller.user_id, changes=_changes(body), by=caller.actor, now=now)
    if isinstance(picture, Picture):
        avatars.store(user_id=caller.user_id, picture=picture, by=caller.actor, now=now)
    return read(asked)


def picture_file(asked: Asked) -> Answer:
    """A picture, by the name that a profile gives; one that is hidden, for those who may see it."""
    found = _FILE.fullmatch(asked.ids["file"])
    picture = pictures.stored(inputs.uuid(found[1])) if found else None
    row = profiles.profile(picture.user_id) if picture else None
    if picture is None or row is None:
        raise Missing(_NO_PICTURE)
    if not hides(row.privacy, "avatar", follows=False):
        return Answer(200, picture.png, _PICTURE_HEADERS)
    if not _may_see(auth.caller_if_any(asked), row):
        raise Missing(_NO_PICTURE)
    return Answer(200, picture.png, _HIDDEN_HEADERS)


def _may_see(caller: Caller | None, row: ProfileRow) -> bool:
    """The owner, whoever follows where that is enough, and who manages users in this session."""
    if caller is None:
        return False
    if caller.user_id == row.user_id:
        return True
    follows = profiles.is_following(caller.user_id, row.user_id)
    if not hides(row.privacy, "avatar", follows=follows):
        return True
    return _SEES_ALL in people.rights(caller)


def _changes(body: Edited) -> Changes:
    metadata = _plain(body.metadata)
    address = _plain(body.address)
    email, phone = body.email, body.phone
    if body.metadata is not None:
        email = body.metadata.email or email
        phone = (body.metadata.phone.phone_number if body.metadata.phone else "") or phone
    if address is not None:
        # The place that others see follows the address that they don't.
        metadata = {**(metadata or {}), "location": address.get("city", "")}
    return Changes(
        name=inputs.plain(body.name) or None,
        full_name=inputs.plain(body.full_name) or None,
        email=email or None,
        phone=phone or None,
        locale=inputs.language(body.locale or "") or None,
        inviter=body.inviter or None,
        metadata=metadata,
        postal_address=address,
    )


def _plain(part: Metadata | Address | None) -> dict[str, Any] | None:
    if part is None:
        return None
    found: dict[str, Any] = inputs.plain(msgspec.to_builtins(part))
    return found


ROUTES: Final = (
    Route("GET", "/api/user/profile", SELF, read, for_keys=True, is_of_profile=True),
    Route("PUT", "/api/user/profile", SELF, edit, body=Edited),
    Route("GET", "/user/avatar/{file}", OPEN, picture_file),
)
