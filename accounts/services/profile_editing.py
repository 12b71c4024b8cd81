"""Profiles as their owners change them: what they say, who sees it, where they are notified.

Verified flags are no business of this room: only proofs set them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import Profile
from accounts.queries import user_keys
from accounts.services import fields, places, profiles, text_ids, users, writing
from identity import errors as refusals
from identity.actor import Actor

MOST_SETTINGS: Final = 100
_SEPARATORS: Final = re.compile(r"[\s()-]+")
_PHONE: Final = re.compile(r"\+?[0-9]{3,20}")
_LENGTHS: Final = {"name": 64, "full_name": 200}
_LONGEST_BIO: Final = 1024
"""Faces ask for less."""
_SHOWN: Final = ("metadata", "postal_address")
_PARTS: Final = (*_SHOWN, "privacy", "notifications")


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change; None leaves as it is.

    `metadata`, `postal_address`, `privacy` and `notifications` are laid over what is there, part by
    part. An `email` or a `phone` that was verified stays. An `inviter` (an address) counts once and
    only if there was none. What looks like an element of HTML is taken out of what others read.
    """

    name: str | None = None
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    inviter: str | None = None
    metadata: Mapping[str, Any] | None = None
    postal_address: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None
    notifications: Mapping[str, Any] | None = None


def edit(*, user_id: UUID, changes: Changes, by: Actor, now: datetime) -> Profile:
    """Change a profile; it is made where there is none yet. The same again changes nothing.

    Raises `Missing`, `Invalid`, `accounts.errors.NameTaken`, `TooManyGenerations`.
    """
    values = _values(changes)
    with writing.of(by):
        profiles.ensure(user_id=user_id, by=by, now=now)
        profile = _locked(user_id)
        _require_own_name(profile, values.get("name", ""))
        for part in _PARTS:
            if part in values:
                values[part] = _merged(getattr(profile, part), values[part], part=part)
        if profile.is_email_verified:
            values.pop("email", None)
        if profile.is_phone_verified:
            values.pop("phone", None)
        _invite(profile, changes.inviter, values)
        _save(profile, values, by=by, now=now)
    return profile


def require_valid(changes: Changes) -> None:
    """Refuse what could be stored in no profile. Raises `Invalid`."""
    _values(changes)


def set_privacy(
    *, user_id: UUID, changes: Mapping[str, Any], by: Actor, now: datetime
) -> Mapping[str, Any]:
    """Say who may see parts of a profile; the settings as they are then. Raises `Invalid`."""
    edited = edit(user_id=user_id, changes=Changes(privacy=changes), by=by, now=now)
    return cast("Mapping[str, Any]", edited.privacy)


def set_notifications(
    *, user_id: UUID, changes: Mapping[str, Any], by: Actor, now: datetime
) -> Mapping[str, Any]:
    """Say where a user is notified; the settings as they are then. Raises `Invalid`."""
    edited = edit(user_id=user_id, changes=Changes(notifications=changes), by=by, now=now)
    return cast("Mapping[str, Any]", edited.notifications)


def set_avatar(*, user_id: UUID, avatar: UUID | None, by: Actor, now: datetime) -> None:
    """Show another picture, or none."""
    with writing.of(by):
        profiles.ensure(user_id=user_id, by=by, now=now)
        _save(_locked(user_id), {"avatar": avatar}, by=by, now=now)


def _require_own_name(profile: Profile, name: str) -> None:
    if name != profile.name and text_ids.is_like_a_key(name):
        held = {key.public_key for key in user_keys.of(profile.user_id)}
        text_ids.require_no_key(name, name="name", held=held)


def _merged(present: Mapping[str, Any], changes: Mapping[str, Any], *, part: str) -> dict[str, Any]:
    merged = {**present, **changes}
    if len(merged) > MOST_SETTINGS:
        raise refusals.Invalid(f"There are at most {MOST_SETTINGS} settings.", field=part)
    return merged


def _values(changes: Changes) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: fields.line(fields.without_markup(given), name=name, most=most)
        for name, most in _LENGTHS.items()
        if (given := getattr(changes, name)) is not None
    }
    if changes.email is not None:
        values["email"] = fields.email(changes.email.lower()) if changes.email else ""
    if changes.phone is not None:
        values["phone"] = _phone(changes.phone)
    if changes.locale is not None:
        values["locale"] = places.language(changes.locale, name="locale")
    for part in _PARTS:
        given = getattr(changes, part)
        if given is not None:
            plain = fields.without_markup(given) if part in _SHOWN else given
            values[part] = _metadata(plain) if part == "metadata" else _document(plain, part)
    return values


def _metadata(given: Mapping[str, Any]) -> dict[str, Any]:
    bio, zone = given.get("bio"), given.get("timezone")
    if isinstance(zone, str):
        places.zone_or_offset(zone, name="metadata.timezone")
    if not isinstance(bio, str):
        return _document(given, "metadata")
    # The one text here that people write in lines.
    fields.lines(bio, name="metadata.bio", most=_LONGEST_BIO)
    return {**_document({**given, "bio": ""}, "metadata"), "bio": bio}


def _document(given: Mapping[str, Any], part: str) -> dict[str, Any]:
    return fields.documents([given], name=part, most=1)[0]


def _phone(given: str) -> str:
    phone = _SEPARATORS.sub("", given)
    if phone and not _PHONE.fullmatch(phone):
        raise refusals.Invalid("This is no telephone number.", field="phone")
    return phone


def _invite(profile: Profile, inviter: str | None, values: dict[str, Any]) -> None:
    if profile.inviter is not None or not inviter:
        return
    found = profiles.inviter_of(profile, inviter)
    if found is not None:
        values["inviter"], values["generation"] = found


def _locked(user_id: UUID) -> Profile:
    profile = (
        Profile.objects.select_related("user")
        .select_for_update(of=("self",))
        .filter(user_id=user_id)
        .first()
    )
    if profile is None:
        raise refusals.Missing("There is no such user.")
    return profile


def _save(profile: Profile, values: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    """Store what differs, under one event that names it but does not repeat it."""
    changed = sorted(name for name, value in values.items() if getattr(profile, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(profile, name, values[name])
    profile.updated_at = now
    try:
        with transaction.atomic():
            profile.save(update_fields=[*changed, "updated_at"])
    except IntegrityError:
        raise errors.NameTaken from None
    users.record("profile.edited", profile.user, by=by, now=now, changed=changed)
