"""The one statement of a renewal beside the longer way: it does less, and nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Device, User
from identity.models import Scope, ServerKey
from identity.scoping import current
from sessions_app.errors import TokenRefused
from sessions_app.models import Provider, Session
from sessions_app.services import refresh_tokens, renewal_statement, rotation, sessions, tokens
from sessions_app.services.renewal_statement import Renewed
from sessions_app.services.sessions import Proof
from tests import cast, signed_in
from tests.signed_in import LAPTOP, PHONE, SignedIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_postgresql")]

NOW = datetime.now(UTC).replace(microsecond=0)
PAST, SOON, LATER = NOW - timedelta(minutes=1), NOW + timedelta(hours=1), NOW + timedelta(days=3)
WEEK = NOW + signed_in.WEEK
STEP = WEEK - signed_in.WEEK / renewal_statement.STEPS


@pytest.fixture
def on_postgresql() -> None:
    """SQLite has no such statement."""


# What there may be, the usual first.
PARTS: dict[str, list[Any]] = {
    "user": [
        {},
        *({"status": status} for status in ("disabled", "invited")),
        *({"expires_at": at} for at in (PAST, NOW, LATER)),
        *({"networks": [network]} for network in ("192.0.2.0/24", "203.0.113.0/24")),
    ],
    "session": [
        {},
        {"status": "ended", "ended_at": PAST},
        *(
            {"expires_at": at}
            for at in (PAST, NOW, SOON, LATER, STEP, WEEK, WEEK + timedelta(days=2))
        ),
        *({"created_at": NOW - sessions.MOST_LIFE + timedelta(days=days)} for days in (1, 7)),
        {"refresh_serial": 2},
        {"refresh_serial": 2, "refreshed_at": NOW - timedelta(seconds=5)},
        {"refresh_serial": 3},
        {"audience": "https://app.example"},
        {"visitor": "another"},
        {"role": "guest", "wallet_os": "ios", "data": {"a": [1]}},
    ],
    "device": ["", *Device.Status.values],
    "provider": ["", "enabled", "disabled"],
    "scope": [{}, {"status": "suspended"}, {"settings": {"session_days": 1}}],
    "key": [
        {},
        *({"status": "retiring", "expires_at": at} for at in (PAST, LATER)),
        {"status": "retired", "expires_at": PAST},
    ],
    "is_telling": [False, True],
    "visitor": [None, LAPTOP.visitor, "somebody-else"],
    "origin": [LAPTOP, PHONE],
}
USUAL = {name: values[0] for name, values in PARTS.items()}
# Each thing alone, and any two of them.
PAIRS = st.tuples(
    *[
        st.sampled_from([(name, value) for name, values in PARTS.items() for value in values])
        for _ in range(2)
    ]
)


class Place:
    """A scope in which a session was renewed before, and one session for every example."""

    def __init__(self) -> None:
        self.world = cast.world()
        before = NOW - timedelta(hours=2)
        signed_in.renew(self.world, signed_in.start(self.world, self.world.member("bob")).refresh)
        self.alice = self.world.member("alice")
        self.provider = signed_in.provider(self.world, now=before)
        self.held: SignedIn = signed_in.start(self.world, self.alice, now=before)

    def become(self, state: Mapping[str, Any]) -> None:
        """Change the rows to those of an example."""
        session: dict[str, Any] = {**state["session"]}
        if state["device"]:
            assert self.alice.device is not None
            revoked_at = PAST if state["device"] == "revoked" else None
            Device.objects.filter(id=self.alice.device.id).update(
                status=state["device"], revoked_at=revoked_at
            )
            session["device_id"] = self.alice.device.id
        if state["provider"]:
            Provider.objects.filter(id=self.provider.id).update(status=state["provider"])
            session["provider_id"] = self.provider.id
        for rows, changes in (
            (User.objects.filter(id=self.alice.user.id), state["user"]),
            (Session.objects.filter(id=self.held.session.id), session),
            (Scope.objects.filter(id=self.world.scope.id), state["scope"]),
            (ServerKey.objects.filter(purpose="token"), state["key"]),
        ):
            if changes:
                assert rows.update(**changes)

    def row(self) -> tuple[Any, ...]:
        return Session.objects.values_list().get(id=self.held.session.id)

    def compare(self, state: Mapping[str, Any]) -> bool:
        """Whether the statement rotates; then the longer way does the same."""
        given = {
            "token": self.held.telling if state["is_telling"] else self.held.refresh,
            "audience": tokens.issuer(self.world.scope.slug),
            "visitor": state["visitor"],
            "origin": state["origin"],
            "now": NOW,
        }
        with transaction.atomic(), current.in_scope(self.world.scope.id):
            self.become(state)
            before = self.row()
            apart = transaction.savepoint()
            expected, after = longer_way(given), self.row()
            transaction.savepoint_rollback(apart)
            renewed = renewal_statement.run(
                renewal_statement.Asked(
                    refresh_tokens.parse(given["token"]),
                    given["audience"],
                    given["visitor"],
                    given["origin"].holder,
                ),
                now=NOW,
            )
            if renewed is None:
                assert self.row() == before
            else:
                assert renewed == expected
                assert self.row() == after
            transaction.set_rollback(True)
        return renewed is not None


def longer_way(given: Mapping[str, Any]) -> Renewed | None:
    with (
        mock.patch.object(renewal_statement, "run", return_value=None),
        mock.patch.object(renewal_statement, "expect"),
    ):
        try:
            return rotation.redeem(**given)
        except TokenRefused:
            return None


def test_each_thing_alone_is_as_on_the_longer_way() -> None:
    place = Place()
    rotated = [
        {name: value}
        for name, values in PARTS.items()
        for value in values
        if place.compare({**USUAL, name: value})
    ]
    assert {"user": {"expires_at": LATER}} in rotated
    assert {"session": {"expires_at": WEEK}} in rotated
    assert {"device": "active"} in rotated
    assert {"provider": "enabled"} in rotated
    assert {"is_telling": True} in rotated


def test_any_two_are_as_on_the_longer_way() -> None:
    place = Place()

    @settings(max_examples=200)
    @given(pair=PAIRS)
    def compare(pair: tuple[tuple[str, Any], ...]) -> None:
        place.compare({**USUAL, **dict(pair)})

    compare()


def test_methods_of_a_proof_make_no_difference() -> None:
    place = Place()
    for method in Session.Method:
        held = signed_in.start(place.world, place.alice, proof=Proof(method))
        asked = renewal_statement.Asked(
            refresh_tokens.parse(held.refresh),
            tokens.issuer(place.world.scope.slug),
            None,
            LAPTOP.holder,
        )
        with current.in_scope(place.world.scope.id):
            assert renewal_statement.run(asked, now=datetime.now(UTC)) is not None
