"""Calls to providers: through the one fetcher, bounded, never redirected."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
import requests
from django.core.cache import cache

from identity.services import outside
from identity.services.outside import AddressRefused
from identity.web import fetcher
from identity.web.fetcher import Bounds, FetchFailed
from sessions_app.errors import ProviderUnusable

BOUNDS: Final = Bounds(seconds=8.0, body_bytes=256 * 1024)
KEPT_SECONDS: Final = 600
"""How long a provider's published documents are believed to be as they were."""
_RENEWED_SECONDS: Final = 30


def exchange(method: str, url: str, **more: Any) -> requests.Response:
    """One call, as `requests.request` would make it. Raises ProviderUnusable.

    `more`: headers, data, json, params, auth. Only what the provider answers well comes back.
    """
    prepared = requests.Request(method, url, **more).prepare()
    body: Any = prepared.body or b""
    try:
        answer = fetcher.fetch(
            method,
            prepared.url or "",
            body=body.encode() if isinstance(body, str) else body,
            headers={str(name): str(value) for name, value in prepared.headers.items()},
            bounds=BOUNDS,
            guard=outside.guard(),
        )
    except (AddressRefused, FetchFailed) as refusal:
        raise ProviderUnusable(str(refusal)) from None
    if not 200 <= answer.status < 300 or answer.is_cut:
        raise ProviderUnusable(f"The provider answered {answer.status}.")
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response._content = answer.body  # noqa: SLF001 there is no other way to fill one
    response.encoding = "utf-8"
    return response


def document(url: str) -> dict[str, Any]:
    """A public document of a provider, at most ten minutes old. Raises ProviderUnusable."""
    kept = cache.get(_key(url))
    if isinstance(kept, bytes):
        return _object(kept)
    return _fetched(url)


def document_anew(url: str) -> dict[str, Any]:
    """The document as it is now, but asked for at most twice a minute. Raises ProviderUnusable."""
    if not cache.add(f"{_key(url)}-anew", 1, _RENEWED_SECONDS):
        return document(url)
    return _fetched(url)


def _fetched(url: str) -> dict[str, Any]:
    content = exchange("GET", url, headers={"Accept": "application/json"}).content
    found = _object(content)
    cache.set(_key(url), content, KEPT_SECONDS)
    return found


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise ProviderUnusable("The provider's answer is not JSON.") from None
    if not isinstance(found, dict):
        raise ProviderUnusable("The provider's answer is not an object.")
    return found


def _key(url: str) -> str:
    return f"provider-document-{hashlib.sha256(url.encode()).hexdigest()}"


def text(claims: Mapping[str, Any], name: str, *, most: int) -> str:
    """A claim that is a text of at most `most` printable characters, else ""."""
    value = claims.get(name)
    is_fit = isinstance(value, str) and len(value) <= most and value.isprintable()
    return value.strip() if is_fit and isinstance(value, str) else ""
