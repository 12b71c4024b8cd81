"""What the holder of an open invitation may know before accepting it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from accounts.queries import profiles
from identity.api.blocklet import application, errors, exchange_words, invitation, outputs, replies
from identity.api.blocklet.route import OPEN, Asked, Route
from identity.web.lane import Answer
from invitations.services import joining


def look_up(asked: Asked) -> Answer:
    """The invitation that a link's secret names; who invited is told without an address."""
    mode = asked.query.get("mode", "invite")
    if mode not in {"invite", "issue-passport"}:
        raise errors.worded("Invitation mode is invalid", status=400)
    name = asked.query.get("inviteId", "")
    if mode == "issue-passport":
        return replies.json(_passport(asked, name))
    held = invitation.open_one(asked, name)
    # What a session begins with: the first role has the first passport.
    role = next(iter(joining.roles_of(held.id)), outputs.GUEST)
    told = {
        "role": _role(role, role),
        "expireDate": _milliseconds(held.expires_at),
        "receiver": held.address,
        # A user name may be an address: what stands in front of the @ is enough to know somebody.
        "inviter": {"did": None, "fullName": held.inviter.partition("@")[0], "role": None},
    }
    return replies.json(_told(asked, told))


def _passport(asked: Asked, credential_id: str) -> dict[str, Any]:
    """A passport that waits for its holder's wallet (`did/issue-passport`)."""
    found = profiles.role_credential(credential_id)
    row = found[0] if found else None
    is_over = row is None or bool(row.expires_at and row.expires_at <= asked.now)
    if found is None or row is None or is_over or found[2]:
        raise errors.worded(errors.INVITATION_GONE, status=404)
    owner = profiles.profile(found[1])
    told = {
        "role": _role(row.role, row.title or row.role),
        "expireDate": _milliseconds(row.expires_at),
        "passportExpireTime": outputs.time(row.expires_at),
        "receiver": {"did": owner.address} if owner else None,
    }
    return _told(asked, told)


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)


def _role(name: str, title: str) -> dict[str, Any]:
    grants = outputs.permission_names(name)
    return {
        "name": name,
        "title": title,
        "description": "",
        "grants": grants,
        "permissions": grants,
    }


def _told(asked: Asked, told: Mapping[str, Any]) -> dict[str, Any]:
    mine = application.identity(now=asked.now)
    info = exchange_words.app_info(asked.slug, now=asked.now)
    return {
        "inviteId": asked.query["inviteId"],
        "remark": "",
        "display": None,
        "passportExpireTime": None,
        "inviter": {"did": None, "fullName": "", "role": None},
        **told,
        "info": {
            "did": mine.permanent,
            "appDid": mine.did,
            "url": info["link"],
            "name": info["name"],
            "version": "",
            "logo": info["icon"],
            "chainHost": "none",
            "passportColor": "auto",
            "description": info["description"],
        },
    }


ROUTES: Final = (Route("GET", "/api/invitation", OPEN, look_up),)
