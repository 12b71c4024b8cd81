"""Rows that are inserted by a compiled statement are those that `save` would have made."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from identity.scoping import current, inserts
from identity.scoping.current import ForeignScopeError, NoScopeError
from sessions_app.models import Session
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def row(world: cast.World) -> Session:
    user = world.member("alice").user
    return Session(
        scope_id=world.scope.id,
        user=user,
        method=Session.Method.PASSWORD,
        provider_name="password",
        created_at=NOW,
        last_seen_at=NOW,
        authenticated_at=NOW,
        refreshed_at=NOW,
        expires_at=NOW + timedelta(days=1),
        holder="x",
        data={"ä": [1, None, True]},
    )


def columns(row: Session) -> dict:
    return {field.attname: getattr(row, field.attname) for field in Session._meta.concrete_fields}


def test_every_column_is_read_as_it_was(world: cast.World, row: Session) -> None:
    with current.in_scope(world.scope.id):
        inserts.insert(row)
        assert columns(Session.objects.get(id=row.id)) == columns(row)
        row.ended_reason = "changed"
        row.save()
        assert Session.objects.get(id=row.id).ended_reason == "changed"


def test_a_row_is_inserted_once(world: cast.World, row: Session) -> None:
    with current.in_scope(world.scope.id):
        inserts.insert(row)
        with pytest.raises(IntegrityError), transaction.atomic():
            inserts.insert(row)


def test_a_row_of_another_scope_is_refused(world: cast.World, row: Session) -> None:
    with current.in_scope(cast.world().scope.id), pytest.raises(ForeignScopeError):
        inserts.insert(row)
    with pytest.raises(NoScopeError):
        inserts.insert(row)
    with current.in_scope(world.scope.id):
        assert not Session.objects.exists()


def test_a_row_that_is_there_is_left_as_it_is(world: cast.World, row: Session) -> None:
    with current.in_scope(world.scope.id), transaction.atomic():
        assert inserts.insert_unless_there(row)
        row.holder = "other"
        assert not inserts.insert_unless_there(row)
        inserts.insert_unless_there_later(row)
        # Nothing of that broke the transaction.
        assert Session.objects.get(id=row.id).holder == "x"


def test_a_row_that_is_there_is_refused_in_the_callers_words(
    world: cast.World, row: Session
) -> None:
    class TakenError(Exception):
        pass

    def refuse() -> None:
        raise TakenError

    with current.in_scope(world.scope.id):
        with transaction.atomic():
            inserts.insert_or_later(row, refuse)
        with pytest.raises(TakenError), transaction.atomic():
            inserts.insert_or_later(row, refuse)
        assert Session.objects.count() == 1


def test_a_row_of_another_scope_is_not_left_out_silently(world: cast.World, row: Session) -> None:
    with current.in_scope(cast.world().scope.id), transaction.atomic():
        with pytest.raises(ForeignScopeError):
            inserts.insert_unless_there(row)
        with pytest.raises(ForeignScopeError):
            inserts.insert_or_later(row, lambda: None)


def test_columns_of_a_row_that_is_held_are_written(world: cast.World, row: Session) -> None:
    with current.in_scope(world.scope.id), transaction.atomic():
        inserts.insert(row)
        row.holder, row.ended_reason = "other", "not written"
        inserts.update_held_later(row, ("holder",))
        stored = Session.objects.get(id=row.id)
        assert (stored.holder, stored.ended_reason) == ("other", "")
