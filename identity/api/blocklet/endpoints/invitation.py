"""What the holder of an open invitation may know before accepting it."""

from typing import Any, Final

from identity.api.blocklet import application, errors, exchange_words, outputs, replies
from identity.api.blocklet.route import OPEN, Asked, Route
from identity.web.lane import Answer
from invitations.errors import InvitationInvalid
from invitations.services import acceptance

GONE: Final = "Invitation not found or invitation has been used"


def look_up(asked: Asked) -> Answer:
    """The invitation that a link's secret names; who invited is told without an address."""
    mode = asked.query.get("mode", "invite")
    if mode not in {"invite", "issue-passport"}:
        raise errors.worded("Invitation mode is invalid", status=400)
    invite_string = asked.query.get("inviteId", "")
    if not invite_string or mode != "invite":
        raise errors.worded(GONE, status=404)
    try:
        held = acceptance.look_up(invite_string=invite_string, now=asked.now)
    except InvitationInvalid:
        raise errors.worded(GONE, status=404) from None
    if held.scope_id != asked.scope_id:
        raise errors.worded(GONE, status=404)
    return replies.json(_told(asked, held))


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
