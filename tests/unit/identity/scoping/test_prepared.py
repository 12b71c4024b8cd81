"""Queries compiled once, on both engines."""

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import MultipleObjectsReturned
from django.db import connection, models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.test.utils import CaptureQueriesContext

from identity.scoping import current, prepared

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def papers(trial: Any) -> Any:
    """alpha and beta in acme, gamma in the other scope."""
    trial.ours, trial.theirs = trial.folder(trial.acme, "ours"), trial.folder(trial.other, "theirs")
    rich = {"facts": {"a": [1, None]}, "written_at": NOON, "stamp": b"\x01", "is_final": True}
    trial.alpha = trial.paper(trial.ours, "alpha", pages=10, **rich)
    trial.beta = trial.paper(trial.ours, "beta", pages=300)
    trial.gamma = trial.paper(trial.theirs, "gamma", pages=200)
    return trial


def _names_of(trial: Any) -> prepared.Prepared:
    return prepared.prepare(
        lambda least: (
            trial.Paper.objects.filter(pages__gte=least).order_by("name").values_list("name")
        ),
        "least",
    )


def test_takes_the_scope_in_force_each_time(papers: Any) -> None:
    names = _names_of(papers)
    for _ in range(2):
        with current.in_scope(papers.acme):
            assert names.rows(least=0) == [("alpha",), ("beta",)]
        with current.in_scope(papers.other):
            assert names.rows(least=0) == [("gamma",)]
            assert names.rows(least=201) == []


def test_refuses_to_run_without_one_scope(papers: Any) -> None:
    names = _names_of(papers)
    for _ in range(2):
        with pytest.raises(current.NoScopeError):
            names.rows(least=0)
        with current.across_scopes(why="trying"), pytest.raises(current.NoScopeError):
            names.rows(least=0)
        with current.in_scope(papers.acme):
            assert len(names.rows(least=0)) == 2


def test_builds_and_compiles_once(papers: Any) -> None:
    built = []

    def build(name: Any) -> Any:
        built.append(name)
        return papers.Paper.objects.filter(name=name).values_list("pages")

    query = prepared.prepare(build, "name")
    assert built == []
    with current.in_scope(papers.acme), CaptureQueriesContext(connection) as captured:
        assert [query.one(name=name) for name in ("alpha", "beta", "gamma")] == [
            (10,),
            (300,),
            None,
        ]
    assert len(built) == 1
    assert len(captured) == 3


def test_gives_values_as_the_queryset_would(papers: Any) -> None:
    columns = ("id", "folder", "folder__name", "pages", "facts", "written_at", "is_final", "stamp")
    query = prepared.prepare(
        lambda paper: papers.Paper.objects.filter(id=paper).values_list(*columns), "paper"
    )
    with current.in_scope(papers.acme):
        for paper in (papers.alpha, papers.beta):
            row = query.one(paper=paper.id)
            plain = papers.Paper.objects.filter(id=paper.id).values_list(*columns).get()
            assert row is not None
            assert [bytes(v) if isinstance(v, memoryview) else v for v in row] == [
                bytes(v) if isinstance(v, memoryview) else v for v in plain
            ]
    with current.in_scope(papers.acme):
        alpha = query.one(paper=papers.alpha.id)
    assert alpha is not None
    assert isinstance(alpha[0], UUID)
    assert alpha[4:7] == ({"a": [1, None]}, NOON, True)


def test_gives_the_columns_of_whole_rows(papers: Any) -> None:
    query = prepared.prepare(lambda folder: papers.Folder.objects.filter(id=folder), "folder")
    with current.in_scope(papers.acme):
        assert query.one(folder=papers.ours.id) == (papers.ours.id, papers.acme, "ours")


@pytest.mark.parametrize(
    ("condition", "values", "expected_names"),
    [
        (lambda s: Q(id=s), "alpha_id", ["alpha"]),
        (lambda s: Q(folder=s), "ours_id", ["alpha", "beta"]),
        (lambda s: Q(folder_id=s), "ours_id", ["alpha", "beta"]),
        (lambda s: Q(folder__name=s), "ours", ["alpha", "beta"]),
        (lambda s: Q(written_at__lte=s), NOON, ["alpha"]),
        (lambda s: Q(is_final=s), True, ["alpha"]),
        (lambda s: Q(pages__in=[s, 300]), 10, ["alpha", "beta"]),
        (lambda s: ~Q(name=s), "alpha", ["beta"]),
        (lambda s: Q(name__gt=s) | Q(name=s, pages__lt=11), "alpha", ["alpha", "beta"]),
    ],
)
def test_types_a_slot_by_what_it_is_compared_with(
    papers: Any, condition: Any, values: Any, expected_names: list[str]
) -> None:
    value = {"alpha_id": papers.alpha.id, "ours_id": papers.ours.id}.get(
        values if isinstance(values, str) else "", values
    )
    query = prepared.prepare(
        lambda slot: (
            papers.Paper.objects.filter(condition(slot)).order_by("name").values_list("name")
        ),
        "slot",
    )
    with current.in_scope(papers.acme):
        assert [name for (name,) in query.rows(slot=value)] == expected_names


