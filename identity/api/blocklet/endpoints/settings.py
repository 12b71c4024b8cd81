"""What the caller decides of the own account: who sees what, where notices go, and its end."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from accounts.services import leaving, notification_tests, profile_editing
from identity.api.blocklet import errors, people, replies
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.errors import Invalid, Missing
from identity.web.lane import Answer
from identity.web.limits import Rate
from sessions_app.services import step_up

_VISIBLE: Final = ("all", "private", "follower-only")
_KEY: Final = re.compile(r"[A-Za-z0-9/._@:+-]{1,200}")
_CHANNELS: Final = 20
_WEBHOOKS: Final = 10
_tests = Rate("notification-test", count=5, seconds=60)


class Webhook(msgspec.Struct, rename="camel"):
    """One of a user's own addresses for notices."""

    type: str
    url: str
    enabled: bool = True


class Notifications(msgspec.Struct, rename="camel"):
    """`POST user/notification/config`."""

    notifications: dict[str, bool] | None = None
    webhooks: list[Webhook] | None = None


class Test(msgspec.Struct):
    """`PUT user/notification/webhook`."""

    type: str
    url: str


class Unsubscribing(msgspec.Struct):
    """`POST user/notification/unsubscribe`."""

    token: str


def privacy(asked: Asked) -> Answer:
    """Which parts of a profile somebody hides."""
    did, name = asked.query.get("did", ""), asked.query.get("name", "")
    row = people.asked_for(did=did, name=name)
    if row is None:
        raise Missing("User not found")
    return replies.json(row.privacy)


def set_privacy(asked: Asked) -> Answer:
    """Hide or show parts of the own profile; what is not named stays."""
    changes = {name: each for name, each in asked.given.items() if name != "login_token"}
    for name, value in changes.items():
        if not _KEY.fullmatch(name):
            raise Invalid(f'"{name[:80]}" is not allowed')
        if not isinstance(value, bool) and value not in _VISIBLE:
            raise Invalid(f'"{name}" must be one of [boolean, all, private, follower-only]')
    merged = profile_editing.set_privacy(
        user_id=asked.caller.user_id, changes=changes, by=asked.caller.actor, now=asked.now
    )
    return replies.json(merged)


def notifications(asked: Asked) -> Answer:
    """Where the caller is notified."""
    return replies.json(people.own(asked.caller, now=asked.now).notifications)


def set_notifications(asked: Asked) -> Answer:
    """Change where the caller is notified; addresses are judged now, and again when called."""
    referer = asked.sent.headers.get("referer", "")
    if referer and urlsplit(referer).netloc != asked.sent.headers.get("host", ""):
        raise Invalid("Invalid request")
    merged = profile_editing.set_notifications(
        user_id=asked.caller.user_id,
        changes=_notifications(asked.body),
        by=asked.caller.actor,
        now=asked.now,
    )
    return replies.json(merged)


def test_webhook(asked: Asked) -> Answer:
    """Have a test sent to an address; a task does it, so the answer does not say how it went."""
    body = asked.body
    _require_kind(body.type)
    _tests.hit(str(asked.caller.user_id), now=int(asked.now.timestamp()))
    notification_tests.request(url=body.url, kind=body.type)
    return replies.json({"success": True})


def unsubscribe(asked: Asked) -> Answer:
    """Stop the letters that a token names: this server writes none, so no token is of one."""
    del asked
    raise errors.worded("This link is not valid.", status=403)


def refresh(asked: Asked) -> Answer:
    """Nothing to fetch: this server is where the profile is kept."""
    people.own(asked.caller, now=asked.now)
    return replies.json({})


def delete(asked: Asked) -> Answer:
    """End the own account and all that belongs to it, after a proof of the last minutes.

    Who has a wallet proves it anew by signing in with it; a word of the application's server is
    never such a proof.
    """
    caller = asked.caller
    row = people.own(caller, now=asked.now)
    step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    leaving.leave(user_id=caller.user_id, by=caller.actor, now=asked.now)
    return replies.json({"did": row.address}, cookies=replies.forgotten_cookies())


def _notifications(body: Notifications) -> Mapping[str, Any]:
    changes: dict[str, Any] = {}
    if body.notifications is not None:
        if len(body.notifications) > _CHANNELS or not all(map(_KEY.fullmatch, body.notifications)):
            raise Invalid('"notifications" has too many channels')
        changes["notifications"] = body.notifications
    if body.webhooks is not None:
        if len(body.webhooks) > _WEBHOOKS:
            raise Invalid(f'"webhooks" must contain less than or equal to {_WEBHOOKS} items')
        changes["webhooks"] = [_webhook(each) for each in body.webhooks]
    return changes


def _webhook(given: Webhook) -> dict[str, Any]:
    _require_kind(given.type)
    notification_tests.require_callable(given.url)
    return {
        "type": given.type,
        "url": given.url,
        "enabled": given.enabled,
        "consecutiveFailures": 0,
    }


def _require_kind(kind: str) -> None:
    if kind not in {"slack", "api"}:
        raise Invalid('"type" must be one of [slack, api]')


ROUTES: Final = (
    Route("GET", "/api/user/privacy/config", OPEN, privacy),
    Route("POST", "/api/user/privacy/config", SELF, set_privacy),
    Route("GET", "/api/user/notification/config", SELF, notifications),
    Route("POST", "/api/user/notification/config", SELF, set_notifications, body=Notifications),
    Route("PUT", "/api/user/notification/webhook", SELF, test_webhook, body=Test),
    Route("POST", "/api/user/notification/unsubscribe", OPEN, unsubscribe, body=Unsubscribing),
    # Older clients know the same settings under this name.
    Route("GET", "/api/user/extra", SELF, notifications),
    Route("POST", "/api/user/extra", SELF, set_notifications, body=Notifications),
    Route("PUT", "/api/user/extra", SELF, test_webhook, body=Test),
    Route("PUT", "/api/user/refreshProfile", SELF, refresh),
    Route("DELETE", "/api/user", SELF, delete),
)
