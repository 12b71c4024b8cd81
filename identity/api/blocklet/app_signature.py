"""Requests of an application's own server: signed by a key that was minted for it, once each."""

import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from identity.api.blocklet import errors
from identity.api.blocklet.sent import ROOT, Sent
from identity.crypto import request_signature
from identity.crypto.errors import SignatureInvalid
from identity.crypto.request_signature import Request
from identity.errors import Invalid
from identity.services import app_keys
from sessions_app.errors import SignInRefused
from sessions_app.services import spent_tokens

_SECONDS: Final = re.compile(r"[1-9][0-9]{0,11}")


def require_signature(
    sent: Sent, given: Mapping[str, Any], query: Mapping[str, str], *, now: datetime
) -> None:
    """Refuse what no living key of the application signed just now, and what came before.

    The signature is spent at once, outside any transaction: a refused request can't be sent twice
    either. Raises Told, one for every cause; Invalid for times without a signature.
    """
    signature, times = sent.headers.get("x-blocklet-sig", ""), _times(sent)
    if not signature and times is not None:
        raise Invalid("Bad Request")
    if not signature or times is None:
        raise errors.signature_refused()
    digest = _verified(sent, (given, query, times), signature, now)
    last = datetime.fromtimestamp(times[1] + request_signature.TOLERANCE + 1, tz=UTC)
    try:
        spent_tokens.spend(digest, expires_at=last)
    except SignInRefused:
        raise errors.signature_refused() from None


def _times(sent: Sent) -> tuple[int, int] | None:
    texts = [sent.headers.get(f"x-blocklet-sig-{name}", "") for name in ("iat", "exp")]
    if not all(map(_SECONDS.fullmatch, texts)):
        return None
    return int(texts[0]), int(texts[1])


def _verified(
    sent: Sent,
    told: tuple[Mapping[str, Any], Mapping[str, str], tuple[int, int]],
    signature: str,
    now: datetime,
) -> bytes:
    given, query, (issued_at, expires_at) = told
    # A gateway may have put the scope's prefix in front of what the application's server signed.
    paths = dict.fromkeys([sent.base + sent.path, ROOT + sent.path])
    requests = [Request(sent.method, path, query, given, issued_at, expires_at) for path in paths]
    living = [key for key in app_keys.living(now=now) if key.is_allowed_from(sent.address)]
    for key, request in itertools.product(living, requests):
        try:
            digest = request_signature.verify(
                request, signature, key.public, now=int(now.timestamp())
            )
        except SignatureInvalid:
            continue
        app_keys.note_used(key, now=now)
        return digest
    raise errors.signature_refused()
