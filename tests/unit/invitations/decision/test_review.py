"""Review expressions: reading, writing, counting and explaining."""

from typing import Any
from uuid import UUID

import pytest

from identity.errors import Kind
from invitations.decision import review
from invitations.decision.review import Outcome, Voter

OWNER, SECURITY = "workspace-owner", "security"
TEXT = '{"all":[{"min":2,"role":"workspace-owner"},{"group":"security","min":1}],"deny":1}'


def voter(
    number: int, *roles: str, groups: tuple[str, ...] = (), is_program: bool = False
) -> Voter:
    return Voter(UUID(int=number), frozenset(roles), frozenset(groups), is_program)


ALICE, OTHER_OWNER, OFFICER = voter(1, OWNER), voter(2, OWNER), voter(3, groups=(SECURITY,))
BOTH = voter(4, OWNER, groups=(SECURITY,))
ROBOT = voter(9, OWNER, groups=(SECURITY,), is_program=True)


def outcome(text: str, approvals: list[Voter], rejections: list[Voter] | None = None) -> Outcome:
    return review.tally(review.parse(text), approvals, rejections or [])


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        '{"all":[],"deny":2,"min":3}',
        '{"all":[{"min":1,"role":"ä"}],"api":true,"deny":1,"min":2}',
        '{"and":[{"all":[],"min":1},{"all":[{"group":"g","min":1}],"api":true}],"deny":3}',
    ],
)
def test_writes_what_it_read(text: str) -> None:
    assert review.canonical(review.parse(text)) == text


def test_writes_one_form_for_any_spelling() -> None:
    spelled = ' { "all" : [ {"role":"workspace-owner", "min":2},{"min":1,"group":"security"} ] } '
    assert review.canonical(review.parse(spelled)) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "\ud800",
        '{"all":[]}',
        '{"all":{}}',
        '{"all":[1]}',
        '{"all":[{}]}',
        '{"all":[{"role":"a"}]}',
        '{"all":[{"min":1}]}',
        '{"all":[{"min":1,"role":"a","group":"b"}]}',
        '{"all":[{"min":1,"user":"a"}]}',
        '{"all":[{"min":0,"role":"a"}]}',
        '{"all":[{"min":-1,"role":"a"}]}',
        '{"all":[{"min":101,"role":"a"}]}',
        '{"all":[{"min":1.0,"role":"a"}]}',
        '{"all":[{"min":"1","role":"a"}]}',
        '{"all":[{"min":true,"role":"a"}]}',
        '{"all":[{"min":1,"role":""}]}',
        '{"all":[{"min":1,"role":5}]}',
        '{"all":[{"min":1,"role":"a\\u0000"}]}',
        '{"all":[{"min":1,"role":"\\ud800"}]}',
        '{"all":[{"min":1,"role":"' + "x" * 129 + '"}]}',
        '{"all":[{"min":1,"role":"a"},{"min":2,"role":"a"}]}',
        '{"all":[{"min":1,"role":"a"}],"deny":0}',
        '{"all":[{"min":1,"role":"a"}],"deny":null}',
        '{"all":[{"min":1,"role":"a"}],"min":0}',
        '{"all":[{"min":1,"role":"a"}],"api":false}',
        '{"all":[{"min":1,"role":"a"}],"api":1}',
        '{"all":[{"min":1,"role":"a"}],"any":[]}',
        '{"all":[{"min":1,"role":"a"}],"all":[{"min":2,"role":"a"}]}',
        '{"all":[{"min":NaN,"role":"a"}]}',
        '{"all":[{"min":' + "9" * 5000 + ',"role":"a"}]}',
        '{"and":[{"all":[],"min":1}]}',
        '{"and":{}}',
        '{"and":[{"all":[],"min":1},{"all":[],"deny":1,"min":1}]}',
        '{"and":[{"all":[],"min":1},{"all":[],"min":2}],"min":1}',
        '{"and":[{"all":[],"min":1},{"and":[]}]}',
        '{"and":[' + ",".join(['{"all":[],"min":1}'] * 9) + "]}",
        '{"all":[' + ",".join(f'{{"min":1,"role":"{n}"}}' for n in range(17)) + "]}",
        "[" * 8000,
        " " * 8193,
    ],
)
def test_refuses_what_is_no_review(text: str) -> None:
    with pytest.raises(review.ReviewInvalid) as caught:
        review.parse(text)
    assert caught.value.detail
    assert caught.value.code == "policy.review-invalid"
    assert caught.value.kind is Kind.INVALID


