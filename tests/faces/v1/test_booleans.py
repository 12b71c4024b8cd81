"""Every boolean behind a question mark takes the words true and false, and is described so."""

import json
import typing
from collections.abc import Iterator

import msgspec
import pytest

from identity.api.v1 import description, desk
from identity.api.v1.table import TABLE
from tests.faces.v1.client import Signed


def _booleans() -> Iterator[tuple[str, str, type]]:
    for each in TABLE.routes:
        if each.query is None:
            continue
        for field in msgspec.structs.fields(each.query):
            if field.type is bool or bool in typing.get_args(field.type):
                yield each.path, field.name, each.query


BOOLEANS = list(_booleans())


def test_knows_the_filter_of_alarms() -> None:
    assert ("/audit", "alarm") in {(path, name) for path, name, _ in BOOLEANS}


@pytest.mark.parametrize(("path", "name", "kind"), BOOLEANS)
def test_reads_true_and_false_of(path: str, name: str, kind: type) -> None:
    del path
    for text, value in (("true", True), ("false", False)):
        assert getattr(desk._query(f"{name}={text}", kind), name) is value


@pytest.mark.parametrize(("path", "name", "kind"), BOOLEANS)
def test_describes_as_boolean(path: str, name: str, kind: type) -> None:
    del kind
    told = json.loads(description.document())["paths"][f"/v1{path}"]["get"]["parameters"]
    (schema,) = (each["schema"] for each in told if each["name"] == name)
    assert schema == {"type": "boolean"}


def test_filters_alarms(alice: Signed) -> None:
    assert alice.get("/audit?alarm=true").json()["items"] == []
    assert alice.get("/audit?alarm=false").json()["items"]
