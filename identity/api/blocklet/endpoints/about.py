"""What a page is told of the application that it belongs to."""

from typing import Any, Final

import orjson

from identity import queries as ground
from identity.api.blocklet import application, outputs, replies
from identity.api.blocklet.route import OPEN, Asked, Route
from identity.services import scopes
from identity.web.lane import Answer
from sessions_app.queries import providers

VERSION: Final = "1.17.12"
"""The version of the protocol that this face follows."""
_SCRIPT: Final = "application/javascript; charset=utf-8"


def describe(asked: Asked) -> Answer:
    """`__blocklet__.js`: an object as JSON, or a script that assigns it."""
    told = _told(asked)
    if asked.query.get("type") == "json":
        return replies.json(told)
    # Inside a script nothing may look like the end of the element around it.
    text = orjson.dumps(told).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    script = f"window.blocklet = {text.replace(chr(0x2029), chr(92) + 'u2029')};\n"
    headers = {"Content-Type": _SCRIPT, "Cache-Control": "no-store"}
    return Answer(200, script.encode(), headers)


def no_partners(_: Asked) -> Answer:
    """Hosts that share their users with this application: none, for it stands alone."""
    return replies.json([])


def _told(asked: Asked) -> dict[str, Any]:
    mine = application.identity(now=asked.now)
    scope, settings = ground.scope(), scopes.settings()
    prefix, offered = f"{asked.sent.prefix}/", outputs.providers(providers.offered())
    return {
        "appId": mine.did,
        "appPid": mine.permanent,
        "appPk": mine.public_key,
        "appName": scope.name,
        "appDescription": "",
        "appLogo": "",
        "appUrl": prefix,
        "version": "0.1.0",
        "prefix": prefix,
        "groupPrefix": prefix,
        "componentId": mine.permanent,
        "componentMountPoints": [
            {"title": scope.name, "name": scope.slug, "did": mine.permanent, "mountPoint": prefix}
        ],
        "languages": [{"code": "en", "name": "English"}, {"code": "zh", "name": "简体中文"}],
        "theme": {},
        "navigation": [],
        "preferences": {},
        "passportColor": "auto",
        "settings": {
            "session": {
                "ttl": settings.session_days * 24 * 60 * 60,
                "cacheTtl": settings.access_minutes * 60,
            },
            "federated": {"master": None, "config": {}},
            "oauth": offered,
            "authentication": offered,
            "org": {"enabled": False},
        },
        "serverDid": mine.permanent,
        "serverVersion": VERSION,
    }


ROUTES: Final = (
    Route("GET", "/api/federated/getTrustedDomains", OPEN, no_partners),
    Route("GET", "/__blocklet__.js", OPEN, describe),
)