@pytest.mark.parametrize(
    ("approvals", "expected"),
    [
        ([], Outcome.OPEN),
        ([ALICE], Outcome.OPEN),
        ([ALICE, OTHER_OWNER], Outcome.OPEN),
        ([ALICE, OFFICER], Outcome.OPEN),
        ([ALICE, OTHER_OWNER, OFFICER], Outcome.APPROVED),
        ([ALICE, BOTH], Outcome.APPROVED),
        ([BOTH], Outcome.OPEN),
        ([BOTH, BOTH, BOTH], Outcome.OPEN),
        ([ALICE, ALICE, OFFICER], Outcome.OPEN),
        ([ALICE, ROBOT], Outcome.OPEN),
        ([ALICE, ROBOT, OFFICER], Outcome.OPEN),
        ([voter(7, SECURITY), voter(8, groups=(OWNER,)), ALICE], Outcome.OPEN),
    ],
)
def test_counts_distinct_persons_for_each_clause(approvals: list[Voter], expected: Outcome) -> None:
    assert outcome(TEXT, approvals) is expected


def test_counts_distinct_persons_in_total() -> None:
    text = TEXT.replace('"deny":1', '"deny":1,"min":3')
    assert outcome(text, [ALICE, BOTH]) is Outcome.OPEN
    assert outcome(text, [ALICE, BOTH, voter(8, "member")]) is Outcome.OPEN
    assert outcome(text, [ALICE, BOTH, OFFICER]) is Outcome.APPROVED


def test_counts_everybody_where_no_clause_says_whom() -> None:
    text = '{"all":[],"min":2}'
    assert outcome(text, [ALICE]) is Outcome.OPEN
    assert outcome(text, [ALICE, voter(8)]) is Outcome.APPROVED
    assert outcome(text, [ALICE, ROBOT]) is Outcome.OPEN


def test_counts_programs_only_where_it_says_so_and_never_alone() -> None:
    text = '{"all":[{"min":2,"role":"workspace-owner"}],"api":true}'
    second = voter(10, OWNER, is_program=True)
    assert outcome(text, [ALICE, ROBOT]) is Outcome.APPROVED
    assert outcome(text, [ROBOT, second]) is Outcome.OPEN
    assert outcome(text, [ROBOT, second, voter(8, "member")]) is Outcome.OPEN
    assert outcome(text, [ROBOT, second, ALICE]) is Outcome.APPROVED


@pytest.mark.parametrize(
    ("deny", "rejections", "expected"),
    [
        (1, [OFFICER], Outcome.REJECTED),
        (2, [OFFICER], Outcome.APPROVED),
        (2, [OFFICER, OFFICER], Outcome.APPROVED),
        (2, [OFFICER, voter(8)], Outcome.REJECTED),
    ],
)
def test_lets_rejections_win(deny: int, rejections: list[Voter], expected: Outcome) -> None:
    text = TEXT.replace('"deny":1', f'"deny":{deny}')
    assert outcome(text, [ALICE, BOTH], rejections) is expected


def test_ends_at_the_first_rejection_unless_it_says_otherwise() -> None:
    assert outcome('{"all":[],"min":1}', [ALICE], [OTHER_OWNER]) is Outcome.REJECTED


def test_reads_at_most_8192_characters() -> None:
    text = TEXT + " " * (review.MAX_LENGTH - len(TEXT))
    assert review.parse(text) == review.parse(TEXT)
    with pytest.raises(review.ReviewInvalid, match="Shorten"):
        review.parse(text + " ")


