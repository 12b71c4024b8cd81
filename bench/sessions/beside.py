"""Ours and others' servers side by side: one worker each, the same database server, by turns."""

import contextlib
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench import load, machine, people, stage
from bench.load import Load, Talk
from bench.sessions import peers, talks

OURS = "countersign"
WARM = 2.0


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    users: int
    sessions: int
    rounds: int
    seconds: float


@dataclass
class Contestant:
    """A server with what its clients say, by the name of the case."""

    name: str
    database: str
    server: stage.Server
    talks: Mapping[str, Sequence[Talk]]


@dataclass
class Beside:
    """The windows of one case at one server: rate, p50, p99, CPU of the server and its database."""

    server: str
    case: str
    windows: list[tuple[float, float, float, float, float]] = field(default_factory=list)

    def median(self, column: int) -> float:
        return statistics.median(window[column] for window in self.windows)

    @property
    def rate(self) -> float:
        return self.median(0)


def run(
    databases: stage.Databases,
    town: people.Town,
    environment: Mapping[str, str],
    sizes: Sizes,
    threads: int,
) -> list[Beside]:
    """Every case of every server, in rounds whose order is turned round every time."""
    from django.db import connection

    ours = talks.ours(town, sizes.sessions)
    connection.close()
    own = {**environment, "DATABASE_URL": databases.make("beside", template="seed")}
    with contextlib.ExitStack() as stack:
        command = stage.on_one_core(stage.granian(stage.OWN, threads=threads))
        server = stack.enter_context(stage.started(command, own))
        all_of_them = [Contestant(OURS, "beside", server, ours)]
        all_of_them += [stack.enter_context(_peer(name, databases, sizes)) for name in peers.NAMES]
        with _on_the_other_core():
            return _rounds(all_of_them, databases, sizes)


@contextlib.contextmanager
def _peer(name: str, databases: stage.Databases, sizes: Sizes) -> Iterator[Contestant]:
    database = name.replace("-", "_")
    url = databases.make(database)
    told = peers.seed(name, url, users=sizes.users, sessions=sizes.sessions)
    databases.settle(database)
    spoken = (
        talks.better_auths(told, sizes.users)
        if name == "better-auth"
        else talks.oidc_providers(told)
    )
    command = stage.on_one_core(peers.command(name))
    with stage.started(command, peers.environment(url), folder=peers.FOLDER) as server:
        yield Contestant(name, database, server, spoken)


def _rounds(
    contestants: Sequence[Contestant], databases: stage.Databases, sizes: Sizes
) -> list[Beside]:
    found = {
        (each.name, case): Beside(each.name, case) for each in contestants for case in each.talks
    }
    for number in range(sizes.rounds):
        for each in contestants if number % 2 == 0 else reversed(contestants):
            for case, spoken in each.talks.items():
                if number == 0:
                    # What compiles itself is slow at first.
                    load.press(each.server.port, {case: spoken}, min(WARM, sizes.seconds))
                window = _window(each, databases, case, spoken, sizes.seconds)
                found[each.name, case].windows.append(window)
    return list(found.values())


def _window(
    each: Contestant,
    databases: stage.Databases,
    case: str,
    spoken: Sequence[Talk],
    seconds: float,
) -> tuple[float, float, float, float, float]:
    pid, backends = each.server.pid, databases.backends(each.database)
    before, database_before = machine.cpu(pid), sum(map(machine.cpu, backends))
    got: Load = load.press(each.server.port, {case: spoken}, seconds)[case]
    count = len(got.latencies)
    if got.refused or not count:
        raise RuntimeError(f"{each.name} refused a {case}: {got.refused}")
    spent = machine.cpu(pid) - before
    database = sum(map(machine.cpu, backends)) - database_before
    return got.rate, got.quantile(0.5), got.quantile(0.99), spent / count, database / count


@contextlib.contextmanager
def _on_the_other_core() -> Iterator[None]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
