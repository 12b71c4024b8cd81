"""Two questions in one statement, on PostgreSQL; elsewhere each is asked by itself."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from identity.scoping import current, foresight, lookups, operations, prepared

DOOR = lookups.Lookup(
    name="trial_foresight_door",
    arguments=(("name", "text"),),
    columns=(("scope_id", "uuid"), ("facts", "jsonb"), ("stamp", "bytea")),
    sql="SELECT scope_id, facts, stamp FROM trial_paper WHERE name = %(name)s",
)
OTHER_DOOR = lookups.Lookup(
    name="trial_foresight_folder",
    arguments=(("folder", "bigint"), ("word", "text")),
    columns=(("name", "text"), ("word", "text")),
    sql="SELECT name, %(word)s FROM trial_folder WHERE id = %(folder)s",
)


class Papers:
    """alpha and beta in acme, gamma in the other scope."""

    def __init__(self, trial: Any) -> None:
        self.acme, self.other = trial.acme, trial.other
        self.ours, self.theirs = trial.folder(trial.acme, "ours"), trial.folder(trial.other, "t")
        trial.paper(self.ours, "alpha", pages=1, facts={"a": 1}, stamp=b"\x00")
        trial.paper(self.ours, "beta", pages=2)
        trial.paper(self.theirs, "gamma", pages=3)
        self.names = prepared.prepare(
            lambda least: trial.Paper.objects.filter(pages__gte=least).values_list("name", "pages"),
            "least",
        )

    def door(self, name: str) -> list[tuple[Any, ...]]:
        return lookups.call(connection, DOOR, name)

    def question(self, least: int = 1, scope_id: UUID | None = None) -> foresight.Question:
        with current.in_scope(scope_id or self.acme):
            return self.names.question(least=least)

    def asked(self, least: int = 1, scope_id: UUID | None = None) -> list[tuple[Any, ...]]:
        with current.in_scope(scope_id or self.acme):
            return sorted(self.names.rows(least=least))


@pytest.fixture
def papers(trial: Any) -> Papers:
    for lookup in (DOOR, OTHER_DOOR):
        operations.LookupFunction(lookup).apply(connection)
    return Papers(trial)


def statements(act: Callable[[], Any], *, on_postgresql: int, elsewhere: int) -> Any:
    """What an act gives, which costs so many statements."""
    with CaptureQueriesContext(connection) as captured:
        given = act()
    expected = on_postgresql if connection.vendor == "postgresql" else elsewhere
    assert len(captured) == expected, [each["sql"] for each in captured.captured_queries]
    return given


ALPHA = {"facts": {"a": 1}, "stamp": b"\x00"}


def test_a_look_up_brings_what_was_foreseen(papers: Papers) -> None:
    def both() -> tuple[Any, Any]:
        with foresight.of(papers.question()):
            return papers.door("alpha"), papers.asked()

    own, along = statements(both, on_postgresql=1, elsewhere=2)
    assert own == [(papers.acme, *ALPHA.values())]
    assert along == [("alpha", 1), ("beta", 2)]


def test_a_look_up_may_be_foreseen(papers: Papers) -> None:
    def both() -> tuple[Any, Any]:
        with foresight.of(lookups.question(OTHER_DOOR, papers.ours.id, "word")):
            own = papers.door("alpha")
            return own, lookups.call(connection, OTHER_DOOR, papers.ours.id, "word")

    own, along = statements(both, on_postgresql=1, elsewhere=2)
    assert len(own) == 1
    assert along == [("ours", "word")]


def test_no_rows_is_an_answer(papers: Papers) -> None:
    def both() -> Any:
        with foresight.of(papers.question(least=10)):
            papers.door("alpha")
            return papers.asked(least=10)

    assert statements(both, on_postgresql=1, elsewhere=2) == []


def test_a_look_up_of_several_rows_keeps_them_apart(papers: Papers, trial: Any) -> None:
    trial.paper(papers.theirs, "alpha")
    with foresight.of(papers.question()):
        own = papers.door("alpha")
        assert {scope_id for scope_id, *_ in own} == {papers.acme, papers.other}
        assert len(own) == 2
        assert papers.asked() == [("alpha", 1), ("beta", 2)]


def test_a_look_up_without_a_row_brings_nothing(papers: Papers) -> None:
    def both() -> Any:
        with foresight.of(papers.question()):
            assert papers.door("nobody") == []
            return papers.asked()

    assert statements(both, on_postgresql=2, elsewhere=2) == [("alpha", 1), ("beta", 2)]


def test_an_answer_is_given_once(papers: Papers) -> None:
    def thrice() -> None:
        with foresight.of(papers.question()):
            papers.door("alpha")
            assert papers.asked() == papers.asked()

    statements(thrice, on_postgresql=2, elsewhere=3)


def test_another_question_is_asked(papers: Papers) -> None:
    def act() -> None:
        with foresight.of(papers.question(least=1)):
            papers.door("alpha")
            assert papers.asked(least=2) == [("beta", 2)]
            assert papers.door("gamma") == [(papers.other, {}, None)]

    statements(act, on_postgresql=3, elsewhere=3)


def test_an_answer_stays_in_its_scope(papers: Papers) -> None:
    def act() -> None:
        with foresight.of(papers.question()):
            papers.door("alpha")
            assert papers.asked(scope_id=papers.other) == [("gamma", 3)]
        with foresight.of(papers.question(scope_id=papers.other)):
            papers.door("alpha")
            assert papers.asked(scope_id=papers.acme) == [("alpha", 1), ("beta", 2)]

    statements(act, on_postgresql=4, elsewhere=4)


@pytest.mark.usefixtures("on_postgresql")
def test_the_wall_holds_for_what_is_foreseen(papers: Papers) -> None:
    """The second wall shows nothing of a scope that the words of a question name by mistake."""
    question = papers.question()
    with current.in_scope(papers.other):
        wrong = foresight.Question(question.sql, question.values, current.state())
    with foresight.of(wrong):
        papers.door("alpha")
        with current.in_scope(papers.other):
            assert foresight.known(wrong.sql, wrong.values) == []


def test_nothing_outlives_its_block(papers: Papers) -> None:
    def act() -> None:
        with foresight.of(papers.question()):
            papers.door("alpha")
        assert papers.asked() == [("alpha", 1), ("beta", 2)]
        with foresight.of(papers.question()):
            pass
        papers.door("alpha")
        papers.asked()

    statements(act, on_postgresql=4, elsewhere=4)


def test_blocks_nest(papers: Papers) -> None:
    with foresight.of(papers.question()):
        with foresight.of(None):
            statements(lambda: papers.door("alpha"), on_postgresql=1, elsewhere=1)
            assert foresight.known("", []) is None
        statements(lambda: (papers.door("alpha"), papers.asked()), on_postgresql=1, elsewhere=2)


def test_what_follows_in_a_transaction_is_not_hidden(papers: Papers, trial: Any) -> None:
    """An answer that was given before a change is not given after another block's begin."""
    with transaction.atomic(), foresight.of(papers.question()):
        papers.door("alpha")
        papers.asked()
        trial.paper(papers.ours, "delta", pages=4)
        assert ("delta", 4) in papers.asked()


