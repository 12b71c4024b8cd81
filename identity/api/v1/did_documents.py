"""Documents of `did:web`, read where the DIDs say: at the scope's host, or below `/s/<slug>/`."""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from accounts.queries import dids
from identity.api.v1 import desk, path_ids
from identity.scoping import current
from identity.web import client_ip, scope_resolution
from identity.web.lane import Answer

OF_SCOPE: Final = ("/did.json", "/.well-known/did.json")
MEDIA_TYPE: Final = "application/did+ld+json"
_OF_USER: Final = re.compile(r"/users/([^/]{1,64})/did\.json")
_PUBLIC: Final = {
    # Keys that were taken away are gone at once, so that nobody may answer from memory.
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "Vary": "X-Scope-Id",
}

Read = Callable[[datetime], Mapping[str, Any]]


def is_of_user(environ: dict[str, Any]) -> bool:
    """Whether it is the address of a user's document."""
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return False
    return _OF_USER.fullmatch(_path(environ)) is not None


def of_user(environ: dict[str, Any]) -> Answer:
    """The document of a user: the keys of the user's living devices."""
    found = _OF_USER.fullmatch(_path(environ))
    named = found[1] if found else ""
    return _answer(environ, lambda now: dids.web_document(path_ids.read("user", named), now=now))


def of_scope(environ: dict[str, Any]) -> Answer:
    """The document of the scope itself: the keys with which it signs."""
    slug, _ = scope_resolution.split_path(environ.get("PATH_INFO") or "/")
    return _answer(environ, lambda now: dids.own_document(is_below_path=bool(slug), now=now))


def _path(environ: dict[str, Any]) -> str:
    return scope_resolution.split_path(environ.get("PATH_INFO") or "/")[1]


def _answer(environ: dict[str, Any], read: Read) -> Answer:
    now = datetime.now(UTC)
    address = client_ip.neighbourhood(client_ip.of(environ))
    desk.per_address.hit(address, now=int(now.timestamp()))
    scope = scope_resolution.resolve(scope_resolution.of_environ(environ), now=now)
    with current.in_scope(scope.scope_id):
        body = orjson.dumps(read(now))
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"Content-Type": MEDIA_TYPE, "ETag": tag, **_PUBLIC}
    if environ.get("HTTP_IF_NONE_MATCH", "") == tag:
        return Answer(304, b"", headers)
    return Answer(200, body, headers)
