"""Sealed values are sealed anew under the key-encryption key of now, so that an old one can go.

Each service that seals into a column says so in a `Column`; `identity.management.sealed` lists
them all, and a test compares that list with the models. Row by row: a value is opened and sealed
outside of any transaction, and takes its place if the old one still stands there then. So this
runs beside servers, several times at once, and may be killed at any moment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import models, transaction
from django.db.models.functions import Substr

from identity.actor import Actor
from identity.crypto import sealing as format_of
from identity.crypto.errors import SealBroken
from identity.scoping import current
from identity.scoping.owned import ScopeOwned
from identity.services import audit, sealing

MOST: Final = 100
"""Rows that one transaction changes: it holds the head of the scope's audit chain meanwhile."""

Row = TypeVar("Row", bound=ScopeOwned)


def _own_id(row: Any) -> str:
    return str(row.pk)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of sealed values, and what each is bound to. NULL and empty mean: nothing here."""

    model: type[ScopeOwned]
    field: str
    purpose: Callable[[Any], str]
    subject: Callable[[Any], str] = _own_id

    @property
    def name(self) -> str:
        """Model and field, as records and commands call it."""
        return f"{self.model._meta.label}.{self.field}"  # noqa: SLF001 Django's documented door


@dataclass(frozen=True, slots=True)
class Standing:
    """How many values of a place stand under a key; an empty `kek_id` means bytes of no format."""

    place: str
    kek_id: str
    count: int


@dataclass(frozen=True, slots=True)
class Done:
    """What became of some rows; `last` is where to go on, None behind the last row."""

    last: Any
    resealed: int = 0
    changed_meanwhile: int = 0
    broken: int = 0


def column(model: type[Row], field: str, *, purpose: str) -> Column:
    """A column whose values are all sealed for one purpose and for the row's id."""
    return Column(model, field, lambda _: purpose)


def reseal(column: Column, *, after: Any = None, by: Actor, now: datetime) -> Done:
    """Seal up to 100 values of the actor's scope anew that stand under another key, by row id.

    One transaction, one audit event with the number. A value that does not open stays as it is and
    is counted as broken. Raises SealUnavailable with nothing done.
    """
    with current.in_scope(by.scope_id):
        rows = _others(column, sealing.key_encryption_key().kek_id).order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        chosen = list(rows[:MOST])
        if not chosen:
            return Done(last=None)
        made = [(row, anew) for row in chosen if (anew := _anew(column, row)) is not None]
        replaced = _replace(column, made, by=by, now=now) if made else 0
    return Done(
        last=chosen[-1].pk,
        resealed=replaced,
        changed_meanwhile=len(made) - replaced,
        broken=len(chosen) - len(made),
    )


def standing(column: Column) -> Sequence[Standing]:
    """How many values of the scopes in force stand under each key, the one of now among them."""
    rows, told = _filled(column), []
    while (row := rows.first()) is not None:
        try:
            kek_id = format_of.kek_id_of(_value(column, row))
        except SealBroken:
            # Bytes of no format: one by one, because nothing tells them apart from one another.
            rows = rows.exclude(pk=row.pk)
            told.append(Standing(column.name, "", 1))
            continue
        head = format_of.heading(kek_id)
        alike = {"head": _head(column, head)}
        told.append(Standing(column.name, kek_id, rows.annotate(**alike).filter(head=head).count()))
        rows = _other_than(column, rows, head, name=f"head_{len(told)}")
    return told


def counted(place: str, values: Iterable[bytes]) -> Sequence[Standing]:
    """The same for values that stand elsewhere than in a column."""
    counts: dict[str, int] = {}
    for value in values:
        try:
            kek_id = format_of.kek_id_of(value)
        except SealBroken:
            kek_id = ""
        counts[kek_id] = counts.get(kek_id, 0) + 1
    return [Standing(place, kek_id, count) for kek_id, count in sorted(counts.items())]


def _filled(column: Column) -> "models.QuerySet[Any]":
    rows: models.QuerySet[Any] = column.model.objects.all()
    empty = models.Q(**{f"{column.field}__isnull": True}) | models.Q(**{column.field: b""})
    return rows.exclude(empty)


def _others(column: Column, kek_id: str) -> "models.QuerySet[Any]":
    return _other_than(column, _filled(column), format_of.heading(kek_id), name="head")


def _other_than(
    column: Column, rows: "models.QuerySet[Any]", head: bytes, *, name: str
) -> "models.QuerySet[Any]":
    others: models.QuerySet[Any] = rows.annotate(**{name: _head(column, head)})
    return others.exclude(**{name: head})


def _head(column: Column, head: bytes) -> Substr:
    return Substr(column.field, 1, len(head), output_field=models.BinaryField())


def _value(column: Column, row: Any) -> bytes:
    return bytes(getattr(row, column.field))


def _anew(column: Column, row: Any) -> bytes | None:
    try:
        return sealing.reseal(
            _value(column, row), purpose=column.purpose(row), subject=column.subject(row)
        )
    except SealBroken:
        return None


def _replace(column: Column, made: Sequence[tuple[Any, bytes]], *, by: Actor, now: datetime) -> int:
    field = column.field
    with transaction.atomic():
        count = 0
        for row, anew in made:
            # Whoever changed or emptied the value meanwhile was right.
            same = column.model.objects.filter(pk=row.pk, **{field: _value(column, row)})
            count += same.update(**{field: anew})
        if count:
            facts = {"kek_id": format_of.kek_id_of(made[0][1]), "values": count}
            subject = ("sealed-values", column.name)
            audit.record("sealed-values.resealed", by=by, subject=subject, now=now, facts=facts)
    return count
