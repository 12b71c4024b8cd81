"""Evidence bundles: whatever is changed is refused, and it counts as the decision engine does."""

import base64
import copy
import json
from typing import Any
from uuid import UUID

import cbor2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from identity.crypto import evidence
from invitations.decision import review
from invitations.decision.review import Clause, Outcome, Part, Review, Voter
from tests.unit.identity.crypto import bundles, http_requests

GOOD = bundles.sealed(bundles.bundle(votes=[bundles.vote("alice"), bundles.staff_vote("bob")]))
TEXT = json.dumps(GOOD, separators=(",", ":")).encode()
SERVER_KEY = bundles.public_hex(bundles.SERVER)


def verify(made: dict[str, Any]) -> evidence.Report:
    return evidence.verify_bundle(made, expected_server_key=SERVER_KEY)


def test_accepts_the_bundle_before_anything_is_changed() -> None:
    assert verify(evidence.read_bundle(TEXT)).state == "executed"


@given(st.integers(0, len(TEXT) * 8 - 1))
def test_refuses_any_flipped_bit(bit: int) -> None:
    data = bytearray(TEXT)
    data[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(evidence.EvidenceInvalid):
        verify(evidence.read_bundle(bytes(data)))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a bundle."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    deeper = [found for key, item in inner for found in paths(item, (*path, key))]
    return [path, *deeper] if path else deeper


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from(paths(GOOD)), JSON)
def test_refuses_any_other_value_anywhere(path: tuple[Any, ...], value: Any) -> None:
    made = copy.deepcopy(GOOD)
    *way, last = path
    place: Any = made
    for key in way:
        place = place[key]
    assume(json.dumps(place[last]) != json.dumps(value))
    place[last] = value
    with pytest.raises(evidence.EvidenceInvalid) as caught:
        verify(made)
    assert caught.value.failures


@given(st.sampled_from(paths(GOOD)), JSON)
def test_a_lying_server_never_crashes_the_verifier(path: tuple[Any, ...], value: Any) -> None:
    made = copy.deepcopy({name: GOOD[name] for name in GOOD if name != "statement"})
    *way, last = path
    assume(path[0] != "statement")
    place: Any = made
    for key in way:
        place = place[key]
    place[last] = value
    try:
        lied = evidence.seal_bundle(made, bundles.signer(bundles.SERVER), SERVER_KEY)
        verify(lied)
    except evidence.EvidenceInvalid as error:
        assert error.failures


@given(st.binary(max_size=300))
def test_reads_or_refuses_any_file(data: bytes) -> None:
    with pytest.raises(evidence.EvidenceInvalid):
        verify(evidence.read_bundle(data))


SIGN1 = base64.b64decode(GOOD["votes"][0]["sign1"])


@given(st.binary(max_size=120) | st.integers(0, len(SIGN1) * 8 - 1))
def test_refuses_any_other_message_as_a_vote(change: bytes | int) -> None:
    data = bytearray(SIGN1)
    if isinstance(change, int):
        data[change // 8] ^= 1 << (change % 8)
    else:
        data = bytearray(change)
    made = {name: copy.deepcopy(GOOD[name]) for name in GOOD if name != "statement"}
    made["votes"][0]["sign1"] = bundles.encoded(bytes(data))
    sealed = evidence.seal_bundle(made, bundles.signer(bundles.SERVER), SERVER_KEY)
    with pytest.raises(evidence.EvidenceInvalid) as caught:
        verify(sealed)
    assert any("the vote of" in failure for failure in caught.value.failures)


CBOR = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=16) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 20), inner, max_size=5)
        | st.tuples(st.integers(6, 70000), inner).map(lambda pair: cbor2.CBORTag(*pair))
    ),
    max_leaves=8,
)


@given(CBOR, st.booleans())
def test_refuses_any_other_header(header: Any, is_device: bool) -> None:
    protected = cbor2.dumps(header)
    message = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, b"{}", bytes(64)]))
    made = {name: copy.deepcopy(GOOD[name]) for name in GOOD if name != "statement"}
    made["votes"][0 if is_device else 1]["sign1"] = bundles.encoded(message)
    sealed = evidence.seal_bundle(made, bundles.signer(bundles.SERVER), SERVER_KEY)
    with pytest.raises(evidence.EvidenceInvalid):
        verify(sealed)


IDS = st.tuples(*[st.integers(0, 2**128 - 1).map(lambda n: UUID(int=n))] * 3)


@given(IDS, st.binary(max_size=50), st.integers(0, 2**32), st.text(max_size=9), st.integers(0, 9))
def test_hashes_every_part(
    ids: tuple[UUID, UUID, UUID], request: bytes, expires_at: int, text: str, index: int
) -> None:
    given_parts: dict[str, Any] = {
        "scope": ids[0],
        "proposal": ids[1],
        "policy": ids[2],
        "request_sign1": request,
        "policy_version": 1,
        "review_expression": text,
        "expires_at": expires_at,
    }
    name = sorted(given_parts)[index % len(given_parts)]
    old = given_parts[name]
    if isinstance(old, UUID):
        new: Any = UUID(int=old.int ^ 1)
    elif isinstance(old, int):
        new = old + 1
    else:
        new = old + ("x" if isinstance(old, str) else b"x")
    before = evidence.proposal_hash(**given_parts)
    assert evidence.proposal_hash(**{**given_parts, name: new}) != before
    assert len(before) == 32


