"""The scope in force."""

import threading
from uuid import UUID

import pytest

from identity.scoping import current

ACME = UUID("01900000-0000-7000-8000-00000000000a")
OTHER = UUID("01900000-0000-7000-8000-00000000000b")


def test_starts_with_no_scope() -> None:
    assert current.scope_in_force() is None
    with pytest.raises(current.NoScopeError, match="nowhere"):
        current.required_scope()


def test_enters_and_leaves_a_scope() -> None:
    with current.in_scope(ACME):
        assert current.scope_in_force() == current.required_scope() == ACME
    assert current.scope_in_force() is None


def test_restores_the_outer_scope_after_a_nested_one() -> None:
    with current.in_scope(ACME):
        with current.in_scope(OTHER):
            assert current.scope_in_force() == OTHER
        assert current.scope_in_force() == ACME


def test_restores_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), current.in_scope(ACME):
        raise ZeroDivisionError
    assert current.scope_in_force() is None


def test_has_no_single_scope_across_scopes() -> None:
    with current.in_scope(ACME):
        with current.across_scopes(why="a sweep"):
            assert current.scope_in_force() is None
            assert current.sees_all()
            assert current.state().why == "a sweep"
            with pytest.raises(current.NoScopeError, match="across"):
                current.required_scope()
        assert not current.sees_all()


def test_narrows_down_to_one_scope_within_owner_work() -> None:
    with current.as_owner(why="a migration"):
        assert current.is_owner()
        with current.in_scope(ACME):
            assert not current.is_owner()
            assert not current.sees_all()


@pytest.mark.parametrize("opened", [current.across_scopes, current.as_owner])
def test_wants_to_know_why(opened: type) -> None:
    with pytest.raises(ValueError, match="why"), opened(why=" "):
        pass
    with pytest.raises(TypeError), opened("a sweep"):
        pass


def test_takes_uuids_only() -> None:
    with pytest.raises(TypeError, match="str"), current.in_scope(str(ACME)):  # type: ignore[arg-type]
        pass


def test_gives_a_new_thread_no_scope() -> None:
    seen: list[UUID | None] = []
    with current.in_scope(ACME):
        thread = threading.Thread(target=lambda: seen.append(current.scope_in_force()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_judges_rows_by_the_scope_in_force() -> None:
    with pytest.raises(current.NoScopeError):
        current.check_writable(ACME)
    with current.in_scope(ACME):
        current.check_writable(ACME)
        for foreign in (OTHER, None):
            with pytest.raises(current.ForeignScopeError):
                current.check_writable(foreign)
    with current.across_scopes(why="a sweep"):
        current.check_writable(OTHER)


def test_marks_each_state_apart_within_the_limit_of_an_application_name() -> None:
    marks = []
    for entered in (
        current.in_scope(ACME),
        current.in_scope(OTHER),
        current.across_scopes(why="a sweep"),
        current.as_owner(why="a migration"),
        current.at_the_door(),
    ):
        with entered:
            marks.append(current.state().mark)
    marks.append(current.state().mark)
    assert len(set(marks)) == len(marks)
    assert max(len(mark) for mark in marks) < 64
