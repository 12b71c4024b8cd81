"""Sessions as their owners and the browsers they live in see them; switching without a password."""

from datetime import datetime
from typing import Any, Final

import msgspec

from accounts.queries import profiles
from identity.api.blocklet import application, errors, inputs, outputs, people, replies, tokens
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.api.blocklet.tokens import Held
from identity.errors import Missing
from identity.services import scopes
from identity.web import browser
from identity.web.lane import Answer
from sessions_app.errors import SignInRefused
from sessions_app.services import sessions, visits
from sessions_app.services.sessions import Origin, Proof
from sessions_app.services.visits import Visit

MOST_LISTED: Final = 100
_OVER: Final = "session expired"


class Quick(msgspec.Struct, rename="camel"):
    """`POST user-session/login`."""

    id: str
    user_did: str
    app_pid: str
    passport_id: str | None = None


def here(asked: Asked) -> Answer:
    """The sessions that live in this very browser, for the page that offers to go on with one.

    Its own mark, which no script can read, tells the browser: labels, addresses and names of
    browsers can be anybody's. How to reach somebody is not told.
    """
    found = [each for each in _visits(asked) if _is_wanted(each, asked)]
    return replies.json([_shown(each, asked, with_user=True) for each in found])


def mine(asked: Asked) -> Answer:
    """The caller's sessions, newest first, in pages."""
    page, size = _number(asked, "page", 1), min(_number(asked, "pageSize", 10), MOST_LISTED)
    status = asked.query.get("status", "")
    found, total = visits.of_user(
        asked.caller.user_id,
        audience=application.permanent(now=asked.now),
        is_going_on={"online": True, "offline": False}.get(status),
        window=(page - 1) * size,
        size=size,
        now=asked.now,
    )
    return replies.json(
        {
            "list": [_shown(each, asked, with_user=False) for each in found],
            "paging": {
                "total": total,
                "pageSize": size,
                "pageCount": -(-total // size),
                "page": page,
            },
        }
    )


def go_on(asked: Asked) -> Answer:
    """A new session for whoever has one in this very browser; nobody proves anything anew.

    The row must be of this user, application, browser and label, and still going on.
    """
    body, now = asked.body, asked.now
    visit = next((each for each in _visits(asked) if str(each.id) == body.id), None)
    row = profiles.profile(visit.user_id) if visit else None
    if visit is None or row is None or body.app_pid != application.permanent(now=now):
        raise errors.said(_OVER, status=401)
    if inputs.address(body.user_did, name="userDid").text != row.address:
        raise errors.said(_OVER, status=401)
    held = _held(visit, body.passport_id, now)
    try:
        session = sessions.start(**_begun(asked, visit, held))
    except SignInRefused:
        raise errors.said(_OVER, status=401) from None
    live = sessions.live(session, scope_slug=asked.slug)
    pair = tokens.pair(live, row, held, now=now)
    content = {
        "sessionToken": pair.access,
        "refreshToken": pair.refresh,
        "visitorId": visit.visitor,
        "csrfToken": tokens.csrf_of(pair.access),
    }
    return replies.json(content)


def _begun(asked: Asked, visit: Visit, held: Held) -> dict[str, Any]:
    """The new session: in the same browser, and proven by nothing but the one before."""
    data = {visits.BROWSER: browser.mark(asked.sent.cookies).digest}
    if held.credential:
        data[tokens.CREDENTIAL] = held.credential
    return {
        "user_id": visit.user_id,
        "proof": Proof(
            visits.Method.SESSION,
            visit.provider_name,
            visit.provider_id,
            wallet_os=held.wallet_os,
            key=visit.data.get(sessions.BEGUN_BY, ""),
        ),
        "origin": Origin(asked.sent.address, asked.sent.user_agent, visit.visitor),
        "audience": visit.audience,
        "lasts": tokens.lasts(scopes.settings()),
        "role": held.role,
        "data": data,
        "now": asked.now,
    }


def _held(visit: Visit, wanted: str | None, now: datetime) -> Held:
    """A guest, or the role of a credential that the user asks for and has."""
    if not wanted:
        return Held("", visit.provider_name, visit.wallet_os, "")
    found = [
        each
        for each in profiles.role_credentials(visit.user_id, now=now)
        if each.credential_id == wanted
    ]
    if not found:
        raise errors.said(_OVER, status=401)
    return Held(found[0].role, visit.provider_name, visit.wallet_os, wanted)


def _visits(asked: Asked) -> list[Visit]:
    mark = browser.known(asked.sent.cookies)
    if mark is None or not asked.sent.visitor:
        return []
    return visits.in_browser(
        mark.digest,
        visitor=asked.sent.visitor,
        user_agent=asked.sent.user_agent,
        audience=application.permanent(now=asked.now),
        now=asked.now,
    )


def _is_wanted(visit: Visit, asked: Asked) -> bool:
    did = asked.query.get("userDid", "")
    if asked.query.get("appPid") not in {None, "", application.permanent(now=asked.now)}:
        return False
    if not did:
        return True
    row = people.asked_for(did=did, name="")
    return row is not None and row.user_id == visit.user_id


def _shown(visit: Visit, asked: Asked, *, with_user: bool) -> dict[str, Any]:
    row = profiles.profile(visit.user_id)
    if row is None:
        raise Missing("User not found")
    shown: dict[str, Any] = {
        "id": str(visit.id),
        "visitorId": visit.visitor,
        "userDid": row.address,
        "appPid": visit.audience,
        "passportId": visit.credential or None,
        "ua": visit.user_agent,
        "lastLoginIp": visit.address,
        "status": visit.status(asked.now),
        "extra": {"walletOS": visit.wallet_os},
        "createdByAppPid": None,
        "createdAt": outputs.time(visit.created_at),
        "updatedAt": outputs.time(visit.last_seen_at),
    }
    if not with_user:
        return shown
    user = outputs.user(row, asked.sent, role_name=visit.role)
    return shown | {"user": {name: user[name] for name in _SHOWN_OF_USER}}


_SHOWN_OF_USER: Final = (
    *("did", "pk", "sourceProvider", "fullName", "avatar", "remark", "sourceAppPid"),
    *("approved", "role"),
)


def _number(asked: Asked, name: str, default: int) -> int:
    text = asked.query.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else default


ROUTES: Final = (
    Route("GET", "/api/user-session", OPEN, here),
    Route("GET", "/api/user-session/myself", SELF, mine),
    Route("POST", "/api/user-session/login", OPEN, go_on, body=Quick),
)
