"""The published client of the face `passport` against a live server."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests import prepared
from tests.faces.passport.client import Developer
from tests.interop.test_node import FOLDER, node
from tests.serving import Served

pytestmark = pytest.mark.interop

_REGISTER = """
from datetime import UTC, datetime
from identity import actor
from identity.scoping import current
from identity.models import Scope
from identity.services import developer_keys
with current.across_scopes(why="a test registers a key"):
    scope = Scope.objects.get(slug="acme")
developer_keys.add(
    name="Ours", public_key="{spki}", by=actor.system(scope.id), now=datetime.now(UTC)
)
"""


def private_text(developer: Developer) -> str:
    der = developer.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return base64.b64encode(der).decode()


def test_plays_the_published_client_against_a_live_server(tmp_path: Path) -> None:
    with Served(prepared.home(tmp_path / "home")) as served:
        connect = ("connect", "passport", "--scope", "acme", "--json")
        older = json.loads(served.manage(*connect))["rsa_public_key"]
        served.manage("server_keys", "rotate", "--scope", "acme", "--purpose", "encryption")
        facts = json.loads(served.manage(*connect))
        assert facts["rsa_public_key"] != older
        developer = Developer()
        served.manage("shell", "-c", _REGISTER.format(spki=developer.spki))
        facts |= {"origin": served.url, "older_rsa_public_key": older}
        facts["developer_key"] = private_text(developer)
        lambdas = ("lambdas=true", 'lambda_hosts="127.0.0.1"')
        served.manage("scopes", "settings", "acme", "passkey_sign_up=true", *lambdas)
        facts["page_origin"] = served.url.replace("127.0.0.1", "localhost")
        # Node takes files for ES modules by their package, and looks for others beside them.
        (tmp_path / "package.json").write_text('{"type": "module"}')
        (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
        (tmp_path / "snippet.js").write_text(facts["snippet"])
        facts["snippet"] = str(tmp_path / "snippet.js")
        given = tmp_path / "passport.json"
        given.write_text(json.dumps(facts))
        node(
            "passport.test.mjs",
            "passport-people.test.mjs",
            "passport-lambdas.test.mjs",
            COUNTERSIGN_PASSPORT=str(given),
        )
