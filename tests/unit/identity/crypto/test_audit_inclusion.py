"""Proofs of single events: they verify without the server, and any change is found."""

import dataclasses
from uuid import UUID

import pytest

from identity.crypto import audit_chain, audit_inclusion, ecdsa_p256
from identity.crypto.audit_chain import ChainInvalid, Event, HeadInvalid
from identity.crypto.audit_inclusion import Proof

SCOPE = UUID(int=7)
KEY = ecdsa_p256.generate()


def chain(count: int) -> list[Event]:
    events: list[Event] = []
    link = audit_chain.genesis(SCOPE)
    for number in range(1, count + 1):
        events.append(Event(SCOPE, number, number, "user.made", {}, "user", str(number), {}, link))
        link = audit_chain.digest(events[-1])
    return events


def proof(events: list[Event]) -> Proof:
    end = audit_chain.digest(events[-1])
    head = audit_chain.sign_head(
        scope=SCOPE,
        seq=events[-1].seq,
        digest=end,
        at=1,
        sign=lambda message: ecdsa_p256.sign(KEY, message),
        kid=KEY.public.kid,
    )
    return Proof(SCOPE, events, head)


def verify(given: Proof) -> int:
    return audit_inclusion.verify(given, expected_server_keys=[KEY.public.hex]).seq


@pytest.mark.parametrize("first", [0, 2, 4])
def test_shows_that_an_event_is_in_the_chain(first: int) -> None:
    assert verify(proof(chain(5)[first:])) == 5


@pytest.mark.parametrize("place", [0, 1, 2])
def test_finds_a_changed_event(place: int) -> None:
    good = proof(chain(5)[2:])
    events = list(good.events)
    events[place] = dataclasses.replace(events[place], subject_id="evil")
    with pytest.raises(ChainInvalid):
        verify(Proof(SCOPE, events, good.head))


def test_finds_a_missing_event() -> None:
    good = proof(chain(5)[2:])
    for events in (good.events[:-1], [good.events[0], good.events[2]], []):
        with pytest.raises(ChainInvalid):
            verify(Proof(SCOPE, events, good.head))


def test_trusts_no_other_key_and_no_other_scope() -> None:
    good = proof(chain(2))
    with pytest.raises(HeadInvalid):
        audit_inclusion.verify(good, expected_server_keys=[ecdsa_p256.generate().public.hex])
    with pytest.raises(HeadInvalid):
        verify(Proof(UUID(int=8), good.events, good.head))
