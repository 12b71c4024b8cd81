"""Counting votes: monotone, order-free, and merged reviews ask for exactly both."""

from typing import Any
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from invitations.decision import review
from invitations.decision.review import Clause, Outcome, Part, Review, Voter

NAMES = ["a", "b", "c"]


def _part(clauses: list[Clause], least: int, is_open: bool) -> Part:
    kept = {(clause.holds, clause.name): clause for clause in clauses}
    return Part(tuple(kept.values()), least if clauses else max(least, 1), is_open)


CLAUSES = st.builds(
    Clause, st.sampled_from(["role", "group"]), st.sampled_from(NAMES), st.integers(1, 3)
)
PARTS = st.builds(_part, st.lists(CLAUSES, max_size=3), st.integers(0, 4), st.booleans())
REVIEWS = st.builds(Review, st.lists(PARTS, min_size=1, max_size=3).map(tuple), st.integers(1, 3))
HELD = st.frozensets(st.sampled_from(NAMES))
VOTERS = st.builds(Voter, st.integers(1, 6).map(lambda n: UUID(int=n)), HELD, HELD, st.booleans())


def _distinct(voters: list[Voter]) -> list[Voter]:
    return list({voter.user: voter for voter in voters}.values())


PEOPLE = st.lists(VOTERS, max_size=8).map(_distinct)


@given(REVIEWS)
def test_reads_what_it_writes(made: Review) -> None:
    text = review.canonical(made)
    assert review.parse(text) == made
    assert review.canonical(review.parse(text)) == text


@given(REVIEWS, PEOPLE, PEOPLE)
def test_never_loses_an_approval_by_another_approval(
    made: Review, some: list[Voter], more: list[Voter]
) -> None:
    everybody = _distinct([*more, *some])
    few = [voter for voter in everybody if voter in some]
    if review.tally(made, few, []) is Outcome.APPROVED:
        assert review.tally(made, everybody, []) is Outcome.APPROVED
    assert len(review.missing(made, everybody)) <= len(made.parts) * 5


@given(REVIEWS, PEOPLE, PEOPLE, PEOPLE)
def test_never_gains_by_a_rejection(
    made: Review, approvals: list[Voter], some: list[Voter], more: list[Voter]
) -> None:
    if review.tally(made, approvals, some) is Outcome.REJECTED:
        assert review.tally(made, approvals, [*some, *more]) is Outcome.REJECTED
    if review.tally(made, approvals, [*some, *more]) is Outcome.APPROVED:
        assert review.tally(made, approvals, some) is Outcome.APPROVED


@given(REVIEWS, PEOPLE, PEOPLE, st.randoms(use_true_random=False))
def test_does_not_care_for_the_order(
    made: Review, approvals: list[Voter], rejections: list[Voter], random: Any
) -> None:
    before = review.tally(made, approvals, rejections)
    lacks = review.missing(made, approvals)
    mixed, turned = list(approvals), list(rejections)
    random.shuffle(mixed)
    random.shuffle(turned)
    assert review.tally(made, mixed, turned) is before
    assert review.missing(made, mixed) == lacks


@given(REVIEWS, PEOPLE, PEOPLE)
def test_counts_a_person_once(
    made: Review, approvals: list[Voter], rejections: list[Voter]
) -> None:
    once = review.tally(made, approvals, rejections)
    assert review.tally(made, approvals * 3, rejections * 3) is once


@given(REVIEWS, REVIEWS, PEOPLE, PEOPLE)
def test_merges_into_exactly_both(
    first: Review, second: Review, approvals: list[Voter], rejections: list[Voter]
) -> None:
    merged = review.merge(first, second)
    outcomes = {review.tally(one, approvals, rejections) for one in (first, second)}
    found = review.tally(merged, approvals, rejections)
    assert (found is Outcome.APPROVED) == (outcomes == {Outcome.APPROVED})
    assert (found is Outcome.REJECTED) == (Outcome.REJECTED in outcomes)
    assert review.parse(review.canonical(merged)) == merged


@given(REVIEWS, REVIEWS)
def test_merges_the_same_way_from_both_sides(first: Review, second: Review) -> None:
    merged = review.merge(first, second)
    assert review.merge(second, first) == merged
    assert review.merge(merged, first) == merged


@given(REVIEWS, PEOPLE, st.data())
def test_is_reachable_exactly_when_everybody_together_is_enough(
    made: Review, eligible: list[Voter], data: st.DataObject
) -> None:
    reachable = review.is_reachable(made, eligible)
    assert reachable == (review.tally(made, eligible, []) is Outcome.APPROVED)
    some = data.draw(st.lists(st.sampled_from(eligible))) if eligible else []
    if not reachable:
        assert review.tally(made, some, []) is Outcome.OPEN


@given(REVIEWS, PEOPLE)
def test_never_approves_by_programs_alone(made: Review, approvals: list[Voter]) -> None:
    programs = [voter._replace(is_program=True) for voter in approvals]
    assert review.tally(made, programs, []) is Outcome.OPEN


@given(REVIEWS, PEOPLE)
def test_does_not_see_programs_unless_it_says_so(made: Review, approvals: list[Voter]) -> None:
    closed = Review(
        tuple(Part(part.clauses, part.min, is_open_to_programs=False) for part in made.parts),
        made.deny,
    )
    people = [voter for voter in approvals if not voter.is_program]
    assert review.missing(closed, approvals) == review.missing(closed, people)


@given(REVIEWS, PEOPLE)
def test_explains_exactly_what_is_open(made: Review, approvals: list[Voter]) -> None:
    lacks = review.missing(made, approvals)
    assert bool(lacks) == (review.tally(made, approvals, []) is Outcome.OPEN)
    assert len(set(lacks)) == len(lacks)


@given(REVIEWS, PEOPLE, VOTERS)
def test_ignores_whoever_could_not_count(
    made: Review, approvals: list[Voter], stranger: Voter
) -> None:
    assume(not review.may_count(made, stranger))
    assume(stranger.user not in {voter.user for voter in approvals})
    assert review.missing(made, [*approvals, stranger]) == review.missing(made, approvals)


@given(st.text() | st.text(st.sampled_from('{}[]":,0123456789allmindenyroleapiand ')))
@example("[" * 8000)
@example('{"all":[],"min":1e400}')
def test_reads_or_refuses_any_text(text: str) -> None:
    try:
        made = review.parse(text)
    except review.ReviewInvalid as error:
        assert error.detail
        return
    assert review.parse(review.canonical(made)) == made
