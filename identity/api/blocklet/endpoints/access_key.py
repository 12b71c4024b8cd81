"""A program asks for an access key; who is signed in makes one; the program alone reads it."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from identity.api.blocklet import access_keys, errors, outputs, replies, tokens
from identity.api.blocklet.endpoints.exchanges import recipient
from identity.api.blocklet.endpoints.session import origin
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.errors import Forbidden, Invalid, Missing
from identity.services.access_keys import Wanted
from identity.web.lane import Answer
from sessions_app.errors import ChallengeRefused
from sessions_app.services import exchanges, key_hand_over, step_up
from sessions_app.services.exchanges import Beginner, Exchanged, State

LASTS: Final = timedelta(days=90)
_GONE: Final = "Session not found or expired"


class Authorizing(msgspec.Struct, rename="camel"):
    """`POST access-key/authorize`; `authType` is `simple` or `signature`."""

    sid: str
    source: str = "a program"
    required_roles: str = ""
    auth_type: str = "simple"


def begin(asked: Asked) -> Answer:
    """A program waits; it names the X25519 key that its access key is sealed for."""
    key = asked.given.get("_ek_", "")
    sealed_for = recipient(key if isinstance(key, str) else "")
    if not sealed_for:
        raise Invalid('"_ek_" is required: an access key is told to its asker alone')
    token = exchanges.begin(
        action=key_hand_over.ACTION,
        beginner=Beginner(origin(asked), browser="", sealed_for=sealed_for),
        now=asked.now,
    )
    return replies.json({"sid": token, "status": "created"})


def authorize(asked: Asked) -> Answer:
    """Make the key in the role of this session, after a proof of the last minutes."""
    caller, body = asked.caller, asked.body
    step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    held = tokens.held(caller.door, [])
    role = str(caller.claims.get("role", "")) if caller.claims.get("passport") else held.role
    role = "" if role == outputs.GUEST else role
    required = {each.strip() for each in body.required_roles.split(",") if each.strip()}
    if required and (role or outputs.GUEST) not in required:
        raise Forbidden("This takes another role: switch to a passport first.")
    if body.auth_type not in {"simple", "signature"}:
        raise Invalid('"authType" must be one of [simple, signature]')
    wanted = Wanted(
        user_id=caller.user_id,
        name=f"Access key for {body.source}"[:200],
        role=role,
        expires_at=asked.now + LASTS,
        prefix=access_keys.PREFIX if body.auth_type == "simple" else "",
    )
    found = _found(asked, body.sid)
    try:
        minted = key_hand_over.authorize(found, wanted, by=caller.actor, now=asked.now)
    except ChallengeRefused:
        raise Missing(_GONE) from None
    return replies.json({"accessKeyId": minted.key_id, "expireAt": outputs.time(minted.expires_at)})


def poll(asked: Asked) -> Answer:
    """Whether the key is there; its secret is sealed for who began."""
    found = _found(asked, asked.query.get("sid", ""))
    if found.state != State.DONE:
        return replies.json({"status": found.state})
    return replies.json(
        {
            "status": "succeed",
            "accessKeyId": found.data["key_id"],
            "accessKeySecret": found.data["sealed"],
            "expireAt": outputs.time(datetime.fromisoformat(found.data["expires_at"])),
        }
    )


def end(asked: Asked) -> Answer:
    """The program waits no longer."""
    sid = asked.query.get("sid", "")
    exchanges.give_up(sid, action=key_hand_over.ACTION, now=asked.now)
    return replies.nothing()


def _found(asked: Asked, sid: str) -> Exchanged:
    try:
        return exchanges.look(sid, action=key_hand_over.ACTION, now=asked.now)
    except ChallengeRefused:
        raise errors.said(_GONE, status=404) from None


ROUTES: Final = (
    Route("POST", "/api/access-key/session", OPEN, begin),
    Route("GET", "/api/access-key/session", OPEN, poll),
    Route("DELETE", "/api/access-key/session", OPEN, end),
    Route("POST", "/api/access-key/authorize", SELF, authorize, body=Authorizing),
)