NAMES = ["a", "b"]
CLAUSES = st.builds(
    Clause, st.sampled_from(["role", "group"]), st.sampled_from(NAMES), st.integers(1, 2)
)


def _part(clauses: list[Clause], least: int, is_open: bool) -> Part:
    kept = {(clause.holds, clause.name): clause for clause in clauses}
    return Part(tuple(kept.values()), least if clauses else max(least, 1), is_open)


PARTS = st.builds(_part, st.lists(CLAUSES, max_size=3), st.integers(0, 2), st.booleans())
REVIEWS = st.builds(Review, st.lists(PARTS, min_size=1, max_size=2).map(tuple), st.integers(1, 2))
HELD = st.frozensets(st.sampled_from(NAMES))


@given(REVIEWS, st.lists(st.tuples(HELD, HELD, st.booleans()), min_size=2, max_size=2), st.data())
def test_counts_as_the_decision_engine_does(
    made: Review, held: list[tuple[Any, Any, bool]], data: st.DataObject
) -> None:
    names = ("alice", "bob")
    decisions = data.draw(st.lists(st.sampled_from(["approve", "reject"]), min_size=2, max_size=2))
    voters = {
        name: Voter(UUID(bundles.USERS[name]), *held[index]) for index, name in enumerate(names)
    }
    cast = {
        decision: [voters[n] for n, one in zip(names, decisions, strict=True) if one == decision]
        for decision in ("approve", "reject")
    }
    outcome = review.tally(made, cast["approve"], cast["reject"])
    state = data.draw(st.sampled_from(["executed", "rejected"]))
    proposed = bundles.bundle(
        votes=[bundles.vote(n, one) for n, one in zip(names, decisions, strict=True)],
        standing=[
            {
                "user": bundles.USERS[name],
                "roles": sorted(voters[name].roles),
                "groups": sorted(voters[name].groups),
                "is_program": voters[name].is_program,
            }
            for name in names
        ],
    )
    text = review.canonical(made)
    proposed = bundles.with_proposal(proposed, review_expression=text, state=state)
    wanted = Outcome.APPROVED if state == "executed" else Outcome.REJECTED
    try:
        verify(bundles.sealed(proposed))
    except evidence.EvidenceInvalid:
        assert outcome is not wanted
    else:
        assert outcome is wanted


HTTP = http_requests.payload(http_requests.base())
MAKER_KEY = bundles.public_hex(bundles.KEYS["maker"])


def verify_http(said: dict[str, Any], *, device: str = MAKER_KEY) -> dict[str, Any]:
    sign1 = base64.b64decode(http_requests.statement(said))
    return evidence.verify_http_request(sign1, device_keys=[device], server_keys=[SERVER_KEY])


def test_accepts_the_http_request_before_anything_is_changed() -> None:
    assert verify_http(HTTP)["resource"] == "/users/invite"


@given(st.sampled_from(["base", "signature", "body"]), st.integers(0, 10**6))
def test_a_lying_server_can_change_no_bit_of_what_a_device_signed(name: str, place: int) -> None:
    data = bytearray(base64.b64decode(HTTP["http"][name]))
    bit = place % (len(data) * 8)
    data[bit // 8] ^= 1 << (bit % 8)
    changed = {**HTTP, "http": {**HTTP["http"], name: bundles.encoded(bytes(data))}}
    with pytest.raises(evidence.EvidenceInvalid):
        verify_http(changed)


@given(st.integers(0, len(MAKER_KEY) * 4 - 1))
def test_refuses_every_other_device_key(bit: int) -> None:
    key = bytearray(bytes.fromhex(MAKER_KEY))
    key[bit // 8] ^= 1 << (bit % 8)
    try:
        other = bundles.compressed(bytes(key).hex())
    except ValueError:
        assume(False)
    with pytest.raises(evidence.EvidenceInvalid):
        verify_http(HTTP, device=other)


@given(st.sampled_from(paths(HTTP)), JSON)
def test_a_lying_server_never_crashes_the_verifier_of_http_requests(
    path: tuple[Any, ...], value: Any
) -> None:
    made = copy.deepcopy(HTTP)
    *way, last = path
    place: Any = made
    for key in way:
        place = place[key]
    place[last] = value
    try:
        verify_http(made)
    except evidence.EvidenceInvalid as error:
        assert error.failures


HTTP_BUNDLE = json.dumps(http_requests.bundle(), separators=(",", ":")).encode()


@given(st.integers(0, len(HTTP_BUNDLE) * 8 - 1))
def test_refuses_any_flipped_bit_of_a_bundle_with_an_http_request(bit: int) -> None:
    data = bytearray(HTTP_BUNDLE)
    data[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(evidence.EvidenceInvalid):
        verify(evidence.read_bundle(bytes(data)))
