"""HTTP message signatures (RFC 9421) of devices and of the server; `http-message-signatures` reads.

One algorithm, `ecdsa-p256-sha256`. A request's signature covers at least `@method` and
`@target-uri`, `content-digest` (RFC 9530, `sha-256`) where there is a body, and every header in
BOUND that is sent. Its parameters are `created`, `nonce` and `keyid`, and may be `alg`, `expires`.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from identity.crypto import ecdsa_p256
from identity.crypto.errors import SignatureInvalid

ALGORITHM: Final = "ecdsa-p256-sha256"
WINDOW: Final = 300
"""Seconds that `created` may lie in the past or in the future."""
NONCE: Final = range(16, 65)
"""How many characters a nonce has."""
BOUND: Final = ("content-digest", "idempotency-key", "if-match", "x-scope-id")
"""Headers that change what a request means: where one is sent, the signature covers it."""
LONGEST_FIELD: Final = 4096
_PARAMETERS: Final = frozenset({"created", "expires", "keyid", "nonce", "alg"})
_REQUIRED: Final = ('"@method"', '"@target-uri"')
_ANSWERED: Final = ("@status", "content-digest", "content-type")
_REQUEST_SIGNATURE: Final = '"signature";req'
_LABEL: Final = "sig"

FindKey = Callable[[str], ecdsa_p256.PublicKey]
"""The key of a `keyid`; for an unknown one nobody's, so that it takes as long."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was sent: the absolute address as signed, header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed what. `base` are the bytes under the signature (RFC 9421 §2.5)."""

    key_id: str
    nonce: str
    created: int
    base: bytes
    signature: bytes
    covered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be signed, or verified, together with its request's signature."""

    status_code: int
    headers: dict[str, str]
    request: Request


def content_digest(body: bytes) -> str:
    """The field value of RFC 9530 §2 for these bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def verify(request: Request, find_key: FindKey, *, now: int) -> Verified:
    """Verify the one signature of a request; replay is the caller's question.

    Raises SignatureInvalid, one error for every cause.
    """
    keys = _Keys(find_key)
    verifier = _Verifier(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=keys)
    _require_short(request.headers)
    try:
        (found,) = verifier.verify(request, max_age=None, body=request.body)
    except (HTTPMessageSignaturesException, ValueError) as error:
        if keys.failure is not None:
            raise keys.failure from error
        raise SignatureInvalid from error
    covered = found.covered_components
    parameters = found.parameters
    _require_parameters(parameters, now)
    _require_covered(covered, request)
    base = "\n".join(f"{name}: {value}" for name, value in covered.items()).encode()
    return Verified(
        key_id=str(parameters["keyid"]),
        nonce=str(parameters["nonce"]),
        created=int(parameters["created"]),
        base=base,
        signature=_signature(request.headers["signature"]),
        covered=tuple(covered),
    )


def sign_request(
    request: Request, key: ecdsa_p256.PrivateKey, *, key_id: str, now: int, nonce: str = ""
) -> dict[str, str]:
    """The headers to send besides: Signature-Input, Signature and, with a body, Content-Digest."""
    added: dict[str, str] = {}
    if request.body:
        added["content-digest"] = content_digest(request.body)
    sent = {**request.headers, **added}
    message = Request(request.method, request.url, sent, request.body)
    components = ["@method", "@target-uri", *(name for name in BOUND if name in sent)]
    _sign(message, components, key, key_id=key_id, now=now, nonce=nonce or new_nonce())
    return {name: sent[name] for name in (*added, "Signature-Input", "Signature")}


def sign_answer(
    answer: Answer, key: ecdsa_p256.PrivateKey, *, key_id: str, now: int, label: str = _LABEL
) -> None:
    """Put `Signature-Input` and `Signature` into the answer's headers.

    They cover its status, digest and media type, and the request's signature where it has one
    (RFC 9421 §2.4). Raises SignatureInvalid for a request whose signature is no field value.
    """
    components = [*_ANSWERED]
    if "signature" in answer.request.headers:
        components.append(_REQUEST_SIGNATURE)
    try:
        _sign(answer, components, key, key_id=key_id, now=now, nonce=None, label=label)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise SignatureInvalid from error


def verify_answer(answer: Answer, body: bytes, server_keys: Iterable[ecdsa_p256.PublicKey]) -> int:
    """Verify that one of these keys signed this answer to this very request.

    Header names are in lower case in both messages. Returns when it was signed, in seconds since
    the epoch by the server's clock. Raises SignatureInvalid.
    """
    by_id = {key.kid.hex(): key for key in server_keys}
    verifier = _Verifier(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=_Keys(lambda key_id: by_id.get(key_id, ecdsa_p256.DUMMY)),
    )
    _require_short(answer.headers)
    components = [*_ANSWERED, _REQUEST_SIGNATURE]
    try:
        (found,) = verifier.verify(answer, max_age=None, require_components=components, body=body)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise SignatureInvalid from error
    if not answer.headers["content-digest"].startswith("sha-256="):
        raise SignatureInvalid
    created = found.parameters.get("created")
    if not isinstance(created, int):
        raise SignatureInvalid
    return created


def new_nonce() -> str:
    """132 random bits as 22 characters."""
    return secrets.token_urlsafe(16)


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, find_key: FindKey, private: ecdsa_p256.PrivateKey | None = None) -> None:
        self._find_key = find_key
        self._private = private
        self.failure: Exception | None = None

    def resolve_public_key(self, key_id: str) -> Any:
        try:
            return self._find_key(key_id).key
        except Exception as failure:
            # The library calls every failure a wrong signature; a limit or a database is none.
            self.failure = failure
            raise

    def resolve_private_key(self, key_id: str) -> Any:
        del key_id
        return self._private.key if self._private else None


class _Algorithm(algorithms.ECDSA_P256_SHA256):
    """Signs as everywhere in the house: deterministically, with low S."""

    def sign(self, message: bytes) -> bytes:
        return ecdsa_p256.sign_by(self.private_key, message)


class _Verifier(HTTPMessageVerifier):
    signature_metadata_parameters: ClassVar[set[str]] = set(_PARAMETERS)

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Nothing: the caller's clock judges, in `_require_parameters`."""


