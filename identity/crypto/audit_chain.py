"""The audit chain of a scope: digests, signed heads, and their verification, online or offline.

This one file needs only Python, `cryptography` and `cbor2`, so it can be handed to an auditor:

    python audit_chain.py EXPORT.jsonl --server-key 03be1c…

An export is one JSON object per line, each with sorted keys and no spaces: a header, then every
event from the first to the last, each signed head directly after the event it vouches for, and a
signed head as the last line:

    {"format":"countersign-audit/1","last_seq":2,"scope":"…","server_keys":["03be…"]}
    {"actor":{…},"at":1790000000000000,"digest":"…","facts":{…},"name":"user.invited",
     "previous":"…","seq":1,"subject_id":"…","subject_kind":"user"}        (one line in the file)
    {"head":"d284…"}

`at` is in microseconds since the epoch; digests and messages are lower hex; `server_keys` are
compressed P-256 points, and each of them signed at least one of the heads.
"""

import argparse
import dataclasses
import functools
import hashlib
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

FORMAT = "countersign-audit/1"
GENESIS_FORMAT = "countersign-audit-genesis/1"
HEAD_FORMAT = "countersign-audit-head/1"
HEAD_TYPE = "application/vnd.ecs.audit-head.v1+cose"
MAX_LINE = 1024 * 1024
MAX_KEYS = 64

