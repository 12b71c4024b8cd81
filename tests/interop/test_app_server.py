"""The sample application server of the documents, played end to end against a live server."""

import json
from pathlib import Path

import pytest

from tests import prepared
from tests.interop.test_node import node
from tests.serving import Served

pytestmark = pytest.mark.interop

VERBS = ("list", "get", "create", "edit", "delete")
WORDS = (*(f"{noun}:{verb}" for noun in ("contexts", "members") for verb in VERBS), "users:invite")


def test_the_sample_serves_people_in_both_ways(tmp_path: Path) -> None:
    with Served(prepared.home(tmp_path / "home")) as served:
        served.manage("scopes", "settings", "acme", "sign_up=true")
        found = json.loads(
            served.manage("connect", "bridge", "--scope", "acme", "--mint-key", "--json")
        )
        words = [part for word in WORDS for part in ("--permission", word)]
        made = served.manage(
            *("api_keys", "create", "--scope", "acme", "--name", "app", "--form", "shared"),
            *words,
        )
        key = dict(line.split("=", 1) for line in made.splitlines())
        environment = {
            "PLATFORM_URL": f"{served.url}/s/acme",
            **key,
            "SOLUTION_ID": found["solution_id"],
            "CONTEXT_ID": found["context_id"],
        }
        given = tmp_path / "app.json"
        given.write_text(json.dumps({"environment": environment, "bridge": found["url"]}))
        node("app_server.test.mjs", APP_SERVER=str(given))
    assert key["API_KEY_SECRET"] not in served.output()
