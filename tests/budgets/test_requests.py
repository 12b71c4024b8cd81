"""What a request may cost at most, in things that any machine counts alike.

Raising a number here is a decision: say in the commit what the further statement is for.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from cryptography.hazmat.primitives import serialization
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity import ids
from identity.api.enterprise import results
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.session import Invitation
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)

CONTROL = re.compile(r"^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)", re.IGNORECASE)


class Cost:
    """Statements, commits and parsed private keys of one block."""

    def __init__(self) -> None:
        self.statements = 0
        self.commits = 0
        self.private_keys = 0
        self.sql: list[str] = []


@contextmanager
def counted() -> Iterator[Cost]:
    cost = Cost()
    load = serialization.load_der_private_key
    with (
        CaptureQueriesContext(connection) as captured,
        mock.patch.object(serialization, "load_der_private_key", wraps=load) as loads,
    ):
        yield cost
    cost.sql = [query["sql"] for query in captured.captured_queries]
    cost.statements = sum(not CONTROL.match(sql) for sql in cost.sql)
    cost.commits = sum(sql.upper().startswith("COMMIT") for sql in cost.sql)
    cost.private_keys = loads.call_count


def cost_of(act: Callable[[], object]) -> Cost:
    with counted() as cost:
        act()
    return cost


def test_reading_ones_own_account() -> None:
    alice = cast.world().member("alice", "super-admin", "workspace-owner")
    alice.client.request("get", "/me")
    cost = cost_of(lambda: alice.client.request("get", "/me"))
    assert cost.statements <= 4, cost.sql
    assert cost.commits == 0  # Only the nonce is written, by one statement that commits itself.
    assert cost.private_keys == 0


def test_authorizing_a_device() -> None:
    world = cast.world()
    offers = [
        Invitation.from_json(results.bundle(acts.invitation(world, f"{name}@example.test")))
        for name in ("bob", "second")
    ]
    keys = [DeviceKeys.generate() for _ in offers]
    authorize(cast.URL, offers[0], keys[0], "laptop", http=world.http())
    with world.http() as http:
        cost = cost_of(lambda: authorize(cast.URL, offers[1], keys[1], "laptop", http=http))
    # One of them is the notice's row in the log of mail.
    assert cost.statements <= 21, cost.sql
    assert cost.commits == 1
    assert cost.private_keys == 0


def test_casting_a_vote() -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    world.member("third", "workspace-owner")
    review = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
    waiting = [
        acts.proposal(
            world,
            acts.submit(
                alice,
                "policy.create",
                policy=str(ids.new()),
                name="two",
                resource="/groups",
                action="add",
                decision_on_true="REVIEW",
                review_expression=review,
            ),
        )
        for _ in range(2)
    ]

    def vote(number: int) -> object:
        details = {"proposal_hash": waiting[number].hash}
        return bob.client.request("approve", f"/proposals/{waiting[number].id}", details)

    vote(0)
    cost = cost_of(lambda: vote(1))
    assert cost.statements <= 17, (
        cost.sql
    )  # 16 on PostgreSQL; the last one added: who made which program
    assert cost.commits == 1
    assert cost.private_keys == 0


def test_hashing_a_password_once() -> None:
    from accounts.services import passwords

    world = cast.world()
    first = acts.invitation(world, "bob@example.test")
    acts.authorize(world, first, DeviceKeys.generate(), password="correct horse")
    second = acts.invitation(world, "bob@example.test")
    with mock.patch.object(passwords, "_compare", wraps=passwords._compare) as compared:
        acts.authorize(world, second, DeviceKeys.generate(), password="correct horse")
    assert compared.call_count == 1
