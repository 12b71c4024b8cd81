"""Tokens of programs that are revoked while others revoke them, renew them, or ask about them."""

import pytest

from identity.models import AuditEvent
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.models import MachineSession
from sessions_app.services import machine_renewals, machine_tokens
from tests import acts, cast, programs
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_fifty_revocations_end_a_session_once() -> None:
    world = cast.world()
    pair = programs.make(world.system).begin()

    def revoke(number: int) -> bool:
        token, use = (pair.access, Use.ACCESS) if number % 2 else (pair.refresh, Use.REFRESH)
        with cast.in_scope(world):
            return machine_tokens.revoke(token, use=use, address="", now=acts.now())

    answers = together.run(revoke, count=50)
    assert sorted(map(bool, answers)) == [False] * 49 + [True], answers
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="machine-session.ended").count() == 1


def test_nothing_lives_on_behind_a_revocation_that_races_with_renewals() -> None:
    world = cast.world()
    pair = programs.make(world.system).begin()
    made: list[str] = []

    def act(number: int) -> None:
        if number == 10:
            with cast.in_scope(world):
                machine_tokens.revoke(pair.refresh, use=Use.REFRESH, address="", now=acts.now())
            return
        made.append(
            machine_renewals.refresh(pair.refresh, origin=programs.AT, now=acts.now()).access
        )

    answers = together.run(act, count=20)
    assert all(each is None or isinstance(each, TokenRefused) for each in answers), answers
    with cast.in_scope(world):
        assert MachineSession.objects.get().status == "ended"
        for token in {pair.access, *made}:
            with pytest.raises(TokenRefused):
                machine_tokens.look_into(token, use=Use.ACCESS, now=acts.now())
