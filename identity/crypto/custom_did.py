"""DID documents that somebody brings along, with the private keys of their methods.

Everything is checked on plain values within bounds: nothing here follows a context, so that
a document that is refused has cost little.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from identity.crypto import base58btc, bbs_key, did_ledger, ed25519, json_bounds
from identity.crypto.did_ledger import BBS, ED25519, LedgerDid
from identity.crypto.errors import DidDocumentRefused, DidInvalid, KeyInvalid
from identity.crypto.json_bounds import Bounds, OutOfBoundsError

MOST: Final = 20
"""Methods of a document, and keys that come with it."""
DOCUMENT: Final = Bounds(depth=6, nodes=600, text=32_768)
KEYS: Final = Bounds(depth=2, nodes=3 * MOST + 1, text=8192)
KINDS: Final = (ED25519, BBS)
_SIZES: Final = {ED25519: ed25519.KEY_SIZE, BBS: bbs_key.PUBLIC_SIZE}
_FRAGMENT: Final = re.compile(r"#[A-Za-z0-9._~-]{1,64}")
_RELATIONSHIPS: Final = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)
_MEMBERS: Final = frozenset(
    {"@context", "id", "controller", "alsoKnownAs", "verificationMethod", "service"}
    | {"created", "updated", *_RELATIONSHIPS}
)
_SECRETS: Final = re.compile(r"(?i:private|secret).*|d")


@dataclass(frozen=True, slots=True)
class Method:
    """A verification method of a document; `id` is whole, `public_key` None for other kinds."""

    id: str
    kind: str
    public_key: bytes | None

    @property
    def name(self) -> str:
        """The id's fragment."""
        return self.id.partition("#")[2]


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A private key that was proven to belong to a method; `secret` is 32 bytes."""

    method: Method
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckedKeys:
    """What `check` found: the DID's parts, its methods, the keys, and the key the DID is of."""

    did: str
    parts: LedgerDid
    methods: Sequence[Method]
    keys: Sequence[HeldKey]
    root: HeldKey


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """Whether a document would be taken, why not, and its methods by the kinds that matter."""

    is_valid: bool
    error: str
    keys: dict[str, Sequence[Method]]


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """Whether a key is its method's private key; `id` is as it was sent."""

    id: str
    is_valid: bool


def check(document: Any, did_keys: Any) -> CheckedKeys:
    """The keys of a document that is taken.

    There must be a private key for a method of each of the two kinds; no key may name a method
    that is not there, or one twice; and the DID must be that of one of the Ed25519 keys, so that
    nobody brings a DID of another's key. Raises DidDocumentRefused; never tells a key.
    """
    parts, methods = read(document)
    known = {method.id: method for method in methods}
    held = [_held(known, parts_of, did=document["id"]) for parts_of in _sent(did_keys)]
    if len({one.method.id for one in held}) != len(held):
        raise DidDocumentRefused("Two keys are for the same method.")
    if {one.method.kind for one in held} != set(KINDS):
        raise DidDocumentRefused("One key of each of both kinds is needed.")
    root = next((one for one in held if _is_root(one, parts)), None)
    if root is None:
        raise DidDocumentRefused("The DID is not that of one of the Ed25519 keys.")
    return CheckedKeys(document["id"], parts, methods, held, root)


def read(document: Any) -> tuple[LedgerDid, Sequence[Method]]:
    """The DID and the methods of a document within bounds. Raises DidDocumentRefused."""
    _require_within(document, DOCUMENT)
    if not isinstance(document, dict) or not set(document) <= _MEMBERS:
        raise DidDocumentRefused("The document has members that are not known here.")
    if any(_SECRETS.fullmatch(name) for name in json_bounds.names(document)):
        raise DidDocumentRefused("The document holds a private key.")
    did = document.get("id")
    try:
        parts = did_ledger.parse(did if isinstance(did, str) else "")
    except DidInvalid as refusal:
        raise DidDocumentRefused(refusal.detail) from None
    _require_context(document.get("@context"))
    if document.get("controller", did) != did:
        raise DidDocumentRefused("The document is controlled by another DID.")
    methods = [_method(one, str(did)) for one in _list(document, "verificationMethod", least=1)]
    _require_consistent(document, str(did), methods)
    return parts, methods


def document_keys(document: Any) -> DocumentVerdict:
    """The validator of documents: says what `read` finds, and whether both kinds are there."""
    keys: dict[str, Sequence[Method]] = {kind: [] for kind in KINDS}
    try:
        _, methods = read(document)
    except DidDocumentRefused as refusal:
        return DocumentVerdict(is_valid=False, error=refusal.detail, keys=keys)
    for kind in KINDS:
        keys[kind] = [method for method in methods if method.kind == kind]
    missing = next((kind for kind in KINDS if not keys[kind]), None)
    error = f"{missing} method not found." if missing else ""
    return DocumentVerdict(is_valid=missing is None, error=error, keys=keys)


def key_verdicts(document: Any, did_keys: Any) -> Sequence[KeyVerdict]:
    """The validator of keys: each by itself, in the order sent.

    A key of a document that is not taken is not valid. Raises DidDocumentRefused for keys that
    are no list of ids and keys within bounds.
    """
    sent = _sent(did_keys)
    try:
        _, methods = read(document)
    except DidDocumentRefused:
        return [KeyVerdict(method_id, is_valid=False) for method_id, _ in sent]
    known = {method.id: method for method in methods}
    return [KeyVerdict(one[0], is_valid=_is_held(known, one, did=document["id"])) for one in sent]


