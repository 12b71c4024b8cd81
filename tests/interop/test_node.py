"""Runs the JavaScript side with Node: its own checks, and the onboarding page on a live server."""

import base64
import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from identity.crypto import check_code, cose, ecdsa_p256, evidence, rsa, strict_json
from identity.sdk.client import Client
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.results import Done
from identity.sdk.session import Invitation, Session
from tests import prepared
from tests.serving import Served

pytestmark = pytest.mark.interop

FOLDER = Path(__file__).parent
STATIC = FOLDER.parents[1] / "identity/static/countersign"


def node(*files: str, **environment: str) -> str:
    """Run test files with Node, all of which must pass and none be skipped."""
    program = shutil.which("node")
    assert program, "Node 20 or later is needed"
    done = subprocess.run(
        [program, "--test", "--test-reporter=tap", *files],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    counts = dict(line[2:].split() for line in done.stdout.splitlines() if line[:7] in SUMMARY)
    assert int(counts["pass"]) > 0
    assert (counts["fail"], counts["skipped"], counts["todo"]) == ("0", "0", "0")
    return done.stdout


SUMMARY = {"# pass ", "# fail ", "# skipp", "# todo "}


def bundle_of(printed: str) -> dict[str, object]:
    """The session of a first owner and an invitation that she made."""
    first = json.loads(printed)
    with httpx.Client() as http:
        session = authorize(
            first["url"], Invitation.from_json(first), DeviceKeys.generate(), "a laptop", http=http
        )
        assert isinstance(session, Session)
        asked = {"uid": str(uuid4()), "email": "bob@example.test", "user_category": "regular"}
        invited = Client(first["url"], session, http=http).request("add", "/users/invite", asked)
    assert isinstance(invited, Done)
    return {"owner": session.to_json(), "invitation": invited.details, "approvers": []}


def test_agrees_with_the_vectors_and_with_itself() -> None:
    node("client.test.mjs", "profiles.test.mjs", "vectors.test.mjs")


def offer() -> dict[str, object]:
    """What a server with two keys tells of itself, and the first one, as a link holds it."""
    held = [ecdsa_p256.generate() for _ in range(2)]
    said = {"scope": str(uuid4()), "encryption": "cGVt", "signature": held[1].public.hex}
    statements = [
        evidence.attest(
            json.dumps(said).encode(),
            evidence.SERVER_KEYS_TYPE,
            functools.partial(ecdsa_p256.sign, key),
            key.public.kid,
        )
        for key in held
    ]
    told = {
        "scope": said["scope"],
        "server_encryption_key": said["encryption"],
        "server_signature_key": said["signature"],
        "key_statements": [base64.b64encode(each).decode() for each in statements],
    }
    return {"offer": told, "link_key": held[0].public.hex}


def test_the_browsers_statements_verify_here(tmp_path: Path) -> None:
    written = tmp_path / "statements.json"
    # Node takes files for ES modules by their package.
    modules = tmp_path / "countersign"
    shutil.copytree(STATIC, modules, ignore=shutil.ignore_patterns("*.css"))
    (modules / "package.json").write_text('{"type": "module"}')
    node(
        "statements.test.mjs",
        COUNTERSIGN_MODULES=modules.as_uri(),
        COUNTERSIGN_STATEMENTS=str(written),
        COUNTERSIGN_OFFER=json.dumps(offer()),
    )
    said = json.loads(written.read_text())
    key = ecdsa_p256.parse_public(said["signatureKey"])
    inner = cose.read_signed_request(bytes.fromhex(said["sign1"]))
    cose.verify_inner(inner, key, expected_audience=f"ecs:{'ab' * 32}", now=1790000000)
    assert strict_json.decode(inner.payload)["details"] == {"reason": "geprüft ☃"}
    assert rsa.parse_public(said["encryptionKey"]).key.key_size == 2048
    assert check_code.of_key(key.hex) == said["check_code"]


def test_plays_the_onboarding_page_against_a_live_server(tmp_path: Path) -> None:
    with Served(prepared.home(tmp_path / "home")) as served:
        printed = served.manage(
            "bootstrap_owner", "--scope", "acme", "--email", "alice@example.test"
        )
        bundle = tmp_path / "bundle.json"
        bundle.write_text(json.dumps(bundle_of(printed)))
        base = f"{served.url}/s/acme"
        node("onboarding.test.mjs", COUNTERSIGN_URL=base, COUNTERSIGN_INTEROP=str(bundle))


def test_signs_and_verifies_with_the_snippet_of_the_page(tmp_path: Path) -> None:
    page = (FOLDER.parents[1] / "docs" / "api.md").read_text()
    (snippet,) = re.findall(r"^```js\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    module = tmp_path / "api.mjs"
    module.write_text(snippet)
    with Served(prepared.home(tmp_path / "home")) as served:
        printed = served.manage(
            "bootstrap_owner", "--scope", "acme", "--email", "alice@example.test"
        )
        first = json.loads(printed)
        keys = DeviceKeys.generate()
        session = authorize(first["url"], Invitation.from_json(first), keys, "a laptop")
        assert isinstance(session, Session)
        given = tmp_path / "given.json"
        facts = {
            "snippet": str(module),
            "url": f"{served.url}/s/acme/v1",
            "device": str(session.device),
            "pem": keys.signature_pem,
            "serverKey": session.server.signatures[0].hex,
        }
        given.write_text(json.dumps(facts))
        node("api.test.mjs", COUNTERSIGN_API=str(given))
