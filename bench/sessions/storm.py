"""A storm of sign-ins: eight connections sign in as fast as they are answered, four check sessions.

Nobody is bound to a processor here: the servers take all cores, as they do in production.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import load, people, stage
from bench.load import Talk
from bench.sessions import guests, peers, talks
from bench.sessions.beside import OURS, Sizes

STORMING = 8
SHARE, LONGEST = 0.30, 20.0
CHECKS, SIGN_INS = "checks", "sign-ins"


@dataclass(frozen=True)
class Stormed:
    """Session checks alone and beside sign-ins."""

    server: str
    alone: float
    alone_p99: float
    beside: float
    beside_p50: float
    beside_p99: float
    sign_ins: float
    refused: float

    @property
    def share(self) -> float:
        return self.beside / self.alone


def run(
    databases: stage.Databases,
    town: people.Town,
    environment: Mapping[str, str],
    sizes: Sizes,
    shape: tuple[int, int],
) -> list[Stormed]:
    """Ours with its workers and threads (`shape`), and one process of Better Auth."""
    from django.db import connection

    wallets = [guests.Wallet.number(30_000 + number) for number in range(40)]
    pairs = guests.wallet_sessions(town, wallets)
    users = guests.persons(town, 40, "storming")
    checks = [talks.raw(guests.session_check(town, pair)) for pair in pairs]
    sign_ins = [talks.raw(guests.password_sign_in(town, user)) for user in users]
    connection.close()
    own = {**environment, "DATABASE_URL": databases.make("storm", template="seed")}
    workers, threads = shape
    with stage.started(stage.granian(stage.OWN, workers=workers, threads=threads), own) as server:
        found = [_storm(OURS, server, checks, sign_ins, sizes.seconds)]
    url = databases.make("storm_better_auth")
    told = peers.seed("better-auth", url, users=sizes.users, sessions=40)
    databases.settle("storm_better_auth")
    spoken = [load.request("GET", "/api/auth/get-session", {"Cookie": c}) for c in told["cookies"]]
    with stage.started(
        peers.command("better-auth"), peers.environment(url), folder=peers.FOLDER
    ) as server:
        theirs = talks.better_auth_sign_ins(told, sizes.users)
        found.append(_storm("better-auth", server, spoken, theirs, sizes.seconds))
    return found


def _storm(
    name: str,
    server: stage.Server,
    checks: Sequence[bytes],
    sign_ins: Sequence[bytes],
    seconds: float,
) -> Stormed:
    checking: list[Talk] = talks.round_robin(checks)
    storming: list[Talk] = talks.round_robin(sign_ins, STORMING)
    load.press(server.port, {CHECKS: checking, SIGN_INS: storming}, min(2.0, seconds))
    alone = load.press(server.port, {CHECKS: checking}, seconds)[CHECKS]
    both = load.press(server.port, {CHECKS: checking, SIGN_INS: storming}, seconds * 2)
    beside, signed_in = both[CHECKS], both[SIGN_INS]
    if alone.refused or beside.refused or not beside.latencies:
        raise RuntimeError(f"{name} refused session checks: {alone.refused} {beside.refused}")
    if set(signed_in.refused) - {503}:
        raise RuntimeError(f"{name} refused sign-ins: {signed_in.refused}")
    return Stormed(
        server=name,
        alone=alone.rate,
        alone_p99=alone.quantile(0.99),
        beside=beside.rate,
        beside_p50=beside.quantile(0.5),
        beside_p99=beside.quantile(0.99),
        sign_ins=signed_in.rate,
        refused=sum(signed_in.refused.values()) / signed_in.seconds,
    )
