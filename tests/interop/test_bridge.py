"""The documentation's own functions, and a client of other making, at the face `bridge`, live."""

import json
import secrets
from pathlib import Path

import pytest

from tests import prepared
from tests.interop.test_node import node
from tests.serving import Served

pytestmark = pytest.mark.interop


def test_plays_an_application_server_against_a_live_server(tmp_path: Path) -> None:
    token = secrets.token_hex(32)
    environment = {
        "COUNTERSIGN_BRIDGE_INITIALIZATION_TOKEN": token,
        # Five thousand calls come from one address.
        "COUNTERSIGN_REQUESTS_PER_ADDRESS": "0",
    }
    with Served(prepared.home(tmp_path / "home"), environment) as served:
        facts = {"url": f"{served.url}/s/acme/api", "initialization_token": token}
        given = tmp_path / "bridge.json"
        given.write_text(json.dumps(facts))
        node("bridge.test.mjs", COUNTERSIGN_BRIDGE=str(given))
    # Neither the secret of the deployment nor anybody's key is in the log.
    assert token not in served.output()
    assert "call failed" not in served.output()
