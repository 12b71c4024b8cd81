"""Answers in bytes: JSON, problem details, and signed by the server where that was asked for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from identity.api.v1 import errors
from identity.api.v1.route import Reply
from identity.api.v1.sent import Sent
from identity.crypto import http_signatures
from identity.errors import DomainError, Kind
from identity.services import server_keys
from identity.web import problems
from identity.web.lane import Answer

JSON: Final = "application/json"
_NEVER_STORED: Final = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie, Signature"}
_LABEL: Final = re.compile(r"\s*([a-z*][a-z0-9_.*-]{0,63})=")


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose parts are made while it is sent; it is never signed."""

    parts: Iterator[bytes]
    headers: Mapping[str, str]


def streamed(reply: Reply) -> Streamed:
    """An answer of a handler that makes lines."""
    return Streamed(reply.content, {**_NEVER_STORED, **reply.headers})


def encoded(reply: Reply) -> Answer:
    """An answer of a handler; bytes are an answer that was encoded before."""
    content = reply.content
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Answer(reply.status, body, {"Content-Type": JSON, **_NEVER_STORED, **reply.headers})


def refused(refusal: DomainError) -> Answer:
    """A refusal as problem details (RFC 9457), with the headers that its status asks for."""
    body = errors.body(refusal)
    headers = {**problems.headers(refusal), "Vary": _NEVER_STORED["Vary"]}
    if refusal.kind is Kind.UNAUTHENTICATED:
        # RFC 9110 §15.5.2 wants a challenge: the signature's terms are those of RFC 9421, those of
        # a token of RFC 6750 §3.
        headers["WWW-Authenticate"] = "Signature, Bearer"
    if "allow" in refusal.facts:
        headers["Allow"] = refusal.facts["allow"]
    return Answer(body["status"], problems.encoded(body), headers)


def is_wanted(sent: Sent) -> bool:
    """Whether the answer is to be signed (RFC 9421 §5)."""
    return "accept-signature" in sent.headers


def signed(answer: Answer, sent: Sent, *, now: datetime) -> Answer:
    """The answer under the active signature key of the scope in force; `keyid` is its kid."""
    key = server_keys.active_signing_key()
    headers = {
        "content-digest": http_signatures.content_digest(answer.body),
        "content-type": answer.headers["Content-Type"],
    }
    request = http_signatures.Request(sent.method, sent.target_uri, sent.headers)
    asked = _LABEL.match(sent.headers["accept-signature"])
    http_signatures.sign_answer(
        http_signatures.Answer(answer.status, headers, request),
        key,
        key_id=key.public.kid.hex(),
        now=int(now.timestamp()),
        label=asked[1] if asked else "sig",
    )
    headers["Content-Digest"] = headers.pop("content-digest")
    headers.pop("content-type")
    return Answer(answer.status, answer.body, {**answer.headers, **headers})