def test_types_slots_in_subqueries_and_conditions_of_aggregates(papers: Any) -> None:
    def build(least: Any, name: Any) -> Any:
        long = papers.Paper.objects.filter(folder=OuterRef("pk"), pages__gte=least)
        folders = papers.Folder.objects.filter(Exists(long))
        return (
            papers.Paper.objects.filter(folder__in=folders)
            .values_list("folder__name")
            .annotate(named=Count("id", filter=Q(name=name)))
        )

    query = prepared.prepare(build, "least", "name")
    with current.in_scope(papers.acme):
        assert query.rows(least=300, name="beta") == [("ours", 1)]
        assert query.rows(least=301, name="beta") == []
    with current.in_scope(papers.other):
        assert query.rows(least=1, name="beta") == [("theirs", 0)]


def test_takes_the_field_of_a_slot_that_stands_alone(papers: Any) -> None:
    query = prepared.prepare(
        lambda more: papers.Paper.objects.order_by("name").values_list(F("pages") + more),
        more=models.IntegerField(),
    )
    with current.in_scope(papers.acme):
        assert query.rows(more=5) == [(15,), (305,)]


def test_refuses_a_slot_of_unknown_type(papers: Any) -> None:
    query = prepared.prepare(
        lambda more: papers.Paper.objects.values_list(
            models.ExpressionWrapper(F("pages") + more, models.IntegerField())
        ),
        "more",
    )
    with current.in_scope(papers.acme), pytest.raises(prepared.SlotTypeError, match="more"):
        query.rows(more=1)


@pytest.mark.parametrize("values", [{}, {"least": 1, "more": 2}, {"more": 2}])
def test_refuses_values_that_are_not_its_slots(papers: Any, values: dict[str, int]) -> None:
    with current.in_scope(papers.acme), pytest.raises(TypeError, match="least"):
        _names_of(papers).rows(**values)


def test_refuses_to_choose_between_rows(papers: Any) -> None:
    with current.in_scope(papers.acme), pytest.raises(MultipleObjectsReturned):
        _names_of(papers).one(least=0)


def test_quotes_nothing_into_the_sql(papers: Any) -> None:
    query = prepared.prepare(
        lambda name: papers.Paper.objects.filter(name=name).values_list("name"), "name"
    )
    with current.in_scope(papers.acme):
        assert query.rows(name="x' OR '1' = '1") == []
        assert query.rows(name="%s") == []


def test_serves_threads_at_once(committed: Any) -> None:
    folders = {s: committed.folder(s, str(s)) for s in (committed.acme, committed.other)}
    query = prepared.prepare(
        lambda name: committed.Folder.objects.filter(name=name).values_list("id"), "name"
    )
    wrong: list[Any] = []

    def read(scope_id: UUID) -> None:
        try:
            for _ in range(30):
                with current.in_scope(scope_id):
                    row = query.one(name=str(scope_id))
                if row != (folders[scope_id].id,):
                    wrong.append((scope_id, row))
        except BaseException as failure:  # noqa: BLE001 the test reports it
            wrong.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(s,)) for s in list(folders) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []


def test_makes_nothing_anew_of_the_same_rows(papers: Any) -> None:
    names = prepared.Made(_names_of(papers), lambda rows: [name for (name,) in rows], most=8)
    with current.in_scope(papers.acme):
        first = names.of(least=0)
        assert first == ["alpha", "beta"]
        assert names.of(least=0) is first
        papers.Paper.objects.filter(name="beta").update(name="delta")
        assert names.of(least=0) == ["alpha", "delta"]
        assert names.of(least=100) == ["delta"]
    with current.in_scope(papers.other):
        assert names.of(least=0) == ["gamma"]
    with pytest.raises(current.NoScopeError):
        names.of(least=0)
