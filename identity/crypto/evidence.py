"""Evidence of a proposal's decision, verifiable offline and for ever.

This one file needs only Python, `cryptography` and `cbor2`, so it can be handed to an auditor:

    python evidence.py BUNDLE.json --server-key 03be1c…

Source: enterprise specification §3.3 (signed messages) and §5.4 to §5.5 (who counts, what is
signed). The format of a bundle is `_BUNDLE` below; times are whole seconds since the epoch, ids
are UUIDs as text, keys are compressed P-256 points in lower hex, messages are base64.
"""

import argparse
import base64
import contextlib
import dataclasses
import functools
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FORMAT = "countersign-evidence/1"
REQUEST_TYPE = "application/vnd.ecs.request.v1+cose"
STATEMENT_TYPE = "application/vnd.ecs.evidence.v1+cose"
STAFF_REQUEST_TYPE = "application/vnd.ecs.staff-request.v1+cose"
STAFF_VOTE_TYPE = "application/vnd.ecs.staff-vote.v1+cose"
SERVER_KEYS_TYPE = "application/vnd.ecs.server-keys.v1+cose"
HTTP_REQUEST_TYPE = "application/vnd.ecs.http-request.v1+cose"
MAX_BYTES = 16 * 1024 * 1024
MAX_ITEMS = 1000
MAX_FAULTS = 50
SKEW = 60

_METHODS = {
    "add": frozenset({"POST", "PUT"}),
    "edit": frozenset({"PATCH", "PUT", "POST"}),
    "delete": frozenset({"DELETE", "POST"}),
}
_APPROVED = frozenset({"approved", "executing", "executed", "failed"})
_UNDECIDED = frozenset({"pending", "expired"})
_STATES = _APPROVED | _UNDECIDED | {"rejected", "cancelled", "stale"}


class EvidenceInvalid(Exception):
    """The bundle proves nothing; `failures` says why, one sentence each."""

    def __init__(self, failures: Iterable[str]) -> None:
        self.failures = list(failures)
        super().__init__("; ".join(self.failures))


@dataclasses.dataclass(frozen=True, slots=True)
class VoteFinding:
    """One verified vote. `signed_by` is `device`, or `server` where the server attests it."""

    user: str
    decision: str
    signed_by: str
    is_counted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What a bundle proves. `notes` name what rests on the server's word alone."""

    scope: str
    proposal: str
    action: str
    resource: str
    state: str
    proposer: str | None
    request_signed_by: str
    votes: tuple[VoteFinding, ...]
    server_key: str
    notes: tuple[str, ...]


def proposal_hash(
    *,
    scope: UUID,
    proposal: UUID,
    request_sign1: bytes,
    policy: UUID,
    policy_version: int,
    review_expression: str,
    expires_at: int,
) -> bytes:
    """The 32 bytes that every vote names (§5.5); `expires_at` in seconds since the epoch."""
    request = hashlib.sha256(request_sign1).digest()
    parts = ["ecs-proposal/1", scope.bytes, proposal.bytes, request, policy.bytes]
    encoded = cbor2.dumps([*parts, policy_version, review_expression, expires_at])
    return hashlib.sha256(encoded).digest()


def key_id(public_hex: str) -> bytes:
    """The `kid` of a signature key: SHA-256 of its compressed point."""
    return hashlib.sha256(bytes.fromhex(public_hex)).digest()


