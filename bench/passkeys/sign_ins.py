"""Plain sign-ins at `/v1` as fast as they are answered: challenge fetched, signed, session begun.

The answers of the authenticators are made beforehand, all but the signature, for it covers the
challenge. Nobody is bound to a processor: servers, database and load share them.
"""

import base64
import hashlib
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench import load, machine, people, stage
from bench.load import Talk
from bench.passkeys.holders import Holder, holder
from identity.crypto import base64url
from tests.authenticator import ORIGIN, PRESENT, RP_ID, VERIFIED

LINES = 8
GOAL = 1000
_ES256 = ec.ECDSA(hashes.SHA256())
_HEADERS = {"Content-Type": "application/json", "User-Agent": "Bench/1"}


@dataclass(frozen=True)
class SignIns:
    """Sign-ins a second, and processor time of one in µs: servers, database, load.

    `verification` is that of one P-256 signature, in µs: the measure of the machine at this hour.
    """

    rate: float
    p50: float
    p99: float
    servers: float
    database: float
    load: float
    verification: float


class SigningIn:
    """One connection: begins, answers what it was asked, and begins again."""

    def __init__(self, town: people.Town, who: Sequence[Holder], first: int) -> None:
        self._path = f"/s/{town.slug}/v1/passkeys/authentication"
        self._asks = [_Ready(self._path, each) for each in who]
        self._next = first
        self._waits = b""
        self.done = 0

    def ask(self) -> bytes:
        if self._waits:
            sent, self._waits = self._waits, b""
            return sent
        self._next = (self._next + 1) % len(self._asks)
        return self._asks[self._next].begin

    def told(self, status: int, body: bytes) -> None:
        if status != 200:
            raise RuntimeError(f"a sign-in was refused: {status} {body[:200]!r}")
        if b'"public_key"' in body:
            self._waits = self._asks[self._next].answer(body)
        else:
            self.done += 1


class _Ready:
    """All that one person sends, as far as it is known before the challenge."""

    def __init__(self, path: str, who: Holder) -> None:
        key = who.device.credentials[0]
        assert isinstance(key.private, ec.EllipticCurvePrivateKey)
        self._key, self._path = key.private, path
        self.begin = self._request(path, json.dumps({"username": who.username}).encode())
        self._data = hashlib.sha256(RP_ID.encode()).digest() + bytes(
            [PRESENT | VERIFIED, 0, 0, 0, 0]
        )
        told = json.dumps({"type": "webauthn.get", "challenge": "*", "origin": ORIGIN})
        self._before, self._after = (part.encode() for part in told.split("*"))
        name = base64url.encode(key.id)
        response = {
            "clientDataJSON": "*",
            "authenticatorData": base64url.encode(self._data),
            "signature": "*",
            "userHandle": key.handle,
        }
        credential = {"id": name, "rawId": name, "type": "public-key", "response": response}
        body = {"challenge_id": "*", "username": who.username, "credential": credential}
        self._parts = [part.encode() for part in json.dumps(body).split("*")]

    def answer(self, told: bytes) -> bytes:
        client = self._before + _text(told, b'"challenge":"') + self._after
        signature = self._key.sign(self._data + hashlib.sha256(client).digest(), _ES256)
        found = (_text(told, b'"challenge_id":"'), _url(client), _url(signature), b"")
        body = b"".join(itertools.chain.from_iterable(zip(self._parts, found, strict=True)))
        return self._request(f"{self._path}/complete", body)

    @staticmethod
    def _request(path: str, body: bytes) -> bytes:
        return load.request("POST", path, _HEADERS, body)


def run(
    databases: stage.Databases,
    town: people.Town,
    environment: Mapping[str, str],
    seconds: float,
    shape: tuple[int, int],
) -> SignIns:
    """Workers and threads as `serve` starts them (`shape`)."""
    from django.db import connection

    holders = [holder(town, f"visitor-{number}") for number in range(LINES * 8)]
    connection.close()
    own = {**environment, "DATABASE_URL": databases.make("sign_ins", template="seed")}
    workers, threads = shape
    lines = [
        SigningIn(town, holders[number * 8 : number * 8 + 8], number) for number in range(LINES)
    ]
    with stage.started(stage.granian(stage.OWN, workers=workers, threads=threads), own) as server:
        _press(server, lines, min(3.0, seconds))
        before, database_before, own_before = _spent(server, databases)
        count = sum(line.done for line in lines)
        got = _press(server, lines, seconds)
        done = sum(line.done for line in lines) - count
        after, database_after, own_after = _spent(server, databases)
    return SignIns(
        rate=done / got.seconds,
        p50=got.quantile(0.5),
        p99=got.quantile(0.99),
        servers=(after - before) / done,
        database=(database_after - database_before) / done,
        load=(own_after - own_before) / done,
        verification=_verification(),
    )


def told(found: SignIns, shape: tuple[int, int]) -> str:
    workers, threads = shape
    verdict = "" if found.rate >= GOAL else " (missed)"
    return (
        f"\nPasskey sign-ins at /v1: {workers} workers, {threads} threads, {LINES} connections.\n"
        "One is both requests; CPU in µs of one: servers, database, load. One P-256 verification\n"
        f"takes {found.verification:.0f} µs at this hour.\n\n"
        "| sign-ins/s | goal | servers | database | load | p50 ms | p99 ms of a request |\n"
        "|---:|---:|---:|---:|---:|---:|---:|\n"
        f"| {found.rate:.0f}{verdict} | ≥ {GOAL} | {found.servers:.0f} | {found.database:.0f} "
        f"| {found.load:.0f} | {found.p50:.1f} | {found.p99:.1f} |"
    )


def _verification(count: int = 2000) -> float:
    """Taken while nothing of ours runs beside."""
    key = ec.generate_private_key(ec.SECP256R1())
    signature, public = key.sign(b"measure", _ES256), key.public_key()
    started = time.process_time()
    for _ in range(count):
        public.verify(signature, b"measure", _ES256)
    return (time.process_time() - started) / count * 1e6


def _press(server: stage.Server, lines: Sequence[SigningIn], seconds: float) -> load.Load:
    talks: list[Talk] = list(lines)
    return load.press(server.port, {"sign-ins": talks}, seconds)["sign-ins"]


def _spent(server: stage.Server, databases: stage.Databases) -> tuple[float, float, float]:
    servers = sum(map(machine.cpu, machine.family(server.process.pid)))
    database = sum(map(machine.cpu, databases.backends("sign_ins")))
    return servers, database, time.process_time() * 1e6


def _text(told: bytes, name: bytes) -> bytes:
    return told.partition(name)[2].partition(b'"')[0]


def _url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
