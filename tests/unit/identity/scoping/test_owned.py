"""Rows that a scope owns: saving, following, refreshing, deleting."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from identity.scoping import current
from identity.scoping.manager import ScopeManager


@pytest.fixture
def pair(trial: Any) -> Any:
    """One paper in each scope, in `trial.ours` and `trial.theirs`."""
    trial.ours = trial.paper(trial.folder(trial.acme, "ours"), "alpha")
    trial.theirs = trial.paper(trial.folder(trial.other, "theirs"), "gamma")
    return trial


def test_makes_the_filtering_manager_the_base_manager_too(trial: Any) -> None:
    for model in (trial.Folder, trial.Paper):
        assert isinstance(model._base_manager, ScopeManager)
        assert isinstance(model._default_manager, ScopeManager)


@pytest.mark.parametrize("make", ["save", "create", "get_or_create"])
def test_refuses_to_insert_a_row_of_another_scope(trial: Any, make: str) -> None:
    columns = {"scope_id": trial.other, "name": "smuggled"}
    makers = {
        "save": lambda: trial.Folder(**columns).save(),
        "create": lambda: trial.Folder.objects.create(**columns),
        "get_or_create": lambda: trial.Folder.objects.get_or_create(**columns),
    }
    with current.in_scope(trial.acme), pytest.raises(current.ForeignScopeError):
        makers[make]()
    with current.across_scopes(why="looking for what was smuggled"):
        assert not trial.Folder.objects.exists()


def test_refuses_to_insert_a_row_of_no_scope(trial: Any) -> None:
    with current.in_scope(trial.acme), pytest.raises(current.ForeignScopeError):
        trial.Folder(name="stray").save()


def test_refuses_to_save_outside_every_scope(trial: Any) -> None:
    with pytest.raises(current.NoScopeError):
        trial.Folder(scope_id=trial.acme, name="early").save()


def test_saves_across_scopes(trial: Any) -> None:
    with current.across_scopes(why="setting up two scopes"):
        for scope_id in (trial.acme, trial.other):
            trial.Folder.objects.create(scope_id=scope_id, name="new")
        assert trial.Folder.objects.count() == 2


def test_refuses_to_save_or_delete_a_row_met_in_another_scope(pair: Any) -> None:
    with current.in_scope(pair.acme):
        for write in (pair.theirs.save, pair.theirs.delete):
            with pytest.raises(current.ForeignScopeError):
                write()
    with current.in_scope(pair.other):
        pair.theirs.name = "delta"
        pair.theirs.save()
        assert pair.theirs.delete()[0] == 1


def test_does_not_overwrite_a_foreign_row_relabelled_as_own(pair: Any) -> None:
    with current.in_scope(pair.acme):
        forged = pair.Paper(
            id=pair.theirs.id, scope_id=pair.acme, folder=pair.ours.folder, name="forged"
        )
        with pytest.raises(DatabaseError, match="did not affect"), transaction.atomic():
            forged.save(force_update=True)
    with current.in_scope(pair.other):
        assert pair.Paper.objects.get().name == "gamma"


def test_does_not_follow_a_foreign_key_into_another_scope(pair: Any) -> None:
    with current.across_scopes(why="crossing the wires"):
        pair.Paper.objects.filter(pk=pair.ours.pk).update(folder=pair.theirs.folder)
    with current.in_scope(pair.acme):
        paper = pair.Paper.objects.get()
        with pytest.raises(pair.Folder.DoesNotExist):
            _ = paper.folder


def test_does_not_refresh_a_row_of_another_scope(pair: Any) -> None:
    with current.in_scope(pair.acme), pytest.raises(pair.Paper.DoesNotExist):
        pair.theirs.refresh_from_db()
    with pytest.raises(current.NoScopeError):
        pair.ours.refresh_from_db()


def test_finds_a_foreign_target_invalid(pair: Any) -> None:
    with current.in_scope(pair.acme):
        pair.ours.folder_id = pair.theirs.folder_id
        with pytest.raises(ValidationError) as refusal:
            pair.ours.clean_fields(exclude=["scope", "facts", "written_at", "stamp"])
    assert set(refusal.value.message_dict) == {"folder"}
