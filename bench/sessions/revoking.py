"""From the click to the first refusal: a session revoked by a program, an account locked by itself.

Two workers serve; four connections ask with the session's token as fast as they are answered. Told
is the time until the first of them is refused, and until all are.
"""

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from bench import people, stage
from bench.sessions import guests
from bench.tape import Sent

LINES, WORKERS = 4, 2
GOAL = 1.0
_LONGEST = 10.0


@dataclass
class Refusals:
    """Seconds from each click."""

    name: str
    first: list[float] = field(default_factory=list)
    everywhere: list[float] = field(default_factory=list)

    def p99(self, times: Sequence[float]) -> float:
        return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def run(
    databases: stage.Databases,
    town: people.Town,
    environment: Mapping[str, str],
    clicks: int,
    threads: int,
) -> list[Refusals]:
    """Both kinds, each click with a session, and a user, of its own."""
    from django.db import connection

    secret = guests.backend(town)
    users = [people.person(town, f"ending-{number}") for number in range(2 * clicks)]
    held = [guests.own_session(town, user) for user in users]
    connection.close()
    own = {**environment, "DATABASE_URL": databases.make("revoking", template="seed")}
    command = stage.granian(stage.OWN, workers=WORKERS, threads=threads)
    revoked = Refusals("POST /v1/token/revoke by a program")
    locked = Refusals("POST /v1/me/lock by the user")
    with stage.started(command, own) as server:
        for pair in held[:clicks]:
            click = guests.about_token(town, "revoke", pair.access, secret)
            _end(server.port, _own_page(town, pair), click, revoked)
        for pair in held[clicks:]:
            lock = guests.posted(
                f"/s/{town.slug}/v1/me/lock", {}, Authorization=f"Bearer {pair.access}"
            )
            _end(server.port, _own_page(town, pair), lock, locked)
    return [revoked, locked]


def _own_page(town: people.Town, pair: guests.Tokens) -> Sent:
    headers = {"Authorization": f"Bearer {pair.access}", **guests.BROWSER}
    return Sent(path=f"/s/{town.slug}/v1/me", method="GET", headers=headers)


def _end(port: int, asked: Sent, click: Sent, found: Refusals) -> None:
    accepted, refused_at = threading.Barrier(LINES + 1), list[float]()
    lines = [
        threading.Thread(target=_ask, args=(port, asked, accepted.wait, refused_at))
        for _ in range(LINES)
    ]
    for line in lines:
        line.start()
    accepted.wait()
    with _Connection(port) as connection:
        clicked_at = time.perf_counter()
        status = connection.send(click)
    for line in lines:
        line.join()
    if status != 200 or len(refused_at) != LINES:
        raise RuntimeError(f"{click.path} answered {status}; refused on {len(refused_at)} lines")
    found.first.append(min(refused_at) - clicked_at)
    found.everywhere.append(max(refused_at) - clicked_at)


def _ask(port: int, asked: Sent, accepted: Callable[[], int], refused_at: list[float]) -> None:
    with _Connection(port) as connection:
        first = connection.send(asked)
        accepted()
        ends_at = time.perf_counter() + _LONGEST
        while first == 200 and time.perf_counter() < ends_at:
            if connection.send(asked) == 401:
                refused_at.append(time.perf_counter())
                return


class _Connection:
    """One connection that stays."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(self, sent: Sent) -> int:
        self.http.request(sent.method, sent.path, sent.body or None, dict(sent.headers))
        answer = self.http.getresponse()
        answer.read()
        return answer.status