_write = json.JSONEncoder(
    allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode


class AuditInvalid(Exception):
    """The record is not what it claims to be; the subclasses say where."""


class ChainInvalid(AuditInvalid):
    """The chain does not hold. `seq` is the first sequence number that can't be relied on."""

    def __init__(self, seq: int, reason: str) -> None:
        self.seq = seq
        self.reason = reason
        super().__init__(f"event {seq}: {reason}")


class HeadInvalid(AuditInvalid):
    """A signed head is not what it claims to be."""


class ExportInvalid(AuditInvalid):
    """The file is not an export in the one way in which exports are written."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a scope.

    `seq` counts from 1; `at` is in microseconds since the epoch; `facts` are JSON without
    fractions; `previous` is the digest of the event before, or `genesis(scope)`.
    """

    scope: UUID
    seq: int
    at: int
    name: str
    actor: Mapping[str, str]
    subject_kind: str
    subject_id: str
    facts: Mapping[str, Any]
    previous: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is stored: with the digest that was computed when it was written."""

    event: Event
    digest: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain at some time; `at` in microseconds since the epoch."""

    scope: UUID
    seq: int
    digest: bytes
    at: int
    kid: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What was verified. Events after `signed_seq` are linked, but no signature covers them yet."""

    scope: UUID
    last_seq: int
    digest: bytes
    heads: int
    signed_seq: int
    signed_at: int
    server_kids: frozenset[bytes]


@functools.lru_cache(maxsize=256)
def genesis(scope: UUID) -> bytes:
    """The 32 bytes that the first event of a scope has as `previous`."""
    return hashlib.sha256(cbor2.dumps([GENESIS_FORMAT, scope.bytes])).digest()


def digest(event: Event) -> bytes:
    """SHA-256 over the deterministic CBOR array of everything in the event.

    Raises ValueError or TypeError where actor or facts are not JSON that a database gives back
    unchanged: fractions, NaN, names that are not texts.
    """
    actor, facts = _written(event.actor), _written(event.facts)
    parts = [FORMAT, event.scope.bytes, event.seq, event.at, event.name, actor]
    parts += [event.subject_kind, event.subject_id, facts, event.previous]
    return hashlib.sha256(cbor2.dumps(parts)).digest()


def key_id(public_hex: str) -> bytes:
    """The `kid` of a signature key: SHA-256 of its compressed point."""
    return hashlib.sha256(bytes.fromhex(public_hex)).digest()


def sign_head(
    *, scope: UUID, seq: int, digest: bytes, at: int, sign: Callable[[bytes], bytes], kid: bytes
) -> bytes:
    """A COSE_Sign1 (RFC 9052 §4.2) over the end of the chain; `sign` answers raw r||s, ES256.

    A scope without events has the head 0 with the digest `genesis(scope)`.
    """
    protected = _head_header(kid)
    payload = cbor2.dumps([HEAD_FORMAT, scope.bytes, seq, digest, at])
    signature = sign(_to_be_signed(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def verify_head(
    statement: bytes, *, expected_scope: UUID, expected_server_keys: Collection[str]
) -> Head:
    """The head that one of the expected keys vouches for. Raises HeadInvalid."""
    try:
        item = cbor2.loads(statement)
        protected, _, payload, signature = item.value
        form, scope, seq, end, at = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, AttributeError, TypeError, ValueError) as error:
        raise HeadInvalid("this is not a signed head") from error
    types = [type(part) for part in (scope, seq, end, at, protected, signature)]
    if types != [bytes, int, bytes, int, bytes, bytes] or form != HEAD_FORMAT:
        raise HeadInvalid("this is not a signed head")
    expected = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    if expected != statement or cbor2.dumps([HEAD_FORMAT, scope, seq, end, at]) != payload:
        raise HeadInvalid("this is not encoded deterministically")
    if scope != expected_scope.bytes:
        raise HeadInvalid("this is the head of another scope")
    kid = _verify_signature(protected, payload, signature, expected_server_keys)
    return Head(expected_scope, seq, end, at, kid)


def verify_chain(
    events: Iterable[Recorded],
    *,
    scope: UUID,
    heads: Iterable[bytes],
    expected_server_keys: Collection[str],
    expected_end: tuple[int, bytes] | None = None,
) -> Report:
    """That the events are the whole chain of the scope, in one pass and constant memory.

    `events` come in the order of `seq` from 1, `heads` in the order of theirs; `expected_end` is
    the stored end of the chain (sequence, digest). Any flipped, deleted, reordered, duplicated or
    truncated event raises ChainInvalid with the first bad sequence number, as far as a head or
    the stored end tells; a bad head raises HeadInvalid. Both are AuditInvalid.
    """
    chain = _Chain(scope, expected_server_keys)
    waiting = iter(heads)
    head = chain.vouched_by(waiting, None)
    for recorded in events:
        chain.append(recorded)
        head = chain.vouched_by(waiting, head)
    if head is not None:
        raise ChainInvalid(chain.seq + 1, f"is missing: a signed head names event {head.seq}")
    if expected_end is not None:
        chain.end_at(*expected_end)
    return chain.report()


def verify_export(lines: Iterable[str], *, expected_server_key: str | None = None) -> Report:
    """That an export is whole and unchanged up to its last signed head, which is its last line.

    With `expected_server_key` the last head must be signed by that key; without it the export
    rests on the keys that it names itself. Raises AuditInvalid. An older export of the same scope
    is valid too: compare `signed_at` and `last_seq` of the report with what you expect.
    """
    numbered = enumerate((line.removesuffix("\n") for line in lines), start=1)
    header = _header(_parsed(*next(numbered, (1, ""))))
    chain = _Chain(UUID(header["scope"]), header["server_keys"])
    for number, line in numbered:
        value = _parsed(number, line)
        if value.keys() == {"head"}:
            chain.vouch(chain.opened(_hex(value["head"], number)))
        else:
            chain.append(_recorded(value, chain.scope, number))
    chain.end_after(header["last_seq"], "the header")
    if chain.newest is None or chain.newest.seq != chain.seq:
        raise ExportInvalid("the last line is not a signed head")
    if chain.kids != {key_id(key) for key in header["server_keys"]}:
        raise ExportInvalid("the header names a server key that signed no head")
    if expected_server_key is not None and chain.newest.kid != key_id(expected_server_key):
        raise HeadInvalid("the last head is not signed by the expected server key")
    return chain.report()


def export_lines(
    events: Iterable[Recorded],
    *,
    scope: UUID,
    last_seq: int,
    heads: Iterable[tuple[int, bytes]],
    server_keys: Collection[str],
) -> Iterator[str]:
    """The lines of an export, without line ends.

    `heads` are pairs of sequence and statement in the order of the sequence, the last of them for
    `last_seq`; `server_keys` are exactly the keys that signed them (compressed, lower hex).
    """
    keys = sorted(server_keys)
    header = {"format": FORMAT, "last_seq": last_seq, "scope": str(scope), "server_keys": keys}
    yield _write(header)
    waiting = iter(heads)
    head = next(waiting, None)
    while head is not None and head[0] == 0:
        yield _write({"head": head[1].hex()})
        head = next(waiting, None)
    for recorded in events:
        yield _event_line(recorded)
        while head is not None and head[0] == recorded.event.seq:
            yield _write({"head": head[1].hex()})
            head = next(waiting, None)


class _Chain:
    """The chain as far as it was read: one digest, one head, no list of anything."""

    def __init__(self, scope: UUID, server_keys: Collection[str]) -> None:
        self.scope = scope
        self.server_keys = server_keys
        self.seq = 0
        self.digest = genesis(scope)
        self.newest: Head | None = None
        self.heads = 0
        self.kids: set[bytes] = set()

    def append(self, recorded: Recorded) -> None:
        """Takes the next event. Raises ChainInvalid where it is not the next one."""
        event, seq = recorded.event, self.seq + 1
        if event.seq != seq:
            raise ChainInvalid(seq, f"is missing, event {event.seq} stands in its place")
        if event.scope != self.scope:
            raise ChainInvalid(seq, "belongs to another scope")
        try:
            computed = digest(event)
        except (TypeError, ValueError, cbor2.CBOREncodeError) as error:
            raise ChainInvalid(seq, "holds something that is never written") from error
        if computed != recorded.digest:
            raise ChainInvalid(seq, "was changed: its content has another digest")
        if event.previous != self.digest:
            raise ChainInvalid(seq, "does not follow the event before it; one of them was changed")
        self.seq, self.digest = seq, computed

    def opened(self, statement: bytes) -> Head:
        """The head in a statement. Raises HeadInvalid."""
        return verify_head(
            statement, expected_scope=self.scope, expected_server_keys=self.server_keys
        )

    def vouched_by(self, waiting: Iterator[bytes], head: Head | None) -> Head | None:
        """Compares the heads for this place; answers the first head for a later one."""
        while True:
            if head is not None:
                if head.seq > self.seq:
                    return head
                self.vouch(head)
            statement = next(waiting, None)
            if statement is None:
                return None
            head = self.opened(statement)

    def vouch(self, head: Head) -> None:
        """Compares a signed head with the chain at its place."""
        if head.seq > self.seq:
            raise ChainInvalid(self.seq + 1, f"is missing: a signed head names event {head.seq}")
        if head.seq < self.seq:
            raise HeadInvalid(f"the head of event {head.seq} does not stand in its place")
        if head.digest != self.digest:
            raise ChainInvalid(*self._rewritten("a signed head"))
        self.newest = head
        self.heads += 1
        self.kids.add(head.kid)

    def end_at(self, seq: int, end: bytes) -> None:
        """Compares the stored end with the chain."""
        self.end_after(seq, "the stored end")
        if self.digest != end:
            raise ChainInvalid(*self._rewritten("the stored end"))

    def end_after(self, seq: int, witness: str) -> None:
        """Compares the number of events with what the witness says."""
        if self.seq < seq:
            raise ChainInvalid(self.seq + 1, f"is missing: {witness} names event {seq}")
        if self.seq > seq:
            raise ChainInvalid(seq + 1, f"stands behind the last event that {witness} names")

    def _rewritten(self, witness: str) -> tuple[int, str]:
        signed = self.newest.seq if self.newest else 0
        return signed + 1, f"or a later one up to {self.seq} was rewritten, says {witness}"

    def report(self) -> Report:
        """What was seen."""
        return Report(
            scope=self.scope,
            last_seq=self.seq,
            digest=self.digest,
            heads=self.heads,
            signed_seq=self.newest.seq if self.newest else 0,
            signed_at=self.newest.at if self.newest else 0,
            server_kids=frozenset(self.kids),
        )


def _verify_signature(
    protected: bytes, payload: bytes, signature: bytes, expected_server_keys: Collection[str]
) -> bytes:
    """The kid of the expected key that signed (ES256, RFC 9053 §2.1). Raises HeadInvalid."""
    for key in expected_server_keys:
        kid = key_id(key)
        if protected == _head_header(kid) and len(signature) == 64:
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            message = _to_be_signed(protected, payload)
            der = utils.encode_dss_signature(r, s)
            try:
                _public_key(key).verify(der, message, ec.ECDSA(hashes.SHA256()))
            except InvalidSignature as error:
                raise HeadInvalid("the signature does not verify") from error
            return kid
    raise HeadInvalid("this is not signed by an expected server key")


@functools.lru_cache(maxsize=MAX_KEYS)
def _public_key(key: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(key))


def _head_header(kid: bytes) -> bytes:
    return cbor2.dumps({1: -7, 4: kid, 16: HEAD_TYPE})


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 §4.4 with empty external data."""
    return cbor2.dumps(["Signature1", protected, b"", payload])


def _written(value: Mapping[str, Any]) -> str:
    _refuse_unstable(value)
    return _write(dict(value))


def _refuse_unstable(value: Any, depth: int = 16) -> None:
    """Refuses what a database may give back in another writing: fractions and untexted names."""
    if value is None or isinstance(value, str | int):
        return
    if depth == 0:
        raise ValueError("this is nested too deep")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("names are texts")
        items: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        items = value
    else:
        raise TypeError(f"{type(value).__name__} has no stable writing")
    for item in items:
        _refuse_unstable(item, depth - 1)


def _event_line(recorded: Recorded) -> str:
    event = recorded.event
    written = {
        "actor": dict(event.actor),
        "at": event.at,
        "digest": recorded.digest.hex(),
        "facts": dict(event.facts),
        "name": event.name,
        "previous": event.previous.hex(),
        "seq": event.seq,
        "subject_id": event.subject_id,
        "subject_kind": event.subject_kind,
    }
    return _write(written)


_LINE_TYPES = {
    "actor": dict,
    "at": int,
    "digest": str,
    "facts": dict,
    "name": str,
    "previous": str,
    "seq": int,
    "subject_id": str,
    "subject_kind": str,
}


def _parsed(number: int, line: str) -> dict[str, Any]:
    """One line as an object; each has one writing, so that no character is without meaning."""
    if len(line) > MAX_LINE:
        raise ExportInvalid(f"line {number} is longer than {MAX_LINE} characters")
    try:
        value = json.loads(line)
        is_exact = isinstance(value, dict) and _write(value) == line
    except (ValueError, RecursionError) as error:
        raise ExportInvalid(f"line {number} is not JSON") from error
    if not is_exact:
        raise ExportInvalid(f"line {number} is not an object with sorted names and no spaces")
    return dict(value)


def _recorded(value: dict[str, Any], scope: UUID, number: int) -> Recorded:
    if {name: type(item) for name, item in value.items()} != _LINE_TYPES:
        raise ExportInvalid(f"line {number} is not an event")
    own, previous = _hex(value.pop("digest"), number), _hex(value.pop("previous"), number)
    return Recorded(Event(scope=scope, previous=previous, **value), own)


def _header(value: dict[str, Any]) -> dict[str, Any]:
    keys = value.get("server_keys")
    is_header = (
        value.keys() == {"format", "last_seq", "scope", "server_keys"}
        and value["format"] == FORMAT
        and type(value["last_seq"]) is int
        and isinstance(value["scope"], str)
        and isinstance(keys, list)
        and len(keys) <= MAX_KEYS
        and all(isinstance(key, str) and re.fullmatch("0[23][0-9a-f]{64}", key) for key in keys)
        and keys == sorted(set(keys))
    )
    if not is_header:
        raise ExportInvalid(f"the first line is not the header of a {FORMAT} export")
    try:
        is_plain = str(UUID(value["scope"])) == value["scope"]
        for key in value["server_keys"]:
            _public_key(key)
    except ValueError as error:
        raise ExportInvalid("the header names something that is no scope or no key") from error
    if not is_plain:
        raise ExportInvalid("the header names its scope in another writing")
    return value


def _hex(text: Any, number: int) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("([0-9a-f]{2})+", text):
        raise ExportInvalid(f"line {number} holds something else than lower hex")
    return bytes.fromhex(text)


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of an export file, never more than one in memory. Raises ExportInvalid, OSError."""
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        try:
            while line := file.readline(MAX_LINE + 2):
                yield line
        except UnicodeDecodeError as error:
            raise ExportInvalid("the file is not UTF-8") from error


def main(arguments: list[str] | None = None) -> int:
    """Verifies one export: 0 when it holds, 1 with the reason when not, 2 without a file."""
    parser = argparse.ArgumentParser(description="Verify an audit export offline.")
    parser.add_argument("export", help="the export, a JSONL file")
    parser.add_argument(
        "--server-key", help="the server's signature key known from elsewhere (hex)"
    )
    options = parser.parse_args(arguments)
    try:
        report = verify_export(read_lines(options.export), expected_server_key=options.server_key)
    except OSError as error:
        parser.error(str(error))
    except AuditInvalid as error:
        sys.stderr.write(f"FAILED: {error}\n")
        return 1
    sys.stdout.write(
        f"The {report.last_seq} events of scope {report.scope} are whole and unchanged;"
        f" the last head was signed at {report.signed_at} microseconds since the epoch.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
