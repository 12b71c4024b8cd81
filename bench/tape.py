"""Tapes: the statements that our own handler sent for a request, to be sent again by the floor.

So the floor does the very same work in the database, and nobody can make it slower by hand.
"""

import contextlib
import enum
import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from psycopg.types.json import Json, Jsonb


@dataclass(frozen=True)
class Sent:
    """One HTTP request of a benchmark."""

    path: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        """What tells it from all others: the envelope, or the signature over a bare request."""
        return key_of(self.path, self.body, self.headers)


def key_of(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The key of a request in the library."""
    proof = headers.get("Signature", "") or headers.get("Authorization", "")
    return hashlib.sha256(path.partition("?")[0].encode() + body + proof.encode()).digest()


@dataclass
class Tape:
    """One request: SQL with parameters in order, and the answer before it was sealed.

    `crypto` is what was verified, signed and hashed for a request with a token: the name of the
    act, the key in bytes, and what else `floor.bearer` needs to do the same.
    """

    statements: list[tuple[str, Any]] = field(default_factory=list)
    answer: bytes = b""
    crypto: list[tuple[str, bytes, bytes, bytes]] = field(default_factory=list)


@contextlib.contextmanager
def recording(tape: Tape) -> Iterator[None]:
    """Write down everything that psycopg sends in this block.

    Somebody looks on, so that hot statements come on cursors too (`identity.scoping.statements`).
    """
    from django.db import connection

    execute, command = psycopg.Cursor._execute_gen, psycopg.Connection._exec_command

    def execute_recorded(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        tape.statements.append((str(query), _plain(params)))
        return execute(cursor, query, params, **options)

    def command_recorded(connection: Any, sql: Any, *rest: Any, **options: Any) -> Any:
        text = sql.decode() if isinstance(sql, bytes) else str(sql)
        # A transaction begins inside the execution of its first statement, which is noted already.
        place = len(tape.statements) - (1 if text.startswith("BEGIN") else 0)
        tape.statements.insert(place, (text, None))
        return command(connection, sql, *rest, **options)

    with (
        _cryptography(tape),
        connection.execute_wrapper(lambda send, *given: send(*given)),
        mock.patch.object(psycopg.Cursor, "_execute_gen", execute_recorded),
        mock.patch.object(psycopg.Connection, "_exec_command", command_recorded),
    ):
        yield


@contextlib.contextmanager
def _cryptography(tape: Tape) -> Iterator[None]:
    """Write down what is verified, signed and hashed for tokens and passwords."""
    from django.contrib.auth import hashers

    from bench import passkey_acts
    from identity.crypto import ecdsa_p256, ed25519

    def noting(name: str, act: Any, noted: Callable[..., tuple[bytes, bytes, bytes]]) -> Any:
        def recorded(*given: Any, **named: Any) -> Any:
            tape.crypto.append((name, *noted(*given, **named)))
            return act(*given, **named)

        return recorded

    p256 = ecdsa_p256
    scalar = p256.private_hex
    acts: Sequence[tuple[Any, str, Any]] = (
        (p256, "verify", lambda key, signature, text: (key.point, signature, text)),
        (p256, "sign", lambda key, text: (bytes.fromhex(scalar(key)), b"", text)),
        (ed25519, "verify", lambda key, signature, text: (key.raw, signature, text)),
        (ed25519, "sign", lambda key, text: (ed25519.private_bytes(key), b"", text)),
        (hashers, "verify_password", lambda text, known: (known.encode(), b"", text.encode())),
        *passkey_acts.acts(),
    )
    with contextlib.ExitStack() as stack:
        for module, name, noted in acts:
            full = f"{module.__name__.rpartition('.')[2]}.{name}"
            act = noting(full, getattr(module, name), noted)
            stack.enter_context(mock.patch.object(module, name, act))
        yield


@dataclass
class Library:
    """What the floor knows: keys, tapes by the digest of the request, the server's private keys."""

    opening_key: bytes
    signing_key: str
    tapes: dict[bytes, Tape] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        path.write_bytes(pickle.dumps(self))

    @staticmethod
    def load(path: Path) -> "Library":
        library: Library = pickle.loads(path.read_bytes())
        for tape in library.tapes.values():
            tape.statements = [(sql, _bound(params)) for sql, params in tape.statements]
        return library


def _plain(params: Any) -> Any:
    if params is None:
        return None
    return [_unwrapped(value) for value in params]


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Json | Jsonb):
        return ("json", type(value).__name__, value.obj)
    return value.value if isinstance(value, enum.Enum) else value


def _bound(params: Any) -> Any:
    if params is None:
        return None
    return [_rewrapped(value) for value in params]


def _rewrapped(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 3 and value[0] == "json":
        return Jsonb(value[2]) if value[1] == "Jsonb" else Json(value[2])
    return value
