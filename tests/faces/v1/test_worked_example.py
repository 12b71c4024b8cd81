"""The worked example of docs/api.md, to the byte."""

import re
from pathlib import Path

import pytest

from identity.crypto import ecdsa_p256, http_signatures
from identity.crypto.errors import SignatureInvalid
from identity.crypto.http_signatures import Request

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
# RFC 6979, A.2.5
KEY = ecdsa_p256.parse_private("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
CREATED = 1767225600


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def shown() -> Request:
    """The request as the page shows it."""
    head, _, body = block("http").partition("\n\n")
    first, *lines = head.split("\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    method, path, _ = first.split(" ")
    return Request(method, f"https://{headers.pop('host')}{path}", headers, body.encode())


def test_the_shown_request_is_accepted_and_has_the_shown_base() -> None:
    found = http_signatures.verify(shown(), lambda _: KEY.public, now=CREATED)
    assert found.base.decode() == block("text")


def test_signing_it_again_gives_the_same_bytes() -> None:
    request = shown()
    found = http_signatures.verify(request, lambda _: KEY.public, now=CREATED)
    kept = {"idempotency-key": request.headers["idempotency-key"]}
    signed = http_signatures.sign_request(
        Request(request.method, request.url, kept, request.body),
        KEY,
        key_id=found.key_id,
        now=CREATED,
        nonce=found.nonce,
    )
    assert {
        name.lower(): value for name, value in signed.items()
    }.items() <= request.headers.items()
    assert ecdsa_p256.sign(KEY, block("text").encode()) == found.signature


def test_it_says_what_the_signature_must_cover() -> None:
    rows = re.findall(r"^\| `(.*?)` \| (?:always|there is|the header)", PAGE, re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"[\w@-]+", row)]
    assert told == ["@method", "@target-uri", *http_signatures.BOUND]


def test_another_body_is_refused() -> None:
    request = shown()
    other = Request(request.method, request.url, request.headers, b'{"name": "vault"}')
    with pytest.raises(SignatureInvalid):
        http_signatures.verify(other, lambda _: KEY.public, now=CREATED)
