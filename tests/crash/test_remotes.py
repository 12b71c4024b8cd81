"""A carrier is killed at each point of carrying: the remote has each member once in the end."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import books
from tests.crash.scene import served_on
from tests.crash.test_webhooks import wait_for
from tests.remote_stand_in import StandIn
from tests.serving import Program, Served

MAKING = (
    "before createContext",
    "after createContext",
    "after getContext",
)
ADDING = (
    "before addUserToContext",
    "after addUserToContext",
    "after getUserFromContext",
    "noted",
)
REMOVING = ("before removeUserFromContext", "after removeUserFromContext", "noted")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with books.opened(tmp_path / "home") as address:
        yield address


def program(served: Served, *arguments: str) -> Program:
    return served.begin("tests.crash.remote_program", *arguments, log=served.log)


def killed(served: Served, point: str, act: str, member: str = "-") -> None:
    """It dies by its own hand at the point, and nowhere else."""
    assert program(served, "die", point, act, member).wait(90) == -signal.SIGKILL, point


def carry_on(served: Served, book: books.Books) -> None:
    with program(served, "carry") as carrier:
        wait_for(lambda: not book.count("accounts_remotechange", "state = 'pending'"))
        carrier.kill()
    assert not book.count("accounts_remotechange", "state <> 'done'")


def test_has_each_member_once_wherever_the_carrier_was_killed(
    tmp_path: Path, database: str
) -> None:
    served = served_on(tmp_path / "home", database)
    book = books.Books(database)
    with StandIn() as there:
        assert program(served, "prepare", there.url).wait(60) == 0
        for point in MAKING:
            killed(served, point, "none")
        carry_on(served, book)
        # Made once, although the carrier died before it could note the id.
        (context,) = there.circles
        members = {f"member {number}": point for number, point in enumerate(ADDING)}
        for member, point in members.items():
            killed(served, point, "add", member)
        carry_on(served, book)
        here = {
            member: (key, acl)
            for member, key, acl in book.rows(
                "SELECT member_id, public_key, acl FROM accounts_contextmember"
                " WHERE ended_at IS NULL"
            )
        }
        assert set(here) == set(members)
        assert there.members(context) == here
        for member, point in zip(members, REMOVING, strict=False):
            killed(served, point, "remove", member)
        carry_on(served, book)
        assert list(there.members(context)) == list(members)[len(REMOVING) :]
        assert list(there.circles) == [context]
