"""Other people: what their profiles show, who follows whom, what a role is; and who is known."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from accounts import queries as accounts
from accounts.queries import profiles
from accounts.queries.profiles import ProfileRow
from accounts.services import follows
from identity.api.blocklet import auth, errors, outputs, replies
from identity.api.blocklet import people as known
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.paging import Page
from identity.web.lane import Answer

MOST_ASKED: Final = 10


class Suspect(msgspec.Struct):
    """One of `POST user/checkUser`."""

    did: str
    pk: str | None = None


class Suspects(msgspec.Struct):
    """`POST user/checkUser`."""

    users: Annotated[list[Suspect], Meta(max_length=MOST_ASKED)]


def show(asked: Asked) -> Answer:
    """What anybody may see of somebody, and what only the person may; null for nobody."""
    did, name = asked.query.get("did", ""), asked.query.get("name", "")
    if not did and not name:
        raise errors.worded("Invalid user did or name", status=400)
    row = known.asked_for(did=did, name=name)
    if row is None:
        return replies.json(None)
    caller = auth.caller_if_any(asked)
    return replies.json(
        outputs.public_profile(
            row,
            asked.sent,
            is_own=caller is not None and caller.user_id == row.user_id,
            follows=_follows(caller, row),
        )
    )


def follow(asked: Asked) -> Answer:
    """Follow somebody."""
    row = known.followed(asked.ids["user"])
    caller = asked.caller
    follows.follow(user_id=caller.user_id, followed=row.user_id, by=caller.actor, now=asked.now)
    return replies.json({"userDid": row.address, "isFollowing": True})


def unfollow(asked: Asked) -> Answer:
    """Follow somebody no longer."""
    row = known.followed(asked.ids["user"])
    caller = asked.caller
    follows.unfollow(user_id=caller.user_id, followed=row.user_id, by=caller.actor, now=asked.now)
    return replies.json({"userDid": row.address, "isFollowing": False})


def is_following(asked: Asked) -> Answer:
    """Whether the caller follows somebody."""
    row = known.followed(asked.ids["user"])
    return replies.json({"isFollowing": profiles.is_following(asked.caller.user_id, row.user_id)})


def role(asked: Asked) -> Answer:
    """What a role is called and which rights it gives."""
    name = asked.query.get("name", "")
    if not name:
        raise errors.said("role name is required", status=400)
    if name == outputs.GUEST:
        return replies.json(_role(name, "Somebody without a role.", []))
    found = accounts.roles(Page(limit=1, filters={"name": name})).rows
    # Roles that a scope made for itself are told to those who act in them alone.
    if not found or not (found[0].is_predefined or name == asked.caller.door.role):
        raise errors.said("role not found", status=404)
    grants = outputs.right_names(found[0].permissions)
    return replies.json(_role(found[0].name, found[0].description, grants))


def check(asked: Asked) -> Answer:
    """Whether these are users here: told of the caller's own account, and of nobody else.

    Whoever wants to sign in does so, and needs no list of who could.
    """
    caller = auth.caller_if_any(asked)
    own = profiles.profile(caller.user_id) if caller else None
    return replies.json([_checked(each, own) for each in asked.body.users])


def _checked(asked_for: Suspect, own: ProfileRow | None) -> dict[str, Any]:
    is_own = own is not None and any(
        asked_for.did.removeprefix("did:abt:") == each.address for each in own.wallets
    )
    told = {"did": asked_for.did, "exist": is_own, "approved": is_own}
    return told | ({"pk": asked_for.pk} if asked_for.pk else {})


def _role(name: str, description: str, grants: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.replace("-", " ").title(),
        "description": description,
        "grants": grants,
        "extra": {},
        "orgId": "",
    }


def _follows(caller: Caller | None, row: ProfileRow) -> bool:
    if caller is None or "follower-only" not in row.privacy.values():
        return False
    return profiles.is_following(caller.user_id, row.user_id)


ROUTES: Final = (
    Route("GET", "/api/user", OPEN, show),
    Route("POST", "/api/user/follow/{user}", SELF, follow),
    Route("DELETE", "/api/user/follow/{user}", SELF, unfollow),
    Route("GET", "/api/user/follow/{user}", SELF, is_following),
    Route("GET", "/api/user/role", SELF, role),
    Route("POST", "/api/user/checkUser", OPEN, check, body=Suspects),
)
