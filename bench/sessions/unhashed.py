"""A password sign-in without its hash, beside the same statements sent by a bare handler.

With the hash, everything around it runs with cold caches: a hash walks through 19 MiB twice. So a
sign-in is judged by both, what it takes apart from the hash and what it takes without one.
"""

import os
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import machine, people, requests, stage
from bench.sessions import cases, guests

ROUNDS: Final = 6
EACH: Final = 40


@dataclass(frozen=True, slots=True)
class Unhashed:
    """Microseconds of processor time for one sign-in: the server's, and of its database."""

    server: float
    database: float


def cost(databases: stage.Databases, home: Path, town: people.Town) -> Unhashed:
    """What a sign-in takes where the hash costs nothing."""
    from django.db import connection

    users = guests.persons(town, cases.SESSIONS, "unhashed")
    connection.close()
    environment = {
        **os.environ,
        "DATABASE_URL": databases.make("unhashed", template="seed"),
        "COUNTERSIGN_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "bench.unhashed",
    }
    sent = [guests.password_sign_in(town, user) for user in users]
    windows = []
    with stage.running(stage.OWN, environment) as server:
        # The first of each replaces its verifier.
        for each in [*sent, *sent]:
            requests.require_ok(server.send(each))
        for number in range(ROUNDS):
            backends = databases.backends("unhashed")
            before, database = machine.cpu(server.pid), sum(map(machine.cpu, backends))
            for place in range(EACH):
                requests.require_ok(server.send(sent[(number * EACH + place) % len(sent)]))
            spent = machine.cpu(server.pid) - before
            windows.append((spent / EACH, (sum(map(machine.cpu, backends)) - database) / EACH))
    return Unhashed(*(statistics.median(column) for column in zip(*windows, strict=True)))