def _is_held(known: dict[str, Method], sent: tuple[str, str], *, did: str) -> bool:
    try:
        _held(known, sent, did=did)
    except DidDocumentRefused:
        return False
    return True


def _sent(did_keys: Any) -> Sequence[tuple[str, str]]:
    _require_within(did_keys, KEYS)
    if not isinstance(did_keys, list) or not 1 <= len(did_keys) <= MOST:
        raise DidDocumentRefused(f"Send 1 to {MOST} keys as a list.")
    if any(not isinstance(one, dict) or set(one) != {"id", "key"} for one in did_keys):
        raise DidDocumentRefused("A key is an object of id and key.")
    pairs = [(one["id"], one["key"]) for one in did_keys]
    if any(not isinstance(text, str) for pair in pairs for text in pair):
        raise DidDocumentRefused("The id and the key are texts.")
    return pairs


def _held(known: dict[str, Method], sent: tuple[str, str], *, did: str) -> HeldKey:
    method = known.get(_whole(sent[0], did))
    if method is None or method.public_key is None:
        raise DidDocumentRefused("A key names no method that is known here.")
    try:
        raw = base58btc.decode(sent[1])
        secret = _edwards(raw, method) if method.kind == ED25519 else _bbs(raw, method)
    except (ValueError, KeyInvalid):
        raise DidDocumentRefused("A key is not its method's private key.") from None
    return HeldKey(method, secret)


def _edwards(raw: bytes, method: Method) -> bytes:
    """Seed and public key, both of which must be the method's. Raises ValueError, KeyInvalid."""
    seed, public_key = raw[: ed25519.KEY_SIZE], raw[ed25519.KEY_SIZE :]
    if not ed25519.parse_private(seed).public.raw == public_key == method.public_key:
        raise ValueError("another key")
    return seed


def _bbs(raw: bytes, method: Method) -> bytes:
    if bbs_key.public(raw) != method.public_key:
        raise ValueError("another key")
    return raw


def _is_root(one: HeldKey, parts: LedgerDid) -> bool:
    """Whether the DID is made of this key: hashed, or as it is, as other clients write it."""
    if one.method.kind != ED25519 or one.method.public_key is None:
        return False
    key = one.method.public_key
    return parts.identifier in {did_ledger.hashed(key), base58btc.encode(key)}


def _method(one: Any, did: str) -> Method:
    if not isinstance(one, dict):
        raise DidDocumentRefused("A verification method is an object.")
    method_id, kind = one.get("id"), one.get("type")
    if not isinstance(method_id, str) or not isinstance(kind, str):
        raise DidDocumentRefused("A verification method has an id and a type.")
    if one.get("controller") != did:
        raise DidDocumentRefused("A verification method is controlled by another DID.")
    whole = _whole(method_id, did)
    if not _FRAGMENT.fullmatch(whole.removeprefix(did)):
        raise DidDocumentRefused("The id of a verification method is the DID and a fragment.")
    return Method(whole, kind, _public_key(one, kind) if kind in KINDS else None)


def _public_key(one: dict[str, Any], kind: str) -> bytes:
    written = one.get("publicKeyBase58")
    if set(one) != {"id", "type", "controller", "publicKeyBase58"} or not isinstance(written, str):
        raise DidDocumentRefused(f"A method of the type {kind} has a publicKeyBase58 alone.")
    try:
        raw = base58btc.decode(written)
    except ValueError:
        raise DidDocumentRefused("A public key is not Base58.") from None
    if len(raw) != _SIZES[kind]:
        raise DidDocumentRefused(f"A public key of the type {kind} has {_SIZES[kind]} bytes.")
    return raw


def _require_consistent(document: dict[str, Any], did: str, methods: Sequence[Method]) -> None:
    ids = [method.id for method in methods]
    for one in _list(document, "service"):
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise DidDocumentRefused("A service is an object with an id.")
        ids.append(_whole(one["id"], did))
    if len(set(ids)) != len(ids):
        raise DidDocumentRefused("An id stands twice in the document.")
    known = {method.id for method in methods}
    for name in _RELATIONSHIPS:
        named = _list(document, name)
        # A method that stands inside a relationship would be one that nobody checked.
        if any(not isinstance(one, str) or _whole(one, did) not in known for one in named):
            raise DidDocumentRefused(f"{name} names something else than a verification method.")


def _require_context(context: Any) -> None:
    """One text, or several of which the first is that of DIDs; never a context written out."""
    listed = context if isinstance(context, list) else [context]
    if not listed or listed[0] != did_ledger.CONTEXT:
        raise DidDocumentRefused(f"The first context is {did_ledger.CONTEXT}.")
    if not all(isinstance(one, str) for one in listed):
        raise DidDocumentRefused("A context is named, not written out.")


def _require_within(value: Any, bounds: Bounds) -> None:
    try:
        json_bounds.require(value, bounds)
    except OutOfBoundsError as refusal:
        raise DidDocumentRefused(str(refusal)) from None


def _list(document: dict[str, Any], name: str, *, least: int = 0) -> list[Any]:
    found = document.get(name, [])
    if not isinstance(found, list) or not least <= len(found) <= MOST:
        raise DidDocumentRefused(f"{name} is a list of {least} to {MOST}.")
    return found


def _whole(method_id: str, did: str) -> str:
    return did + method_id if method_id.startswith("#") else method_id