GROW = "UPDATE trial_paper SET pages = pages + 10 WHERE name = %s RETURNING pages, name"


@pytest.mark.usefixtures("on_postgresql")
def test_a_change_brings_the_answer_of_before_it(papers: Papers) -> None:
    def act() -> Any:
        with current.in_scope(papers.acme), foresight.of(papers.question()):
            return foresight.change(GROW, ["beta"], width=2), papers.asked()

    changed, asked = statements(act, on_postgresql=1, elsewhere=0)
    assert changed == [(12, "beta")]
    assert asked == [("alpha", 1), ("beta", 2)]
    assert papers.asked() == [("alpha", 1), ("beta", 12)]


@pytest.mark.usefixtures("on_postgresql")
def test_a_change_of_nothing_leaves_the_question_open(papers: Papers) -> None:
    def act() -> None:
        with current.in_scope(papers.acme), foresight.of(papers.question()):
            # The wall holds for the change.
            assert foresight.change(GROW, ["gamma"], width=2) == []
            assert papers.asked() == [("alpha", 1), ("beta", 2)]
        assert papers.asked(scope_id=papers.other) == [("gamma", 3)]

    statements(act, on_postgresql=3, elsewhere=0)


@pytest.mark.usefixtures("on_postgresql")
def test_a_change_stays_in_its_scope_whatever_is_foreseen(papers: Papers) -> None:
    def act() -> None:
        foreseen = papers.question(scope_id=papers.other)
        with current.in_scope(papers.acme), foresight.of(foreseen):
            assert foresight.change(GROW, ["gamma"], width=2) == []
            assert foresight.change(GROW, ["alpha"], width=2) == [(11, "alpha")]
            assert papers.asked(scope_id=papers.other) == [("gamma", 3)]

    statements(act, on_postgresql=3, elsewhere=0)


def test_an_unknown_value_is_an_unknown_row(papers: Papers) -> None:
    with foresight.of(lookups.question(OTHER_DOOR, 10**12, "word")):
        papers.door("alpha")
        assert lookups.call(connection, OTHER_DOOR, 10**12, "word") == []


def test_a_question_takes_what_the_look_up_takes() -> None:
    with pytest.raises(TypeError):
        lookups.question(OTHER_DOOR, "word")