def _require_short(headers: Mapping[str, str]) -> None:
    # What is parsed before anybody is known has a bound.
    for name in ("signature", "signature-input", "content-digest"):
        if len(headers.get(name, "")) > LONGEST_FIELD:
            raise SignatureInvalid


def _require_parameters(parameters: Mapping[str, Any], now: int) -> None:
    created, expires = parameters.get("created"), parameters.get("expires", now)
    nonce = parameters.get("nonce")
    is_known = isinstance(created, int) and isinstance(nonce, str)
    if not is_known or len(str(nonce)) not in NONCE:
        raise SignatureInvalid
    if abs(now - int(str(created))) > WINDOW or expires < now:
        raise SignatureInvalid


def _require_covered(covered: Mapping[str, str], request: Request) -> None:
    needed = [*_REQUIRED, *(f'"{name}"' for name in BOUND if name in request.headers)]
    if not all(name in covered for name in needed):
        raise SignatureInvalid
    digest = request.headers.get("content-digest", "")
    if request.body and not digest.startswith("sha-256="):
        raise SignatureInvalid


def _signature(field: str) -> bytes:
    # The library has found exactly one byte sequence in it.
    return base64.b64decode(field.partition("=:")[2].partition(":")[0])


def _sign(
    message: Request | Answer,
    components: list[str],
    key: ecdsa_p256.PrivateKey,
    *,
    key_id: str,
    now: int,
    nonce: str | None,
    label: str = _LABEL,
) -> None:
    signer = HTTPMessageSigner(
        signature_algorithm=_Algorithm,
        key_resolver=_Keys(lambda _: key.public, key),
    )
    signer.sign(
        message,
        key_id=key_id,
        created=datetime.fromtimestamp(now, tz=UTC),
        nonce=nonce,
        label=label,
        covered_component_ids=components,
        use_existing_digest="content-digest" in components,
    )
