"""Requests beside their floor: the main job in envelopes, and the API of our own.

Every request is recorded once on a copy of the seeded database; then our server and the floor get
the same bytes, slice by slice in turns, each on a fresh copy of its own. CPU is that of the worker
and of its database sessions (from /proc), so PostgreSQL has to run on this machine.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from bench import machine, people, rehearsal, stage
from bench.tape import Library, Sent, Tape, recording

SLICES = 6
WARM = 40


@dataclass(frozen=True)
class Case:
    """A kind of request: what is sent, in the order in which it must be sent.

    `goal` is the most that the ratio to the floor may be; None where nothing is promised.
    """

    name: str
    sent: Sequence[Sent]
    goal: float | None


@dataclass(frozen=True)
class Figures:
    """Medians over the slices, per request: microseconds of CPU, and requests a second."""

    name: str
    goal: float | None
    own: float
    floor: float
    own_database: float
    floor_database: float
    own_rate: float
    floor_rate: float
    statements: int
    memory: float

    @property
    def ratio(self) -> float:
        return (self.own + self.own_database) / (self.floor + self.floor_database)


def me(town: people.Town, count: int) -> Case:
    """`get /me` of a device whose user holds two roles."""
    alice = people.sender(town, "alice", "super-admin", "workspace-owner")
    payload = b'{"action":"get","resource":"/me","details":{}}'
    key = alice.keys.signature
    sent = [
        _envelope(town, town.sealed(payload, device=alice.device, key=key)) for _ in range(count)
    ]
    return Case("get /me", sent, goal=1.8)


def authorize(town: people.Town, count: int) -> Case:
    """Authorizing the first device of an invited person, each with keys of its own."""
    from identity.sdk.keys import DeviceKeys

    sent = []
    for number in range(count):
        invitation, keys = people.invitation(town, number), DeviceKeys.generate()
        payload = {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": {
                "invite_string": invitation.invite_string,
                "device_name": "bench",
                "device_signature_pubkey": keys.signature_pubkey,
                "device_encryption_pubkey": keys.encryption_pubkey,
            },
        }
        body = town.sealed(
            json.dumps(payload).encode(),
            device=invitation.device,
            key=invitation.one_time_key,
        )
        sent.append(_envelope(town, body))
    return Case("authorize", sent, goal=3.0)


def vote(town: people.Town, count: int) -> Case:
    """A vote that does not decide yet, each on a proposal of its own."""
    # One person has at most a hundred open proposals.
    proposers = [
        people.sender(town, f"proposer-{n}", "super-admin") for n in range(count // 90 + 1)
    ]
    voters = [people.sender(town, f"owner-{number}", "workspace-owner") for number in range(3)]
    sent = []
    for number in range(count):
        waiting = people.proposal(town, proposers[number // 90])
        payload = {
            "action": "approve",
            "resource": f"/proposals/{waiting.id}",
            "details": {"proposal_hash": waiting.hash},
        }
        body = town.sealed(
            json.dumps(payload).encode(),
            device=voters[0].device,
            key=voters[0].keys.signature,
        )
        sent.append(_envelope(town, body))
    return Case("vote", sent, goal=3.0)


def _envelope(town: people.Town, body: bytes) -> Sent:
    return Sent(
        path=f"/s/{town.slug}/request",
        body=body,
        headers={"Content-Type": "application/octet-stream"},
    )


def record(cases: Sequence[Case], town: people.Town) -> Library:
    """Handle every request here and keep what was sent to the database and what was answered."""
    from identity.crypto import ecdsa_p256, rsa
    from identity.models import ServerKey
    from identity.services import server_keys

    with town.inside():
        opening = ServerKey.objects.get(purpose="encryption")
        library = Library(
            opening_key=rsa.private_der(server_keys.encryption_key(opening.id)),
            signing_key=ecdsa_p256.private_hex(server_keys.active_signing_key()),
        )
    for case in cases:
        for sent in case.sent:
            tape = Tape()
            with recording(tape):
                answer = _answer(sent, town)
            tape.answer = answer
            library.tapes[sent.key] = tape
    return library


def _answer(sent: Sent, town: people.Town) -> bytes:
    return _opened(sent, town) if sent.path.endswith("/request") else rehearsal.answered(sent)


def _opened(sent: Sent, town: people.Town) -> bytes:
    """The answer to an envelope before it was sealed."""
    from identity.api.enterprise import replies, views
    from identity.web import scope_resolution

    answers: list[Any] = []
    sealed = replies.sealed

    def kept(result: Any, **rest: Any) -> bytes:
        answers.append(result)
        return sealed(result, **rest)

    named = scope_resolution.Named(slug=town.slug, path="/request")
    arrived = views.Sent(sent.body, "application/octet-stream", "127.0.0.1", named)
    with mock.patch.object(replies, "sealed", kept):
        answer = views.respond(arrived, now=datetime.now(UTC))
    if answer.status != 200 or answers[-1]["status"] != "success":
        raise RuntimeError(f"an envelope was refused in the recording: {answers[-1:]}")
    return json.dumps(answers[-1]).encode()


def measure(
    case: Case, own: stage.Server, floor: stage.Server, databases: stage.Databases
) -> Figures:
    """Send the case to both, slice by slice, the order turned round every time."""
    windows: dict[str, list[tuple[float, float, float]]] = {"own": [], "floor": []}
    size = (len(case.sent) - WARM) // SLICES
    for server in (own, floor):
        for sent in case.sent[:WARM]:
            require_ok(server.send(sent))
    for number in range(SLICES):
        part = case.sent[WARM + number * size : WARM + (number + 1) * size]
        order = [("own", own), ("floor", floor)]
        for name, server in order if number % 2 == 0 else reversed(order):
            windows[name].append(_window(server, part, databases.backends(name)))
    own_w, floor_w = (_medians(windows[name]) for name in ("own", "floor"))
    return Figures(
        name=case.name,
        goal=case.goal,
        own=own_w[0],
        floor=floor_w[0],
        own_database=own_w[1],
        floor_database=floor_w[1],
        own_rate=own_w[2],
        floor_rate=floor_w[2],
        statements=0,
        memory=machine.proportional_memory(own.pid),
    )


def _window(
    server: stage.Server, part: Sequence[Sent], backends: Sequence[int]
) -> tuple[float, float, float]:
    pid = server.pid
    before, database_before = machine.cpu(pid), sum(map(machine.cpu, backends))
    started_at = time.perf_counter()
    for sent in part:
        require_ok(server.send(sent))
    seconds = time.perf_counter() - started_at
    spent = machine.cpu(pid) - before
    database = sum(map(machine.cpu, backends)) - database_before
    return spent / len(part), database / len(part), len(part) / seconds


def _medians(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    one, two, three = zip(*rows, strict=True)
    return statistics.median(one), statistics.median(two), statistics.median(three)


def require_ok(answer: Any) -> None:
    """Raise RuntimeError for an answer that is no success."""
    if answer.status_code not in {200, 201} or rehearsal.is_error(answer.content):
        raise RuntimeError(f"a request of the benchmark was refused: {answer.status_code}")


Builder = Callable[[people.Town, int], Case]
PLAN: Sequence[tuple[Builder, int]] = ((me, 640), (authorize, 220), (vote, 280))


def run(
    databases: stage.Databases,
    home: Path,
    seeded: str,
    town: people.Town,
    plan: Sequence[tuple[Builder, int]] = PLAN,
) -> list[Figures]:
    """Every case on copies of the seeded database, which this process is connected to."""
    from django.db import connection

    cases = [build(town, count) for build, count in plan]
    connection.close()
    databases.make("own", template=seeded)
    databases.make("floor", template=seeded)
    library = record(cases, town)
    connection.close()
    library_path = home / "library.pickle"
    library.save(library_path)
    own_environment = {
        "DATABASE_URL": databases.url("own"),
        "COUNTERSIGN_HOME": str(home),
        "COUNTERSIGN_REQUESTS_PER_ADDRESS": "0",
        "COUNTERSIGN_REQUESTS_PER_DEVICE": "0",
        "DJANGO_SETTINGS_MODULE": "identity.settings",
    }
    floor_environment = {
        "BENCH_LIBRARY": str(library_path),
        "BENCH_DATABASE": databases.url("floor").replace("postgres://", "postgresql://"),
    }
    with (
        stage.running(stage.OWN, own_environment) as own,
        stage.running(stage.FLOOR, floor_environment) as floor,
    ):
        return [measure(case, own, floor, databases) for case in cases]
