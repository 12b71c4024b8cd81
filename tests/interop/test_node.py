"""The JavaScript client and the onboarding page's own flow against a live server, in Node."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.session import Invitation, Session
from tests.serving import Served

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "home", {"COUNTERSIGN_DEFAULT_SCOPE": "acme"}) as server:
        yield server


def node(*files: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        ["node", "--test", *files],
        cwd=HERE,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_reproduces_every_vector() -> None:
    printed = node("vectors.test.mjs", "client.test.mjs", "profiles.test.mjs")
    assert "# fail 0" in printed
    assert "# skipped 0" in printed


def test_onboards_as_the_page_says(served: Served, tmp_path: Path) -> None:
    owner_bundle = json.loads(
        served.manage("bootstrap_owner", "--scope", "acme", "--email", "alice@example.test")
    )
    url = f"{served.url}/s/acme/request"
    owner = authorize(url, Invitation.from_json(owner_bundle), DeviceKeys.generate(), "laptop")
    assert isinstance(owner, Session)
    facts = json.loads(
        served.manage(
            "connect", "enterprise", "--scope", "acme", "--json", "--invite", "bob@example.test"
        )
    )
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps({"owner": owner.to_json(), "invitation": facts["invitation"]}))
    environment = {
        "COUNTERSIGN_URL": f"{served.url}/s/acme",
        "COUNTERSIGN_INTEROP": str(bundle),
    }
    printed = node("onboarding.test.mjs", environment=environment)
    assert "# fail 0" in printed
    assert "# skipped 0" in printed
