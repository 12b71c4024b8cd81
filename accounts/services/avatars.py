"""Pictures of users: judged by what they are, decoded within bounds, encoded anew."""

import base64
import binascii
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from PIL import Image, ImageOps

from accounts.models import Avatar, User
from accounts.services import profile_editing, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.services import outside

MOST_BYTES: Final = 1024 * 1024
MOST_SIDE: Final = 8192
MOST_POINTS: Final = 2048 * 2048
"""What is decoded at most: 16 MiB of memory for a moment."""
SIDE: Final = 512
MEDIA_TYPE: Final = "image/png"
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_DATA: Final = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,([A-Za-z0-9+/=\s]*)")

Queue = Callable[[UUID, UUID, str], object]

queues: list[Queue] = []
"""Called with scope, user and address of a picture, which a task fetches. Added at start."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was decoded and encoded anew; only `read` makes one."""

    png: bytes = field(repr=False)


def store(*, user_id: UUID, picture: Picture, by: Actor, now: datetime) -> UUID:
    """Show this picture for a user from now on; the one before goes. Raises `Missing`."""
    with writing.of(by):
        user = User.objects.filter(id=user_id, status=User.Status.ACTIVE).first()
        if user is None:
            raise refusals.Missing("There is no such user.")
        Avatar.objects.filter(user=user).delete()
        avatar = Avatar(
            id=ids.new(),
            scope_id=by.scope_id,
            user=user,
            media_type=MEDIA_TYPE,
            picture=picture.png,
            made_at=now,
        )
        avatar.save(force_insert=True)
        profile_editing.set_avatar(user_id=user_id, avatar=avatar.id, by=by, now=now)
    return avatar.id


def remove(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Show no picture for a user from now on. Again is the same. Raises `Missing`."""
    with writing.of(by):
        Avatar.objects.filter(user_id=user_id).delete()
        profile_editing.set_avatar(user_id=user_id, avatar=None, by=by, now=now)


def request(*, user_id: UUID, url: str, by: Actor) -> None:
    """Have a picture fetched by a task. Raises `identity.services.outside.AddressRefused`."""
    outside.parse(url, outside.guard())
    for queue in queues:
        queue(by.scope_id, user_id, url)


def given(text: str) -> Picture | str:
    """The picture of a data URI (RFC 2397), or an address to fetch from; "" for none.

    Raises `identity.errors.Invalid`, `identity.services.outside.AddressRefused`.
    """
    if text.startswith(("https://", "http://")):
        outside.parse(text, outside.guard())
        return text
    if not text:
        return ""
    found = _DATA.fullmatch(text)
    if found is None:
        raise refusals.Invalid(
            "A picture comes in a data URI, or as its address with http.", field="avatar"
        )
    try:
        return read(base64.b64decode(found[1]))
    except binascii.Error:
        raise refusals.Invalid("This is no picture that can be read.", field="avatar") from None


def read(data: bytes) -> Picture:
    """A PNG of at most 512 points on a side with nothing but points in it.

    What a file calls itself does not count. Its size is read before a single point is decoded, so
    a small file can't become a large picture. Raises `identity.errors.Invalid`.
    """
    if not data or len(data) > MOST_BYTES:
        raise refusals.Invalid("A picture has at most 1 MiB.", field="avatar")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            written = _written(opened)
    except refusals.Invalid:
        raise
    except Exception as error:
        # Decoders of damaged files raise whatever they stumble over.
        raise refusals.Invalid("This is no picture that can be read.", field="avatar") from error
    if len(written) > MOST_BYTES:
        raise refusals.Invalid("This picture is too rich in detail.", field="avatar")
    return Picture(written)


def _written(opened: Image.Image) -> bytes:
    if not all(1 <= side <= MOST_SIDE for side in opened.size):
        raise refusals.Invalid(f"A picture has {MOST_SIDE} points a side at most.", field="avatar")
    # Photographs can be decoded at an eighth of their size, which is enough here.
    opened.draft("RGB", (SIDE, SIDE))
    if opened.width * opened.height > MOST_POINTS:
        raise refusals.Invalid(f"A picture has {MOST_POINTS} points at most.", field="avatar")
    shown = ImageOps.exif_transpose(opened).convert("RGBA")
    shown.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    # From the bare points: no comment, profile or other chunk of the original comes along.
    Image.frombytes("RGBA", shown.size, shown.tobytes()).save(written, "PNG")
    return written.getvalue()
