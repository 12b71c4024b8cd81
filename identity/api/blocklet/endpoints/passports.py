"""Passports: which ones somebody has, which gives the session its role, whether one holds."""

from typing import Final

import msgspec

from accounts.queries import profiles
from accounts.services import role_credentials
from identity.api.blocklet import begun, inputs, outputs, passports, people, replies, tokens
from identity.api.blocklet.endpoints.session import origin
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.errors import Missing
from identity.web.lane import Answer
from sessions_app.services import role_switching


class Switching(msgspec.Struct, rename="camel"):
    """`POST oauth/switch`: no passport makes a guest."""

    passport_id: str | None = None


def status(asked: Asked) -> Answer:
    """Whether a passport of a user gives its role now; for anybody who was shown it."""
    found = profiles.role_credential(asked.query.get("vcId", ""))
    owner = profiles.profile_at(inputs.address(asked.query.get("userDid", ""), name="userDid").text)
    if found is None or owner is None or owner.user_id != found[1]:
        raise Missing("Passport not found")
    row, _, is_over = found
    return replies.json(passports.status(row, is_over=is_over, asked=asked))


def mine(asked: Asked) -> Answer:
    """The caller's valid passports."""
    held = people.credentials(asked.caller, now=asked.now)
    return replies.json([outputs.passport(each) for each in held])


def switch(asked: Asked) -> Answer:
    """The session goes on in the role of an own passport, with new tokens; the old ones end."""
    caller, now = asked.caller, asked.now
    role = role_switching.NONE
    if asked.body.passport_id:
        row = passports.own(caller.user_id, asked.body.passport_id, now=now)
        role = role_switching.Role(row.role, row.credential_id)
        role_credentials.note_used(row.id, now=now)
    session = role_switching.switch(role, origin=origin(asked), by=caller.actor, now=now)
    pair = begun.pair(asked, session)
    content = {
        "sessionToken": pair.access,
        "refreshToken": pair.refresh,
        "csrfToken": tokens.csrf_of(pair.access),
    }
    return replies.json(content, cookies=pair.cookies() if caller.from_cookie else ())


ROUTES: Final = (
    Route("GET", "/api/passport/status", OPEN, status),
    Route("GET", "/api/oauth/passports", SELF, mine, for_keys=True),
    Route("POST", "/api/oauth/switch", SELF, switch, body=Switching),
    Route("GET", "/api/passkey/passports", SELF, mine),
    Route("POST", "/api/passkey/switch", SELF, switch, body=Switching),
)
