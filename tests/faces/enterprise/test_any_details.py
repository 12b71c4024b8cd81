"""Whatever JSON a verified device sends, it gets an answer of the right shape."""

from typing import Any

import hypothesis
import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import strategies as st

from identity.api.enterprise import methods, routes
from identity.api.enterprise import route as kinds
from identity.api.enterprise.call import Call
from invitations.services.evidence import Evidence
from tests.faces.enterprise import examples
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import Things

CODES = {str(-number) for number in range(1, 14)}
TEXTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(["\x00", "x" * 300, "x" * 9000, "ﬃ" * 120, "' OR 1=1", "\u202e", " "]),
    st.uuids().map(str),
)
NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
# A changed password or an authorized device would change what later examples mean, and costs a
# password hash each; those two have tests of their own.
KNOWN = [known for known in routes.ROUTES if not known.is_alone]


def is_answer(answer: Any) -> bool:
    if answer["status"] in {"success", "pending"}:
        return "error_code" not in answer
    return (
        answer["status"] in {"failed", "unauthorized", "rejected"}
        and answer["error_code"] in CODES
        and isinstance(answer["message"], str)
    )


@st.composite
def requests(draw: st.DrawFn, own: Things) -> dict[str, Any]:
    """A request of some route whose details are wrong in one or two places."""
    known = draw(st.sampled_from(KNOWN))
    things = draw(st.sampled_from([own, Things.unknown()]))
    details = examples.details(known, things)
    fields = (
        known.details.__struct_encode_fields__
        if hasattr(known.details, "__struct_encode_fields__")
        else ()
    )
    names = sorted({*details, *fields})
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(names) | TEXTS) if names else draw(TEXTS)
        details[name] = draw(VALUES)
    return {"action": known.action, "resource": things.path(known), "details": details}


@pytest.fixture
def call(desk: Desk) -> Call:
    alice = desk.person("alice")
    return Call(
        actor=alice.actor(), now=desk.now, evidence=Evidence(b"x"), device_id=alice.device.id
    )


@hypothesis.settings(max_examples=300, suppress_health_check=HEALTH)
@hypothesis.given(data=st.data())
def test_any_details_get_an_answer(
    desk: Desk, call: Call, own: Things, data: st.DataObject
) -> None:
    payload = data.draw(requests(own))
    with transaction.atomic():
        answer = methods.answer(payload, call)
        transaction.set_rollback(True)
    assert is_answer(answer), (payload, answer)


@pytest.fixture
def own(desk: Desk) -> Things:
    return Things.of(desk, desk.person("alice"))


@hypothesis.settings(max_examples=200, suppress_health_check=HEALTH)
@hypothesis.given(
    payload=st.dictionaries(
        st.sampled_from(
            ["action", "resource", "details", "batch", "atomicBatch", "idempotency_key"]
        )
        | TEXTS,
        VALUES
        | st.lists(st.dictionaries(st.sampled_from(["action", "resource", "details"]), VALUES)),
    )
)
def test_any_payload_gets_an_answer(desk: Desk, call: Call, payload: dict[str, Any]) -> None:
    answer = methods.answer(payload, call)
    if "status" in answer:
        assert is_answer(answer)
    else:
        assert all(is_answer(each) for part in answer.values() for each in part)


def test_every_route_is_drawn_from() -> None:
    alone = [known for known in routes.ROUTES if known.is_alone]
    assert {known.permission for known in alone} == {kinds.INVITED, kinds.SELF}
    assert len(KNOWN) == len(routes.ROUTES) - 3