def test_merges_into_what_both_ask_for() -> None:
    first = review.parse('{"all":[{"min":1,"role":"workspace-owner"}],"deny":3}')
    second = review.parse('{"all":[{"group":"security","min":1}],"deny":2}')
    merged = review.merge(first, second)
    assert review.canonical(merged) == (
        '{"and":[{"all":[{"group":"security","min":1}]},'
        '{"all":[{"min":1,"role":"workspace-owner"}]}],"deny":2}'
    )
    assert review.tally(merged, [ALICE], []) is Outcome.OPEN
    assert review.tally(merged, [ALICE, OFFICER], []) is Outcome.APPROVED
    assert review.tally(merged, [ALICE, OFFICER], [OTHER_OWNER]) is Outcome.APPROVED
    assert review.tally(merged, [ALICE, OFFICER], [OTHER_OWNER, BOTH]) is Outcome.REJECTED


def test_merges_equal_reviews_into_one() -> None:
    first = review.parse(TEXT)
    assert review.merge(first, review.parse(TEXT.replace('"deny":1', '"deny":9'))) == first


def test_refuses_a_merger_without_end() -> None:
    merged = review.parse('{"all":[],"min":1}')
    for number in range(2, 9):
        merged = review.merge(merged, review.parse(f'{{"all":[],"min":{number}}}'))
    with pytest.raises(review.ReviewInvalid, match="parts"):
        review.merge(merged, review.parse('{"all":[],"min":9}'))


def test_refuses_a_merger_that_could_not_be_read_again() -> None:
    def long(letter: str) -> review.Review:
        clauses = ",".join(f'{{"min":1,"role":"{letter * 120}{n}"}}' for n in range(16))
        return review.parse(f'{{"all":[{clauses}]}}')

    merged = review.merge(long("a"), long("b"))
    assert review.parse(review.canonical(merged)) == merged
    merged = review.merge(merged, long("c"))
    with pytest.raises(review.ReviewInvalid, match="longer"):
        review.merge(merged, long("d"))


@pytest.mark.parametrize(
    ("text", "approvals", "expected"),
    [
        (
            TEXT,
            [],
            ("needs 2 more workspace-owner", "needs 1 more of group security"),
        ),
        (TEXT, [ALICE], ("needs 1 more workspace-owner", "needs 1 more of group security")),
        (TEXT, [ALICE, OTHER_OWNER], ("needs 1 more of group security",)),
        (TEXT, [ALICE, BOTH], ()),
        ('{"all":[],"min":3}', [ALICE], ("needs 2 more in total",)),
        (
            '{"all":[{"min":1,"role":"workspace-owner"}],"api":true}',
            [ROBOT],
            ("needs a regular user",),
        ),
        (
            '{"all":[{"min":2,"role":"workspace-owner"}],"api":true}',
            [ROBOT],
            ("needs 1 more workspace-owner", "needs a regular user"),
        ),
        (
            '{"and":[{"all":[],"min":1},{"all":[],"min":1}]}',
            [],
            ("needs 1 more in total",),
        ),
    ],
)
def test_says_what_is_missing(text: str, approvals: list[Voter], expected: tuple[str, ...]) -> None:
    assert review.missing(review.parse(text), approvals) == expected


@pytest.mark.parametrize(
    ("eligible", "expected"),
    [
        ([], False),
        ([ALICE, OTHER_OWNER], False),
        ([ALICE, OTHER_OWNER, OFFICER], True),
        ([ALICE, BOTH], True),
    ],
)
def test_knows_whether_enough_people_exist(eligible: list[Voter], expected: bool) -> None:
    assert review.is_reachable(review.parse(TEXT), eligible) is expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [(ALICE, True), (OFFICER, True), (voter(8, "member"), False), (ROBOT, False)],
)
def test_knows_whose_approval_could_count(who: Voter, expected: bool) -> None:
    assert review.may_count(review.parse(TEXT), who) is expected


def test_lets_a_program_count_where_one_part_is_open_to_programs() -> None:
    text = '{"and":[{"all":[],"min":1},{"all":[{"group":"security","min":1}],"api":true}]}'
    parsed: Any = review.parse(text)
    assert review.may_count(parsed, ROBOT) is True
    assert review.tally(parsed, [ROBOT], []) is Outcome.OPEN
    assert review.tally(parsed, [ROBOT, OFFICER], []) is Outcome.APPROVED
