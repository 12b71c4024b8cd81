"""Profiles: what users say of themselves, kept by themselves and by who may change users."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta

from accounts.queries import kept_profiles as queries
from accounts.queries.kept_profiles import Kept
from accounts.services import avatars, kept_profiles
from identity.actor import Actor
from identity.api.v1 import profile_words, route
from identity.api.v1.nouns.step_up import user_id_of
from identity.api.v1.nouns.users import is_self
from identity.api.v1.profile_words import (
    Notifications,
    PostalAddress,
    ProfileMetadata,
    ProfilePrivacy,
)
from identity.api.v1.route import SELF, Asked, Change, Reply
from identity.api.v1.shapes import Body, Shown
from identity.errors import Forbidden
from identity.web import bodies

# The body has 1 MiB at most; what goes through the one door, where proposals keep it, much less.
Picture = Annotated[str, Meta(max_length=1_048_576)]
SmallPicture = Annotated[str, Meta(max_length=65_536)]
Text = Annotated[str, Meta(max_length=1024)]


class Profile(Shown, frozen=True):
    """What a user says of itself, and what was proven of it.

    `user` is the account's id, `address` what its first wallet is known by. `avatar` names the
    picture at `…/profile/avatar`, and is another name after each change of it. `privacy` says what
    other users see: whoever reads this shows others no more.
    """

    user: UUID
    address: str
    name: str
    full_name: str
    email: str
    is_email_verified: bool
    phone: str
    is_phone_verified: bool
    locale: str
    avatar: UUID | None
    metadata: ProfileMetadata
    postal_address: PostalAddress
    privacy: ProfilePrivacy
    updated_at: datetime | None


class OwnProfile(Profile, frozen=True):
    """As others with the right read it, and what is the user's own business.

    `inviter` is the address of who invited the user, `generation` how many did before.
    """

    inviter: str
    generation: int
    notifications: Notifications


class ProfileEdit(Body, frozen=True):
    """A change of some parts; "" empties one.

    An `email` or a `phone` that was verified stays as it is. `locale` is a language tag (BCP 47),
    such as en or pt-BR. `avatar` is a PNG, JPEG, GIF or WebP
    in a data URI, an address to fetch one from, or "" for none.
    """

    name: Text | None = None
    full_name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    locale: Text | None = None
    metadata: ProfileMetadata | None = None
    postal_address: PostalAddress | None = None
    avatar: SmallPicture | None = None


class OwnProfileEdit(Body, frozen=True):
    """As `ProfileEdit`, with what is the user's own to say.

    An `inviter`, an address, counts once.
    """

    name: Text | None = None
    full_name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    locale: Text | None = None
    inviter: Text | None = None
    metadata: ProfileMetadata | None = None
    postal_address: PostalAddress | None = None
    privacy: ProfilePrivacy | None = None
    notifications: Notifications | None = None
    avatar: Picture | None = None


@route.read("/me/profile", SELF, "my_profile_get", "Your profile", shows=OwnProfile)
def own(asked: Asked) -> OwnProfile:
    """All of the caller's own."""
    return _own(_account(asked))


@route.act(
    "PATCH",
    "/me/profile",
    SELF,
    "my_profile_edit",
    "Change your profile: what you say of yourself, and who sees it",
    body=OwnProfileEdit,
    shows=OwnProfile,
    longest=bodies.MOST_BYTES,
)
def edit_own(asked: Asked) -> OwnProfile:
    """All of it or nothing; at once, for nobody is asked what somebody says of itself."""
    actor = _account(asked)
    kept_profiles.keep(
        user_id=user_id_of(actor),
        changes=profile_words.changes(asked.body),
        avatar=asked.body.avatar,
        by=actor,
        now=asked.now,
    )
    return _own(actor)


@route.act(
    "GET",
    "/me/profile/avatar",
    SELF,
    "my_avatar_get",
    "Your picture",
    media_type=avatars.MEDIA_TYPE,
)
def own_picture(asked: Asked) -> Reply:
    """As PNG."""
    return _file(queries.picture_of(queries.own(_account(asked)).user))


@route.read(
    "/users/{user}/profile",
    "users:get",
    "profiles_get",
    "A user's profile",
    shows=Profile,
    own=is_self,
)
def of_user(asked: Asked) -> Profile:
    """Also what it hides from other users: `privacy` tells what that is."""
    shown: Profile = _shown(Profile, queries.of_user(asked.ids["user"]))
    return shown


@route.act(
    "GET",
    "/users/{user}/profile/avatar",
    "users:get",
    "avatars_get",
    "A user's picture",
    own=is_self,
    media_type=avatars.MEDIA_TYPE,
)
def picture_of_user(asked: Asked) -> Reply:
    """As PNG."""
    return _file(queries.picture_of(asked.ids["user"]))


def _account(asked: Asked) -> Actor:
    """The caller, who has an account in this scope. Raises Forbidden."""
    actor = asked.caller.actor
    if actor.is_operator or actor.public_id is None or actor.user_id is None:
        raise Forbidden("Only who has an account in this scope has a profile here.")
    return actor


def _shown(kind: type[Profile], kept: Kept, **more: Any) -> Any:
    at = kept.updated_at
    copied = {name: getattr(kept, name) for name in _COPIED if name in kind.__struct_fields__}
    return kind(
        **copied,
        metadata=profile_words.metadata(kept),
        postal_address=profile_words.postal_address(kept),
        privacy=profile_words.privacy(kept),
        updated_at=at.replace(microsecond=0) if at else None,
        **more,
    )


def _own(actor: Actor) -> OwnProfile:
    kept = queries.own(actor)
    shown: OwnProfile = _shown(OwnProfile, kept, notifications=profile_words.notifications(kept))
    return shown


def _edited(result: Mapping[str, Any]) -> Profile:
    shown: Profile = _shown(Profile, queries.of_user(UUID(result["profile"]["user"])))
    return shown


def _file(png: bytes) -> Reply:
    return Reply(png, headers={"Content-Type": avatars.MEDIA_TYPE})


def _prepared(asked: Asked) -> dict[str, Any]:
    """The command's input: the parts as they are stored, so that policies see the same words."""
    given = asked.given()
    profile_words.require_plain(asked.body)
    for name in ("metadata", "postal_address"):
        if name in given:
            given[name] = profile_words.stored(getattr(asked.body, name))
    return given


_COPIED: Final = (
    *("user", "address", "name", "full_name", "email", "is_email_verified", "phone"),
    *("is_phone_verified", "locale", "avatar", "inviter", "generation"),
)

ROUTES: Final = (
    own,
    edit_own,
    own_picture,
    of_user,
    picture_of_user,
    route.change(
        "PATCH",
        "/users/{user}/profile",
        "users:edit",
        "profiles_edit",
        "Change what a user's profile says",
        Change("profile.edit", _edited, prepare=_prepared),
        body=ProfileEdit,
        shows=Profile,
    ),
)
