"""A migration makes a table with its indexes and constraints at once.

`makemigrations` may write an operation for each of them, and for each Django builds every model
anew that the table has to do with: that was half of what `migrate` costs on an empty database.
"""

from collections.abc import Iterable, Iterator

from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.architecture import house


def made_afterwards(operations: Iterable[Operation]) -> Iterator[str]:
    """Indexes and constraints of a table that the same migration makes, after it.

    One of a column that comes later has to wait: tables may refer to each other.
    """
    new: set[str] = set()
    for operation in operations:
        match operation:
            case migrations.CreateModel():
                new.add(operation.name_lower)
            case migrations.AddField():
                new.discard(operation.model_name_lower)
            case migrations.AddIndex() if operation.model_name_lower in new:
                yield operation.index.name
            case migrations.AddConstraint() if operation.model_name_lower in new:
                yield operation.constraint.name


def test_makes_a_table_at_once() -> None:
    late = {
        f"{label}/{name}": found
        for (label, name), migration in MigrationLoader(None).disk_migrations.items()
        if (house.ROOT / label / "migrations" / f"{name}.py").exists()
        if (found := list(made_afterwards(migration.operations)))
    }
    assert not late, "name them in the options of CreateModel"


def test_the_check_can_fail() -> None:
    table = migrations.CreateModel("Parcel", fields=[("at", models.DateTimeField())])
    column = migrations.AddField("parcel", "by", models.TextField())
    index = migrations.AddIndex("parcel", models.Index(fields=["at"], name="by_time"))
    rule = migrations.AddConstraint(
        "parcel", models.UniqueConstraint(fields=["at"], name="one_at_a_time")
    )
    assert list(made_afterwards([table, index, rule])) == ["by_time", "one_at_a_time"]
    assert not list(made_afterwards([table, column, index, rule]))
    assert not list(made_afterwards([index, rule]))
