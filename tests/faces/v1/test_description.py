"""The OpenAPI description: whole, checked in, without warnings."""

import json
import warnings

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from identity.api.v1 import description
from identity.api.v1.table import TABLE


def test_is_the_one_that_is_checked_in() -> None:
    kept = settings.ROOT / "docs" / "openapi.json"
    assert kept.read_bytes() == description.document(), "run manage.py openapi"


def test_describes_every_route(capsys: pytest.CaptureFixture[str]) -> None:
    description.document.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        told = json.loads(description.document())
    assert not caught
    assert "warning" not in capsys.readouterr().err.lower()
    assert told["openapi"].startswith("3.1")
    names = [each["operationId"] for path in told["paths"].values() for each in path.values()]
    assert sorted(names) == sorted(each.name for each in TABLE.routes)


def test_refers_to_nothing_that_is_missing() -> None:
    text = description.document().decode()
    told = json.loads(text)
    for kind in ("schemas", "responses"):
        prefix = f'"$ref": "#/components/{kind}/'
        named = {part.split('"')[0] for part in text.split(prefix)[1:]}
        assert named <= set(told["components"][kind])


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/s/acme"])
def test_is_served_with_a_page_to_browse_it(prefix: str) -> None:
    answer = Client().get(f"{prefix}/v1/openapi.json")
    assert answer.json()["info"]["title"] == "Countersign"
    page = Client().get(f"{prefix}/v1/docs/")
    assert page.status_code == 200
    assert b"<style" not in page.content
    assert page.content.count(b"<script") == page.content.count(b"<script src=")


def test_the_command_writes_it_and_finds_drift(tmp_path: object) -> None:
    file = settings.HOME / "openapi.json"
    call_command("openapi", output=file)
    call_command("openapi", output=file, check=True)
    file.write_text("{}")
    with pytest.raises(CommandError, match="not up to date"):
        call_command("openapi", output=file, check=True)
