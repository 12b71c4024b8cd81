"""The description of `/v1` against a live server: schemathesis asks for everything in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from identity import sdk
from tests import prepared
from tests.serving import ROOT, Served

pytestmark = pytest.mark.schema

FOLDER = Path(__file__).parent
SECONDS = int(os.environ.get("SCHEMA_SECONDS", "120"))


def owner(served: Served) -> sdk.Session:
    printed = served.manage("bootstrap_owner", "--scope", "acme", "--email", "alice@example.test")
    bundle = json.loads(printed)
    keys = sdk.DeviceKeys.generate()
    session = sdk.authorize(bundle["url"], sdk.Invitation.from_json(bundle), keys, "a laptop")
    assert isinstance(session, sdk.Session)
    return session


def test_does_what_the_description_says(tmp_path: Path) -> None:
    without_limits = {
        "COUNTERSIGN_REQUESTS_PER_DEVICE": "1000000",
        "COUNTERSIGN_REQUESTS_PER_ADDRESS": "1000000",
        "COUNTERSIGN_WORKERS": "1",
    }
    with Served(prepared.home(tmp_path / "home"), without_limits) as served:
        stored = tmp_path / "session.json"
        session = owner(served)
        stored.write_text(json.dumps(session.to_json()))
        program = Path(sys.executable).with_name("schemathesis")
        done = subprocess.run(
            [
                *(str(program), "--config-file", str(FOLDER / "schemathesis.toml"), "run"),
                *(str(ROOT / "docs" / "openapi.json"), "--url", f"{served.url}/s/acme"),
                *("--max-time", str(SECONDS), "--no-color"),
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.schema.signing",
                "SCHEMA_SESSION": str(stored),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS + 240,
        )
        assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-4000:]
        # It was the owner who asked up to the end, so the answers were not all refusals.
        with sdk.Api(f"{served.url}/s/acme/v1", session) as api:
            assert "super-admin" in api.me()["user"]["roles"]
