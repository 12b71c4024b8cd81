"""What the holder of an open invitation may know before accepting it."""

from typing import Any, Final

from identity.api.blocklet import application, errors, exchange_words, invitation, outputs, replies
from identity.api.blocklet.route import OPEN, Asked, Route
from identity.web.lane import Answer
from invitations.services import acceptance


def look_up(asked: Asked) -> Answer:
    """The invitation that a link's secret names; who invited is told without an address."""
    mode = asked.query.get("mode", "invite")
    if mode not in {"invite", "issue-passport"}:
        raise errors.worded("Invitation mode is invalid", status=400)
    invite_string = asked.query.get("inviteId", "")
    if mode != "invite":
        raise errors.worded(invitation.GONE, status=404)
    return replies.json(_told(asked, invitation.open_one(asked, invite_string)))


def _told(asked: Asked, held: acceptance.Held) -> dict[str, Any]:
    mine = application.identity(now=asked.now)
    info = exchange_words.app_info(asked.slug, now=asked.now)
    return {
        "inviteId": asked.query["inviteId"],
        # What a session shows until somebody switches to a passport.
        "role": {
            "name": outputs.GUEST,
            "title": outputs.GUEST,
            "description": "",
            "grants": [],
            "permissions": [],
        },
        "expireDate": int(held.expires_at.timestamp() * 1000),
        "remark": "",
        "receiver": held.address,
        "display": None,
        "passportExpireTime": None,
        # A user name may be an address: what stands in front of the @ is enough to know somebody.
        "inviter": {"did": None, "fullName": held.inviter.partition("@")[0], "role": None},
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