def asks_for(payload: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a request's payload asks for this action on this resource.

    Two resources have a second name on the wire: programs (`user_category` is `api`) may be made
    at `/users/invite`, and `key-register` is another word for `authorize`.
    """
    try:
        return (action, resource) in {_meant(item) for item in _items(dict(payload))}
    except _Refused:
        return False


def http_request(payload: Mapping[str, Any], base: bytes, signature: bytes, body: bytes) -> bytes:
    """What the server attests of a request that a device signed by RFC 9421.

    `payload` holds `action`, `resource`, `details`, `user` and `device`; enclosed are the exact
    bytes that the device's signature covers, the signature (raw r||s, 64 bytes) and the body.
    """
    enclosed = {"base": base, "signature": signature, "body": body}
    texts = {name: base64.b64encode(part).decode() for name, part in enclosed.items()}
    return _canonical({**payload, "http": texts})


def is_http_request(sign1: bytes) -> bool:
    """Whether a message says that it encloses a device's HTTP message signature."""
    try:
        return bool(_type_of(_opened(sign1)) == HTTP_REQUEST_TYPE)
    except _Refused:
        return False


def verify_http_request(
    sign1: bytes, *, device_keys: Iterable[str], server_keys: Iterable[str], at: int | None = None
) -> dict[str, Any]:
    """The payload of a server's statement that encloses a device's HTTP message signature.

    Guarantees: one of the server's keys attests it, one of the device's keys signed the enclosed
    base (RFC 9421), the base covers method, target and the body's digest, the body is what
    `details` says, and method and target fit `action` and `resource`. `at` is when it arrived.
    Raises EvidenceInvalid.
    """
    try:
        payload = _object(_attested_by(sign1, HTTP_REQUEST_TYPE, server_keys))
        _verify_enclosed_request(payload, device_keys, at)
    except _Refused as refusal:
        raise EvidenceInvalid([f"the request {refusal}"]) from refusal
    return payload


def verify_attested(sign1: bytes, typ: str, *, server_keys: Iterable[str]) -> bytes:
    """The payload of a message of this type that one of the server's keys attests.

    Raises EvidenceInvalid.
    """
    try:
        return _attested_by(sign1, typ, server_keys)
    except _Refused as refusal:
        raise EvidenceInvalid([f"the message {refusal}"]) from refusal


def attest(payload: bytes, typ: str, sign: Callable[[bytes], bytes], kid: bytes) -> bytes:
    """A COSE_Sign1 (RFC 9052 §4.2) of the server; `sign` answers raw r||s, 64 bytes, ES256."""
    protected = _attested_header(typ, kid)
    signature = sign(_to_be_signed(protected, payload))
    return _dumped(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def seal_bundle(
    bundle_without_statement: Mapping[str, Any],
    sign: Callable[[bytes], bytes],
    server_public_hex: str,
) -> dict[str, Any]:
    """The bundle with the server's key and its statement over everything else in it.

    Raises EvidenceInvalid where the bundle is not plain JSON without fractions.
    """
    body = {**bundle_without_statement, "server_key": server_public_hex}
    digest = hashlib.sha256(_canonical(body)).digest()
    statement = attest(digest, STATEMENT_TYPE, sign, key_id(server_public_hex))
    return {**body, "statement": base64.b64encode(statement).decode()}


def read_bundle(text: bytes) -> dict[str, Any]:
    """The bundle in a file of at most 16 MiB. Raises EvidenceInvalid unless it is strict JSON."""
    if len(text) > MAX_BYTES:
        raise EvidenceInvalid([f"the bundle is larger than {MAX_BYTES} bytes"])
    try:
        bundle = _strict_json(text, parse_float=_refuse_number)
    except _Refused as refusal:
        raise EvidenceInvalid([f"the bundle {refusal}"]) from refusal
    if not isinstance(bundle, dict):
        raise EvidenceInvalid(["the bundle is not an object"])
    return bundle


def verify_bundle(bundle: Mapping[str, Any], *, expected_server_key: str | None = None) -> Report:
    """What the bundle proves.

    Guarantees: the hash follows from the content; the request, every vote and every registration
    is signed as claimed; nobody approved its own proposal or voted twice; the votes bear out the
    state under the review expression. Without `expected_server_key` the server's own part rests
    on the key inside the bundle. Raises EvidenceInvalid with everything that failed.
    """
    plain = read_bundle(_canonical(bundle))
    faults = list(itertools.islice(_shape_faults(plain, _BUNDLE, "bundle"), MAX_FAULTS))
    if faults:
        raise EvidenceInvalid(faults)
    verification = _Verification(plain)
    for step in (
        functools.partial(verification.server, expected_server_key),
        verification.proposal,
        verification.devices,
        verification.request,
        verification.votes,
        verification.decision,
    ):
        step()
    if verification.faults:
        raise EvidenceInvalid(verification.faults)
    return verification.report()


class _Refused(Exception):
    """One check failed; the text continues a sentence that names the part."""


class _Signed(NamedTuple):
    protected: bytes
    payload: bytes
    signature: bytes


_HTTP_NOTE = (
    "the request is signed by the proposer's device as an HTTP message (RFC 9421); the server "
    "attests what it means as action and resource"
)


class _Verification:
    """The checks of one bundle of the right shape; collects what fails."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle = bundle
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.findings: list[VoteFinding] = []
        self.keys = [bundle["server_key"], *bundle.get("former_server_keys", [])]
        self.entries: dict[str, list[dict[str, Any]]] = {}
        self.listed = {entry["signature_key"] for entry in bundle["devices"]}
        for entry in bundle["devices"]:
            self.entries.setdefault(entry["device"], []).append(entry)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Turns a refusal inside into one line of the list of failures."""
        try:
            yield
        except _Refused as refusal:
            self.faults.append(f"{name} {refusal}")

    def server(self, expected_server_key: str | None) -> None:
        """The statement covers everything else and is signed by the key the auditor expects."""
        if expected_server_key is None:
            self.notes.append("the server key was not compared with one known from elsewhere")
        with self.part("the server key"):
            is_expected = expected_server_key in {None, self.keys[0]}
            _demand(is_expected, "is not the expected one")
        with self.part("the statement"):
            rest = {name: self.bundle[name] for name in self.bundle if name != "statement"}
            payload = self._attested(self.bundle["statement"], STATEMENT_TYPE, self.keys[:1])
            digest = hashlib.sha256(_canonical(rest)).digest()
            _demand(payload == digest, "is about another bundle")

    def proposal(self) -> None:
        """The hash follows from the content (§5.5) and the times from one another."""
        proposal = self.bundle["proposal"]
        with self.part("the proposal"):
            digest = proposal_hash(
                scope=UUID(self.bundle["scope"]),
                proposal=UUID(proposal["id"]),
                request_sign1=_bytes(self.bundle["request"]),
                policy=UUID(proposal["policy"]["id"]),
                policy_version=proposal["policy"]["version"],
                review_expression=proposal["review_expression"],
                expires_at=proposal["expires_at"],
            )
            _demand(proposal["hash"] == digest.hex(), "has another hash than its content")
        with self.part("the proposal"):
            created, decided, state = (
                proposal[name] for name in ("created_at", "decided_at", "state")
            )
            _demand(decided is not None or state in _UNDECIDED, "has no time of decision")
            _demand(decided is None or decided >= created, "was decided before it was made")
            is_late = state in _APPROVED | {"rejected"} and decided > proposal["expires_at"]
            _demand(not is_late, "was decided after it had expired")

    def devices(self) -> None:
        """Every key is on one device, of one user, and was registered by a signed request (§4)."""
        owners: dict[str, str] = {}
        for entry in self.bundle["devices"]:
            with self.part(f"device {entry['device']}"):
                key = entry["signature_key"]
                _demand(key not in owners, "has a key that is listed twice")
                owners[key] = entry["device"]
                users = {other["user"] for other in self.entries[entry["device"]]}
                _demand(len(users) == 1, "belongs to several users")
                self._registration(entry)

    def _registration(self, entry: dict[str, Any]) -> None:
        """The signed request that brought the key names the key; what is only attested is noted."""
        kind, name = entry["registration"]["kind"], f"device {entry['device']}"
        if "sign1" not in entry["registration"]:
            _demand(kind in _UNSIGNED_KINDS, f"lacks the signed request of kind {kind}")
            self.notes.append(f"{name}: {kind}, on the server's word alone")
            return
        _demand(kind in _REGISTRATIONS, f"of kind {kind} has no signed request")
        payload = self._registration_payload(entry, kind, name)
        action, resource, field = _REGISTRATIONS[kind]
        # The faces of the server call the same field by two names.
        named = [
            item["details"].get(field, item["details"].get("signature_key"))
            for item in _items(payload)
            if item["action"] == action and resource.fullmatch(item["resource"])
        ]
        is_named = entry["signature_key"] in [_compressed(key) for key in named]
        _demand(is_named, "has a registration that does not name its key")

    def _registration_payload(self, entry: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
        registration = entry["registration"]
        signer = registration.get("one_time_key", registration.get("signer_key"))
        if signer is None:
            _demand(kind in _ATTESTED_KINDS, "does not say which key signed its registration")
            return self._attested_registration(entry, kind, name)
        if is_http_request(_bytes(registration["sign1"])):
            payload = self._by_http(registration["sign1"], [signer], None)
            is_own = kind != "rotation" or payload["device"] == entry["device"]
            _demand(is_own, "was rotated by another device")
            return payload
        sender, issued_at, payload = _device_request(registration["sign1"], [signer])
        _demand(issued_at <= entry["registered_at"] + SKEW, "was asked for after its registration")
        is_own = kind != "rotation" or sender == entry["device"]
        _demand(is_own, "was rotated by another device")
        if kind not in _ONE_TIME_KINDS and signer not in self.listed:
            self.notes.append(f"{name}: registered by a key outside the bundle")
        return payload

    def _attested_registration(self, entry: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
        sign1 = entry["registration"]["sign1"]
        is_http = is_http_request(_bytes(sign1))
        typ = HTTP_REQUEST_TYPE if is_http else STAFF_REQUEST_TYPE
        payload = _object(self._attested(sign1, typ, self.keys))
        _demand("holder" in payload or kind != "session", "encloses no proof by its holder")
        if "holder" not in payload:
            self.notes.append(f"{name}: {kind}, attested by the server")
            return payload
        signed_by = _verify_holder(payload, entry["signature_key"])
        self.notes.append(f"{name}: {kind}, attested by the server, signed by {signed_by}")
        _demand(payload.get("user") == entry["user"], "was registered for another user")
        return payload

    def request(self) -> None:
        """The proposer signed a request with this action and resource."""
        proposer, proposal = self.bundle["proposer"], self.bundle["proposal"]
        with self.part("the request"):
            if proposer["device"] is None:
                self.notes.append("the request is attested by the server, not signed by a device")
                payload = _object(
                    self._attested(self.bundle["request"], STAFF_REQUEST_TYPE, self.keys)
                )
                _demand(payload.get("user") == proposer["user"], "is by another user")
            else:
                payload = self._by_device(self.bundle["request"], proposer, proposal["created_at"])
                if "http" in payload:
                    self.notes.append(_HTTP_NOTE)
            is_asked = asks_for(payload, proposal["action"], proposal["resource"])
            _demand(is_asked, "asks for something else")

    def votes(self) -> None:
        """Each vote is signed by its voter, names this proposal and its hash, and stands alone."""
        standing = {entry["user"] for entry in self.bundle["standing"]}
        seen: set[str] = set()
        for vote in self.bundle["votes"]:
            user = vote["user"]
            with self.part(f"the vote of {user}"):
                _demand(user not in seen, "is there twice")
                seen.add(user)
                _demand(user != self.bundle["proposer"]["user"], "is the proposer's own")
                self._vote(vote)
            signed_by = "device" if vote["device"] else "server"
            if signed_by == "server":
                self.notes.append(f"the vote of {user} is attested by the server, not by a device")
            self.findings.append(VoteFinding(user, vote["decision"], signed_by, user in standing))

    def _vote(self, vote: dict[str, Any]) -> None:
        proposal = self.bundle["proposal"]
        if vote["device"] is None:
            payload = _object(self._attested(vote["sign1"], STAFF_VOTE_TYPE, self.keys))
            _demand(payload.get("user") == vote["user"], "was attested for another user")
        else:
            is_statement = not is_http_request(_bytes(vote["sign1"]))
            _demand(is_statement, "is no statement of its own")
            payload = self._by_device(vote["sign1"], vote, vote["cast_at"])
            kinds = {e["registration"]["kind"] for e in self.entries[vote["device"]]}
            _demand("invitation" not in kinds, "is by the one-time key of an invitation")
        own = [
            item
            for item in _items(payload)
            if item["resource"] == f"/proposals/{proposal['id']}"
            and item["action"] in {"approve", "reject"}
        ]
        _demand(len(own) == 1, "is not one vote on this proposal")
        _demand(own[0]["action"] == vote["decision"], "says the opposite")
        names_hash = own[0]["details"].get("proposal_hash") == proposal["hash"]
        _demand(names_hash, "is about another content")
        decided = proposal["decided_at"]
        latest = proposal["expires_at"] if decided is None else min(decided, proposal["expires_at"])
        _demand(proposal["created_at"] <= vote["cast_at"] <= latest, "was not cast in time")

    def decision(self) -> None:
        """The votes of those with standing bear out the state (§5.1, §5.4)."""
        proposal, standing = self.bundle["proposal"], self.bundle["standing"]
        with self.part("the decision"):
            by_user = {entry["user"]: entry for entry in standing}
            _demand(len(by_user) == len(standing), "rests on a standing that names a user twice")
            review = _review(proposal["review_expression"])
            cast = {
                decision: [
                    by_user[vote["user"]]
                    for vote in self.bundle["votes"]
                    if vote["decision"] == decision and vote["user"] in by_user
                ]
                for decision in ("approve", "reject")
            }
            is_rejected = len(cast["reject"]) >= review.get("deny", 1)
            if proposal["state"] == "rejected":
                _demand(is_rejected, "lacks the rejections it claims")
            if proposal["state"] in _APPROVED:
                _demand(not is_rejected, "was ended by rejections")
                parts = review.get("and", [review])
                is_approved = all(_is_satisfied(part, cast["approve"]) for part in parts)
                _demand(is_approved, "lacks the approvals it claims")

    def report(self) -> Report:
        """What was found; only meaningful when nothing failed."""
        proposal, proposer = self.bundle["proposal"], self.bundle["proposer"]
        return Report(
            scope=self.bundle["scope"],
            proposal=proposal["id"],
            action=proposal["action"],
            resource=proposal["resource"],
            state=proposal["state"],
            proposer=proposer["user"],
            request_signed_by="device" if proposer["device"] else "server",
            votes=tuple(self.findings),
            server_key=self.keys[0],
            notes=tuple(self.notes),
        )

    def _attested(self, sign1: str, typ: str, keys: list[str]) -> bytes:
        return _attested_by(_bytes(sign1), typ, keys)

    def _by_http(self, sign1: str, keys: list[str], at: int | None) -> dict[str, Any]:
        """A request that a device signed by RFC 9421, inside the server's statement."""
        payload = _object(self._attested(sign1, HTTP_REQUEST_TYPE, self.keys))
        _verify_enclosed_request(payload, keys, at)
        return payload

    def _by_device(self, sign1: str, who: dict[str, Any], at: int) -> dict[str, Any]:
        entries = self.entries.get(who["device"], [])
        _demand(bool(entries), "is by a device that is not in the bundle")
        _demand(entries[0]["user"] == who["user"], "is by a device of another user")
        keys = _keys_in_force(entries, at)
        if is_http_request(_bytes(sign1)):
            payload = self._by_http(sign1, keys, at)
            _demand(payload["device"] == who["device"], "was signed by another device")
            _demand(payload["user"] == who["user"], "is by another user")
            return payload
        sender, _, payload = _device_request(sign1, keys, at)
        _demand(sender == who["device"], "was signed by another device")
        return payload


def _attested_by(sign1: bytes, typ: str, keys: Iterable[str]) -> bytes:
    signed = _opened(sign1)
    by_header = {_attested_header(typ, key_id(key)): key for key in keys}
    _demand(signed.protected in by_header, "is not attested by a known server key")
    _verify_signature(signed, [by_header[signed.protected]])
    return signed.payload


def _type_of(signed: _Signed) -> Any:
    try:
        return _mapping(cbor2.loads(signed.protected)).get(16)
    except cbor2.CBORDecodeError as error:
        raise _Refused("has an unreadable header") from error


def _verify_holder(payload: dict[str, Any], key: str) -> str:
    """The text that the holder of new keys signed with them, and what it has to name.

    A device that came by an invitation signed with the invitation's one-time key too.
    """
    faults = list(_shape_faults(payload["holder"], _HOLDER, "holder"))
    _demand(not faults, "; ".join(["encloses an unreadable proof", *faults]))
    holder = payload["holder"]
    text = _bytes(holder["statement"])
    said = _object(text)
    _demand(_compressed(said.get("signature_key")) == key, "encloses a proof about another key")
    _verify_raw(_bytes(holder["signature"]), text, [key])
    has_one_time_key = "one_time_key" in holder
    _demand(has_one_time_key == ("one_time_signature" in holder), "encloses half a proof")
    if not has_one_time_key:
        return "its own new key"
    _verify_raw(_bytes(holder["one_time_signature"]), text, [holder["one_time_key"]])
    return "its own new key and the one-time key of the invitation"


def _verify_enclosed_request(
    payload: dict[str, Any], device_keys: Iterable[str], at: int | None
) -> None:
    """RFC 9421 §3.2 with ecdsa-p256-sha256 under one of the device's keys, and RFC 9530 digests."""
    faults = list(_shape_faults(payload, _HTTP, "payload"))
    _demand(not faults, "; ".join(["encloses no HTTP request", *faults]))
    http = payload["http"]
    base, body = _bytes(http["base"]), _bytes(http["body"])
    _verify_raw(_bytes(http["signature"]), base, device_keys)
    parts = _base_parts(base)
    parameters = parts["@signature-params"]
    _demand(f';keyid="{payload["device"]}"' in parameters, "names another key than the device's")
    created = re.search(r";created=(\d{1,12})(;|$)", parameters)
    _demand(created is not None, "does not say when it was signed")
    when = int(created[1]) if created else 0
    _demand(at is None or abs(at - when) <= 300 + SKEW, "was signed at another time")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    is_covered = f"sha-256=:{digest}:" in parts.get("content-digest", "").replace(" ", "").split(
        ","
    )
    _demand(is_covered or not (body or "content-digest" in parts), "is about another body")
    said = _object(body) if body else {}
    _demand(said == payload["details"], "has another body than its details")
    fits = parts.get("@method") in _METHODS.get(payload["action"], ())
    _demand(fits, "has a method that does not fit its action")
    _require_target(parts, payload["resource"])


def _base_parts(base: bytes) -> dict[str, str]:
    """The components of a signature base (RFC 9421 §2.5): exactly those that it lists."""
    try:
        lines = base.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _Refused("has a signature base that is not ASCII") from error
    found: dict[str, str] = {}
    for line in lines:
        match = re.fullmatch(r'"([a-z0-9@_-]+)": (.*)', line)
        _demand(match is not None, "has a malformed signature base")
        if match:
            _demand(match[1] not in found, "covers something twice")
            found[match[1]] = match[2]
    *covered, last = found
    _demand(last == "@signature-params", "has a malformed signature base")
    listed = "(" + " ".join(f'"{name}"' for name in covered) + ")"
    _demand(found[last].startswith(listed + ";"), "covers other parts than it lists")
    return found


def _require_target(parts: dict[str, str], resource: str) -> None:
    """The path and the resource name no two objects of one kind: `/users/<one>`, `/users/<two>`."""
    target = parts.get("@target-uri", parts.get("@path", parts.get("@request-target")))
    _demand(target is not None, "does not cover its target")
    path = re.sub(r"^https?://[^/]*", "", str(target)).split("?")[0]
    in_path, in_resource = dict(_NAMED.findall(path)), dict(_NAMED.findall(resource))
    for noun in in_path.keys() & in_resource.keys():
        is_same = in_path[noun].lower() == in_resource[noun].lower()
        _demand(is_same, "has another target than its resource")


def _keys_in_force(entries: list[dict[str, Any]], at: int) -> list[str]:
    """The newest key of a device at a time; a key that began in that very second may be it too."""
    begun = [entry for entry in entries if entry["registered_at"] <= at]
    before = (entry["registered_at"] for entry in begun if entry["registered_at"] < at)
    newest = max(before, default=0)
    return [entry["signature_key"] for entry in begun if entry["registered_at"] >= newest]


def _attested_header(typ: str, kid: bytes) -> bytes:
    return _dumped({1: -7, 4: kid, 16: typ})


def _dumped(value: Any) -> bytes:
    encoded: bytes = cbor2.dumps(value, canonical=True)
    return encoded


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 §4.4 with empty external data."""
    return _dumped(["Signature1", protected, b"", payload])


def _opened(sign1: bytes) -> _Signed:
    """The three parts of a COSE_Sign1 that is encoded in the one deterministic way (§3.3)."""
    try:
        item = cbor2.loads(sign1)
    except cbor2.CBORDecodeError as error:
        raise _Refused("is not CBOR") from error
    if not isinstance(item, cbor2.CBORTag) or not isinstance(item.value, list | tuple):
        raise _Refused("is not a COSE_Sign1")
    if [isinstance(part, bytes) for part in item.value] != [True, False, True, True]:
        raise _Refused("is not a COSE_Sign1")
    protected, _, payload, signature = item.value
    expected = _dumped(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    _demand(expected == sign1, "is not encoded deterministically")
    return _Signed(protected, payload, signature)


def _device_request(
    sign1: str, keys: Iterable[str], at: int | None = None
) -> tuple[str, int, dict[str, Any]]:
    """The sending device, the time of signing and the payload of a signed request (§3.3, §3.5)."""
    signed = _opened(_bytes(sign1))
    try:
        header = _mapping(cbor2.loads(signed.protected))
        device, claims = header[4], _mapping(header[15])
        audience, expires_at, issued_at, nonce = claims[3], claims[4], claims[6], claims[7]
    except (cbor2.CBORDecodeError, KeyError) as error:
        raise _Refused("has another header than a request") from error
    types = [type(part) for part in (device, audience, expires_at, issued_at, nonce)]
    _demand(types == [bytes, str, int, int, bytes], "has another header than a request")
    named = {3: audience, 4: expires_at, 6: issued_at, 7: nonce}
    expected = {1: -7, 3: 50, 4: device, 15: named, 16: REQUEST_TYPE}
    _demand(_dumped(expected) == signed.protected, "has another header than a request")
    _demand(len(device) == len(nonce) == 16, "has another header than a request")
    _demand(1 <= expires_at - issued_at <= 300, "was to live too long")
    is_timely = at is None or issued_at - SKEW <= at <= expires_at + SKEW
    _demand(is_timely, "was signed at another time")
    _verify_signature(signed, keys)
    return str(UUID(bytes=device)), issued_at, _object(signed.payload)


def _verify_signature(signed: _Signed, keys: Iterable[str]) -> None:
    """ES256 (RFC 9053 §2.1) under one of the keys; the algorithm is never read from the message."""
    _verify_raw(signed.signature, _to_be_signed(signed.protected, signed.payload), keys)


def _verify_raw(signature: bytes, message: bytes, keys: Iterable[str]) -> None:
    _demand(len(signature) == 64, "has a signature of another length")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    for key in keys:
        point = bytes.fromhex(key)
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        with contextlib.suppress(InvalidSignature):
            der = utils.encode_dss_signature(r, s)
            public.verify(der, message, ec.ECDSA(hashes.SHA256()))
            return
    raise _Refused("is not signed by the key it names")


def _mapping(value: Any) -> dict[Any, Any]:
    _demand(type(value) is dict, "has another header than a request")
    return dict(value)


def _items(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The commands of a request: the one it is, or those of its batches (§3.3)."""
    batches = [payload[name] for name in ("batch", "atomicBatch") if name in payload]
    commands = [payload] if "action" in payload else []
    is_one_form = bool(commands) != bool(batches)
    _demand(is_one_form and all(isinstance(batch, list) for batch in batches), "has no command")
    found = []
    for command in (*commands, *(item for batch in batches for item in batch)):
        _demand(isinstance(command, dict), "has a command that is not an object")
        named = {"details": {}, **command}
        types = [type(named.get(name)) for name in ("action", "resource", "details")]
        _demand(types == [str, str, dict], "has a command without action, resource or details")
        found.append(named)
    return found


def _meant(item: Mapping[str, Any]) -> tuple[str, str]:
    named = (item["action"], item["resource"])
    if named == ("add", "/users/invite") and item["details"].get("user_category") == "api":
        return "add", "/users"
    if named == ("add", "/account-management/key-register"):
        return "add", "/account-management/authorize"
    return named


def _review(text: str) -> dict[str, Any]:
    review = _strict_json(text.encode())
    is_merged = isinstance(review, dict) and "and" in review
    faults = list(_shape_faults(review, _MERGED if is_merged else _PART, "the review expression"))
    _demand(not faults, "; ".join(["rests on an unreadable review expression", *faults]))
    for part in review.get("and", [review]):
        clauses = part["all"]
        _demand(bool(clauses) or "min" in part, "rests on a review that asks for nobody")
        is_clear = all(len(clause) == 2 for clause in clauses)
        _demand(is_clear, "rests on a clause that does not name one role or group")
    return dict(review)


def _is_satisfied(part: dict[str, Any], approvals: list[dict[str, Any]]) -> bool:
    """Each clause has its persons, the total is reached, and one of them is a regular user."""

    def holds(clause: dict[str, Any], voter: dict[str, Any]) -> bool:
        return clause.get("role") in voter["roles"] or clause.get("group") in voter["groups"]

    clauses = part["all"]
    counted = [
        voter
        for voter in approvals
        if ("api" in part or not voter["is_program"])
        and (not clauses or any(holds(clause, voter) for clause in clauses))
    ]
    return (
        any(not voter["is_program"] for voter in counted)
        and len(counted) >= part.get("min", 1)
        and all(
            sum(holds(clause, voter) for voter in counted) >= clause["min"] for clause in clauses
        )
    )


def _demand(is_met: bool, failure: str) -> None:  # noqa: FBT001 - a condition, not a switch
    if not is_met:
        raise _Refused(failure)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys (by code point), no spaces, in UTF-8; fractions never pass `read`."""
    try:
        text = json.dumps(
            value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EvidenceInvalid(["the bundle is not plain JSON"]) from error


def _strict_json(data: bytes, parse_float: Callable[[str], Any] = float) -> Any:
    """I-JSON (§3.3): UTF-8, no repeated names, no NaN or infinity."""
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_number,
            parse_float=parse_float,
        )
    except (ValueError, RecursionError) as error:
        raise _Refused("is not strict JSON") from error


def _object(data: bytes) -> dict[str, Any]:
    value = _strict_json(data)
    if not isinstance(value, dict):
        raise _Refused("is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _demand(len({name for name, _ in pairs}) == len(pairs), "names something twice")
    return dict(pairs)


def _refuse_number(text: str) -> Any:
    raise _Refused(f"holds the number {text[:20]}")


def _compressed(key: Any) -> str | None:
    """A P-256 point, compressed or not, as compressed lower hex; None for anything else."""
    try:
        point = bytes.fromhex(key)
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (TypeError, ValueError):
        return None
    return public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()


def _shape_faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Where a value departs from a shape: dicts are closed (`?` optional), lists repeat a shape."""
    if isinstance(shape, dict):
        yield from _object_faults(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            yield f"{path} is not a list of at most {MAX_ITEMS} items"
            return
        for index, item in enumerate(value):
            yield from _shape_faults(item, shape[0], f"{path}[{index}]")
    elif not shape(value):
        yield f"{path} is not as the format demands"


def _object_faults(value: Any, shape: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not an object"
        return
    shapes = {name.rstrip("?"): inner for name, inner in shape.items()}
    for name in sorted(value.keys() - shapes.keys()):
        yield f"{path} has the unknown member {name[:64]}"
    for name, inner in shapes.items():
        if name in value:
            yield from _shape_faults(value[name], inner, f"{path}.{name}")
        elif name in shape:
            yield f"{path} lacks {name}"


def _matching(pattern: str) -> Callable[[Any], bool]:
    fullmatch = re.compile(pattern, re.DOTALL).fullmatch
    return lambda value: isinstance(value, str) and fullmatch(value) is not None


def _optional(shape: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or shape(value)


def _integer(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _count(value: Any) -> bool:
    return _integer(value) and value >= 1


def _point(value: Any) -> bool:
    return isinstance(value, str) and _compressed(value) == value


def _message(value: Any) -> bool:
    """Base64 in its one canonical writing, so that no bit of the text is without meaning."""
    try:
        return isinstance(value, str) and base64.b64encode(_bytes(value)).decode() == value
    except ValueError:
        return False


_uuid = _matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_text = _matching(r".{1,8192}")
_NAMED = re.compile(r"/([a-z-]+)/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_HOLDER = {
    "statement": _message,
    "signature": _message,
    "one_time_key?": _point,
    "one_time_signature?": _message,
}
_HTTP = {
    "action": _text,
    "resource": _text,
    "details": lambda value: isinstance(value, dict),
    "user": _uuid,
    "device": _uuid,
    "http": {"base": _message, "signature": _message, "body": _message},
}
_PART = {
    "all": [{"min": _count, "role?": _text, "group?": _text}],
    "api?": lambda value: value is True,
    "deny?": _count,
    "min?": _count,
}
_MERGED = {
    "and": [{name: shape for name, shape in _PART.items() if name != "deny?"}],
    "deny?": _count,
}
_KINDS = "authorize|keys-at-creation|bootstrap|rotation|invitation|session"
_BUNDLE = {
    "format": _matching(re.escape(FORMAT)),
    "scope": _uuid,
    "proposal": {
        "id": _uuid,
        "action": _text,
        "resource": _text,
        "hash": _matching(r"[0-9a-f]{64}"),
        "state": _matching("|".join(sorted(_STATES))),
        "policy": {
            "id": _uuid,
            "version": _integer,
            "snapshot": lambda value: isinstance(value, dict),
        },
        "review_expression": _text,
        "expires_at": _integer,
        "created_at": _integer,
        "decided_at": _optional(_integer),
    },
    "request": _message,
    "proposer": {"user": _optional(_uuid), "device": _optional(_uuid)},
    "votes": [
        {
            "user": _uuid,
            "device": _optional(_uuid),
            "decision": _matching("approve|reject"),
            "sign1": _message,
            "cast_at": _integer,
        }
    ],
    "devices": [
        {
            "device": _uuid,
            "user": _uuid,
            "signature_key": _point,
            "registered_at": _integer,
            "registration": {
                "kind": _matching(_KINDS),
                "sign1?": _message,
                "one_time_key?": _point,
                "signer_key?": _point,
                "invitation?": _text,
            },
        }
    ],
    "standing": [
        {
            "user": _uuid,
            "roles": [_text],
            "groups": [_text],
            "is_program": lambda value: type(value) is bool,
        }
    ],
    "former_server_keys?": [_point],
    "server_key": _point,
    "statement": _message,
}
_ONE_TIME_KINDS = frozenset({"authorize", "bootstrap"})
_ATTESTED_KINDS = frozenset({"authorize", "keys-at-creation", "session"})
_UNSIGNED_KINDS = frozenset({"bootstrap", "keys-at-creation", "invitation"})
_AUTHORIZE = re.compile(r"/account-management/(authorize|key-register)")
_REGISTRATIONS = {
    "authorize": ("add", _AUTHORIZE, "device_signature_pubkey"),
    "bootstrap": ("add", _AUTHORIZE, "device_signature_pubkey"),
    "keys-at-creation": ("add", re.compile(r"/users(/invite)?"), "ecdsa_pubkey"),
    "rotation": ("edit", re.compile(r"/users/[^/]+/devices/[^/]+"), "ecdsa_pubkey"),
    "session": ("add", re.compile(r"/users/[^/]+/devices"), "signature_key"),
}


def main(arguments: list[str] | None = None) -> int:
    """Verifies one bundle: 0 when it holds, 1 with the reasons when not, 2 without a bundle."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle offline.")
    parser.add_argument("bundle", help="the bundle, a JSON file")
    parser.add_argument(
        "--server-key", help="the server's signature key known from elsewhere (hex)"
    )
    options = parser.parse_args(arguments)
    try:
        with Path(options.bundle).open("rb") as file:
            bundle = read_bundle(file.read(MAX_BYTES + 1))
        report = verify_bundle(bundle, expected_server_key=options.server_key)
    except OSError as error:
        parser.error(str(error))
    except EvidenceInvalid as error:
        sys.stderr.writelines(f"FAILED: {failure}\n" for failure in error.failures)
        return 1
    sys.stdout.write(json.dumps(dataclasses.asdict(report), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
