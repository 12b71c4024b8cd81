"""The first wall, on both engines."""

import os
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Q

from identity.scoping import current
from identity.scoping.manager import CurrentScope, ScopeManager, ScopeQuerySet


@pytest.fixture
def papers(trial: Any) -> Any:
    """Two papers in acme, one in the other scope."""
    ours, theirs = trial.folder(trial.acme, "ours"), trial.folder(trial.other, "theirs")
    trial.paper(ours, "alpha", pages=10)
    trial.paper(ours, "beta", pages=300)
    trial.paper(theirs, "gamma", pages=200)
    return trial


def _names(queryset: Any) -> list[str]:
    return sorted(queryset.values_list("name", flat=True))


def test_shows_the_rows_of_the_scope_in_force(papers: Any) -> None:
    with current.in_scope(papers.acme):
        assert _names(papers.Paper.objects.all()) == ["alpha", "beta"]
    with current.in_scope(papers.other):
        assert _names(papers.Paper.objects.all()) == ["gamma"]


def test_reads_the_scope_when_the_query_runs(papers: Any) -> None:
    with current.in_scope(papers.acme):
        built_in_acme = papers.Paper.objects.filter(pages__gte=100)
    with current.in_scope(papers.other):
        assert _names(built_in_acme.all()) == ["gamma"]
    with current.in_scope(papers.acme):
        assert _names(built_in_acme.all()) == ["beta"]


@pytest.mark.parametrize("action", ["list", "count", "exists", "update", "delete", "aggregate"])
def test_refuses_outside_every_scope(papers: Any, action: str) -> None:
    rows = papers.Paper.objects.all()
    actions = {
        "list": lambda: list(rows),
        "count": rows.count,
        "exists": rows.exists,
        "update": lambda: rows.update(pages=0),
        "delete": rows.delete,
        "aggregate": lambda: rows.aggregate(Count("id")),
    }
    with pytest.raises(current.NoScopeError):
        actions[action]()


def test_shows_all_rows_across_scopes(papers: Any) -> None:
    with current.across_scopes(why="counting papers"):
        assert _names(papers.Paper.objects.all()) == ["alpha", "beta", "gamma"]
        assert _names(papers.Paper.objects.filter(pages__gte=100)) == ["beta", "gamma"]
        assert papers.Paper.objects.filter(pages__gte=100).update(pages=1) == 2


def test_changes_and_deletes_rows_of_the_scope_in_force_only(papers: Any) -> None:
    with current.in_scope(papers.acme):
        assert papers.Paper.objects.update(pages=1) == 2
        assert papers.Paper.objects.all().delete()[0] == 2
    with current.in_scope(papers.other):
        assert papers.Paper.objects.get().pages == 200


def test_filters_inside_subqueries_and_conditions(papers: Any) -> None:
    inner = papers.Paper.objects.filter(folder=OuterRef("pk"), pages__gte=100)
    with current.in_scope(papers.acme):
        folders = papers.Folder.objects.filter(Exists(inner))
        assert _names(folders) == ["ours"]
        own = Count("id", filter=Q(scope_id=CurrentScope()))
        assert papers.Paper.objects.aggregate(own=own) == {"own": 2}
    with current.across_scopes(why="looking into folders"):
        assert _names(papers.Folder.objects.filter(Exists(inner))) == ["ours", "theirs"]


def test_keeps_the_methods_of_a_queryset_of_its_own(papers: Any) -> None:
    with current.in_scope(papers.acme):
        assert _names(papers.Paper.objects.long()) == ["beta"]
        assert _names(papers.Paper.objects.all().long()) == ["beta"]


def test_filters_reverse_relations_and_their_prefetching(papers: Any) -> None:
    with current.across_scopes(why="setting the scene"):
        ours = papers.Folder.objects.get(name="ours")
    with current.in_scope(papers.other):
        assert list(ours.papers.all()) == []
    with current.in_scope(papers.acme):
        (folder,) = papers.Folder.objects.prefetch_related("papers")
        assert sorted(paper.name for paper in folder.papers.all()) == ["alpha", "beta"]


def test_refuses_bulk_inserts_of_foreign_rows(papers: Any) -> None:
    with current.in_scope(papers.acme):
        row = papers.Folder(scope_id=papers.other, name="smuggled")
        with pytest.raises(current.ForeignScopeError):
            papers.Folder.objects.bulk_create(iter([row]))
        own = papers.Folder(scope_id=papers.acme, name="own")
        assert papers.Folder.objects.bulk_create(iter([own])) == [own]
    with pytest.raises(current.NoScopeError):
        papers.Folder.objects.bulk_create([own])


@pytest.mark.parametrize("column", ["scope", "scope_id"])
def test_refuses_to_move_rows_to_another_scope(papers: Any, column: str) -> None:
    with current.in_scope(papers.acme), pytest.raises(current.ForeignScopeError):
        papers.Paper.objects.update(**{column: papers.other})


def test_compares_with_one_parameter_and_no_more(papers: Any) -> None:
    with current.in_scope(papers.acme):
        sql, parameters = papers.Folder.objects.all().query.sql_with_params()
    assert sql.endswith('WHERE "trial_folder"."scope_id" = (%s)')
    assert len(parameters) == 1
    with current.across_scopes(why="reading the SQL"):
        assert "WHERE" not in papers.Folder.objects.all().query.sql_with_params()[0]


def test_makes_managers_from_querysets() -> None:
    class OwnQuerySet(ScopeQuerySet[models.Model]):
        def early(self) -> "OwnQuerySet":
            return self.order_by("pk")

    manager: Any = ScopeManager.from_queryset(OwnQuerySet)()
    assert callable(manager.early)
    assert isinstance(manager, ScopeManager)


class TestHoles:
    """What the first wall lets through by its nature; on PostgreSQL the second wall holds."""

    def test_joins_from_the_other_side(self, papers: Any) -> None:
        with current.across_scopes(why="setting the scene"):
            theirs = papers.Paper.objects.get(name="gamma")
            papers.Note.objects.create(paper=theirs, text="secret")
        with current.in_scope(papers.acme):
            seen = list(papers.Note.objects.values_list("paper__name", flat=True))
        assert seen == ([] if papers.on_postgresql else ["gamma"])

    def test_raw_queries(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            seen = {row.name for row in papers.Paper.objects.raw("SELECT * FROM trial_paper")}
        assert seen == ({"alpha", "beta"} if papers.on_postgresql else {"alpha", "beta", "gamma"})

    def test_querysets_made_without_a_manager(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            seen = set(ScopeQuerySet(papers.Paper).values_list("name", flat=True))
        assert seen == ({"alpha", "beta"} if papers.on_postgresql else {"alpha", "beta", "gamma"})

    def test_sql_of_ones_own(self, papers: Any) -> None:
        with current.in_scope(papers.acme):
            assert papers.names() == (
                ["alpha", "beta"] if papers.on_postgresql else ["alpha", "beta", "gamma"]
            )
        assert papers.names() == ([] if papers.on_postgresql else ["alpha", "beta", "gamma"])


def test_runs_on_the_engine_that_the_run_is_for(trial: Any) -> None:
    wanted = os.environ.get("DATABASE_URL", "sqlite").split(":", 1)[0]
    assert connection.vendor == ("postgresql" if wanted.startswith("postgres") else "sqlite")
