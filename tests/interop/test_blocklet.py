"""The published client of the face `blocklet` and wallets' packages against a live server."""

import json
from pathlib import Path

import pytest

from tests import prepared
from tests.interop.test_node import node
from tests.serving import Served

pytestmark = pytest.mark.interop


KINDS = ("ed25519", "secp256k1", "ethereum")


def invited(served: Served, kind: str) -> str:
    """The secret of an invitation in a role, one for each kind of wallet."""
    printed = served.manage(
        *("connect", "enterprise", "--scope", "acme", "--json"),
        *("--invite", f"{kind}@example.test", "--role", "support"),
    )
    return str(json.loads(printed)["invitation"]["invite_string"])


def test_plays_the_published_client_against_a_live_server(tmp_path: Path) -> None:
    with Served(prepared.home(tmp_path / "home")) as served:
        served.manage("scopes", "settings", "acme", "sign_up=true")
        printed = served.manage(
            "connect", "blocklet", "--scope", "acme", "--json", "--mint-app-key"
        )
        facts = json.loads(printed)
        assert facts["url"].startswith(f"{served.url}/s/acme/")
        facts |= {"origin": served.url, "issuer": f"{served.url}/s/acme"}
        facts["invitations"] = {kind: invited(served, kind) for kind in KINDS}
        given = tmp_path / "app.json"
        given.write_text(json.dumps(facts))
        node("blocklet.test.mjs", COUNTERSIGN_BLOCKLET=str(given))
        node("exchanges.test.mjs", COUNTERSIGN_BLOCKLET=str(given))
