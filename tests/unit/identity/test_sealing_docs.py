"""What docs/operating.md says about key-encryption keys, done word for word."""

import base64
import json
import os
import re
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.crypto import sealing
from identity.crypto.errors import SealBroken, SealUnavailable
from tests import prepared, soft_hsm
from tests.serving import ROOT

PAGE = (ROOT / "docs/operating.md").read_text()
KEY = "projects/acme/locations/europe/keyRings/identity/cryptoKeys/kek"
PLACE = {"purpose": "server-key.encryption", "subject": "row 1"}


def block(section: str, kind: str = "") -> str:
    """The code below a heading."""
    part = PAGE.partition(f"### {section}\n")[2].partition("\n### ")[0]
    found = re.search(rf"^```{kind}\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    assert found is not None, section
    return found[1]


@pytest.mark.hsm
def test_a_token_is_set_up_and_its_key_is_changed(tmp_path: Path) -> None:
    module = soft_hsm.module()
    tools, home, tokens = (tmp_path / name for name in ("bin", "home", "tokens"))
    for folder in (tools, tokens):
        folder.mkdir()
    manage = tools / "manage.py"
    manage.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/manage.py" "$@"\n')
    manage.chmod(0o755)
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    script = "\n".join(
        [
            "set -euo pipefail",
            block("In a token").replace("/usr/lib/softhsm/libsofthsm2.so", module),
            "manage.py first_start --scope acme",
            block("A new key"),
            "manage.py sealing status",
        ]
    )
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SOFTHSM2_CONF": str(configuration),
        "COUNTERSIGN_HOME": str(prepared.home(home)),
    }
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = re.findall(r"Made kek-202\d in the token: (pkcs11:[0-9a-f]{32})", done.stdout)
    status = done.stdout.rpartition("Sealed now under ")[2]
    assert status.startswith(second)
    assert first not in status
    assert "identity.ServerKey.sealed_private" in status
    secret = (tmp_path / "pin").read_text().strip()
    assert secret not in done.stdout + done.stderr
    assert (tmp_path / "pin").stat().st_mode & 0o077 == 0


@dataclass
class CloudStandIn:
    """Cloud KMS as its documentation has it: encrypt under a version, decrypt under any."""

    address: str = ""
    versions: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, token: str, body: Any) -> tuple[int, dict[str, Any]]:
        name, _, verb = path.removeprefix("/v1/").partition(":")
        self.asked.append(verb)
        if token != "Bearer renewed":
            return 401, {}
        associated = base64.b64decode(body["additionalAuthenticatedData"])
        if verb == "encrypt":
            nonce, key = os.urandom(12), self.versions[name]
            sealed = AESGCM(key).encrypt(nonce, base64.b64decode(body["plaintext"]), associated)
            blob = name.rpartition("/")[2].encode() + b"|" + nonce + sealed
            return 200, {"name": name, "ciphertext": base64.b64encode(blob).decode()}
        version, _, rest = base64.b64decode(body["ciphertext"]).partition(b"|")
        key = self.versions.get(f"{name}/cryptoKeyVersions/{version.decode(errors='replace')}", b"")
        try:
            plain = AESGCM(key).decrypt(rest[:12], rest[12:], associated)
        except (InvalidTag, ValueError):
            return 400, {"error": {"status": "INVALID_ARGUMENT"}}
        return 200, {"plaintext": base64.b64encode(plain).decode()}


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    stand_in = CloudStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, told = stand_in.answer(self.path, self.headers["Authorization"], body)
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield stand_in
        server.shutdown()


class TestCloudProvider:
    @pytest.fixture
    def environment(
        self, cloud: CloudStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text("renewed\n")
        monkeypatch.setenv("KMS_ADDRESS", cloud.address)
        monkeypatch.setenv("KMS_TOKEN_FILE", str(tmp_path / "token"))

    def made(
        self, cloud: CloudStandIn, monkeypatch: pytest.MonkeyPatch, version: int = 1
    ) -> sealing.KeyEncryptionKey:
        """What the page's program makes."""
        name = f"{KEY}/cryptoKeyVersions/{version}"
        cloud.versions.setdefault(name, os.urandom(32))
        monkeypatch.setenv("KMS_KEY_VERSION", name)
        program = types.ModuleType("cloud_key")
        exec(compile(block("In a cloud service", "python"), "cloud_key.py", "exec"), vars(program))
        kek: sealing.KeyEncryptionKey = program.provider()
        return kek

    @pytest.mark.usefixtures("environment")
    def test_seals_and_opens_also_under_an_older_version(self, cloud, monkeypatch) -> None:
        first = self.made(cloud, monkeypatch)
        sealed = sealing.seal(first, b"secret", **PLACE)
        assert sealing.unseal(first, sealed, **PLACE) == b"secret"
        second = self.made(cloud, monkeypatch, version=2)
        anew = sealing.reseal(second, sealed, **PLACE)
        assert sealing.kek_id_of(anew) == f"gcp:{KEY}/cryptoKeyVersions/2"
        assert sealing.unseal(second, anew, **PLACE) == b"secret"

    @pytest.mark.usefixtures("environment")
    def test_binds_the_context_and_names_what_it_opens(self, cloud, monkeypatch) -> None:
        kek = self.made(cloud, monkeypatch)
        wrapped = kek.wrap(bytes(32), context=b"here")
        flipped = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
        for context, changed in ((b"there", wrapped), (b"here", flipped)):
            with pytest.raises(SealBroken):
                kek.unwrap(changed, kek_id=kek.kek_id, context=context)
        with pytest.raises(SealBroken):
            kek.unwrap(wrapped, kek_id="local:0000000000000000", context=b"here")
        assert not kek.opens("local:0000000000000000")

    @pytest.mark.usefixtures("environment")
    def test_refuses_what_it_cannot_ask(self, cloud, monkeypatch, tmp_path: Path) -> None:
        kek = self.made(cloud, monkeypatch)
        (tmp_path / "token").write_text("old\n")
        with pytest.raises(SealUnavailable):
            kek.wrap(bytes(32), context=b"c")
        (tmp_path / "token").unlink()
        with pytest.raises(SealUnavailable):
            kek.wrap(bytes(32), context=b"c")
        monkeypatch.setenv("KMS_ADDRESS", "http://127.0.0.1:9")
        with pytest.raises(SealUnavailable):
            self.made(cloud, monkeypatch).wrap(bytes(32), context=b"c")

    @pytest.mark.usefixtures("environment")
    def test_takes_over_from_keys_in_the_process(self, cloud, monkeypatch) -> None:
        local = sealing.LocalKeyEncryptionKey(b"k" * 32)
        ring = sealing.Ring(self.made(cloud, monkeypatch), [local])
        sealed = sealing.reseal(ring, sealing.seal(local, b"secret", **PLACE), **PLACE)
        assert sealing.kek_id_of(sealed).startswith("gcp:")
        assert sealing.unseal(ring, sealed, **PLACE) == b"secret"
