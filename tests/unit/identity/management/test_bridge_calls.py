"""`manage.py bridge`: what a call carries, what is printed, and when it ends with 1."""

import base64
import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp
from identity.management import bridge_calls
from identity.management.bridge_calls import CallFailed

KEY, SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


class Remote(ThreadingHTTPServer):
    """Remembers what it was sent, and answers what a test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.answers: list[tuple[int, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


class _Handler(BaseHTTPRequestHandler):
    server: Remote

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, body, dict(self.headers.items())))
        status, content = self.server.answers.pop(0)
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *given: Any) -> None:
        del given


@pytest.fixture
def remote() -> Iterator[Remote]:
    server = Remote()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY_ID", KEY)
    monkeypatch.setenv("API_KEY_SECRET", SECRET)


def run(remote: Remote, *arguments: str) -> str:
    out = io.StringIO()
    call_command("bridge", *arguments, "--url", remote.url, stdout=out)
    return out.getvalue()


def result(value: Any) -> tuple[int, Any]:
    return 200, {"jsonrpc": "2.0", "id": 1, "result": value}


def test_signs_by_default(remote: Remote) -> None:
    remote.answers = [result({"solutionId": "abc"})]
    printed = run(remote, "solution/createSolution", '{"name": "Main"}')
    assert json.loads(printed)["result"] == {"solutionId": "abc"}
    path, body, headers = remote.heard[0]
    assert json.loads(body) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "solution/createSolution",
        "params": {"name": "Main"},
    }
    key_id, version, milliseconds, nonce, _ = headers["Authorization"].split(" ")[1].split(";")
    stamp = Stamp(int(milliseconds), nonce)
    data = call_signature.request_data(stamp, method="POST", path=path, body=body)
    expected = call_signature.header(KEY, stamp, call_signature.hmac_of(SECRET, data))
    assert (key_id, version) == (KEY, "1")
    assert headers["Authorization"] == expected
    assert SECRET.encode() not in body


def test_signs_each_call_anew(remote: Remote) -> None:
    remote.answers = [result([]), result([])]
    run(remote, "versions")
    run(remote, "versions")
    first, second = (headers["Authorization"] for _, _, headers in remote.heard)
    assert first != second


def test_a_private_key_signs_too(remote: Remote, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "key.pem").write_bytes(pem)
    remote.answers = [result("OK")]
    run(remote, "manager/listApiKeys", "--private-key", str(tmp_path / "key.pem"))
    path, body, headers = remote.heard[0]
    _, _, milliseconds, nonce, signature = headers["Authorization"].split(" ")[1].split(";")
    stamp = Stamp(int(milliseconds), nonce)
    data = call_signature.request_data(stamp, method="POST", path=path, body=body)
    private.public_key().verify(base64.b64decode(signature), data)


def test_sends_the_secret_when_told(remote: Remote) -> None:
    remote.answers = [result("OK")]
    run(remote, "versions", "--auth", "basic")
    expected = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert remote.heard[0][2]["Authorization"] == f"Basic {expected}"


def test_asks_for_a_token_first_when_told(remote: Remote) -> None:
    remote.answers = [result({"accessToken": "token", "tokenType": "Bearer"}), result("OK")]
    run(remote, "solution/listSolutions", "--auth", "bearer")
    (_, asked, headers), (_, _, then) = remote.heard
    params = json.loads(asked)["params"]
    data = call_signature.grant_data(Stamp(params["timestamp"], params["nonce"]))
    assert base64.b64decode(params["signature"]) == call_signature.hmac_of(SECRET, data)
    assert 32 <= len(params["nonce"]) <= 64
    assert "Authorization" not in headers
    assert then["Authorization"] == "Bearer token"


def test_no_token_ends_the_call(remote: Remote, capsys: pytest.CaptureFixture[str]) -> None:
    remote.answers = [(200, {"jsonrpc": "2.0", "id": 1, "error": {"code": 24875}})]
    with pytest.raises(SystemExit) as end:
        run(remote, "versions", "--auth", "bearer")
    assert end.value.code == 1
    assert len(remote.heard) == 1


def test_carries_no_authorization_without_a_key(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_KEY_ID")
    remote.answers = [result(["v2.0"])]
    run(remote, "versions")
    assert "Authorization" not in remote.heard[0][2]


def test_takes_the_secret_from_a_file(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("API_KEY_SECRET")
    with pytest.raises(CommandError, match="API_KEY_SECRET"):
        run(remote, "versions")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    remote.answers = [result("OK")]
    run(remote, "versions", "--auth", "basic", "--secret-file", str(tmp_path / "secret"))
    assert base64.b64decode(remote.heard[0][2]["Authorization"][6:]).decode().endswith(SECRET)


def test_an_error_is_printed_and_ends_with_1(remote: Remote) -> None:
    refusal = {"code": 24880, "message": "Solution does not exist", "data": None}
    remote.answers = [(200, {"jsonrpc": "2.0", "id": 1, "error": refusal})]
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command(
            "bridge", "solution/getSolution", '{"id": "x"}', "--url", remote.url, stdout=out
        )
    assert end.value.code == 1
    assert json.loads(out.getvalue())["error"] == refusal


@pytest.mark.parametrize(
    ("path", "raw", "printed"),
    [
        (".result.list[1].id", True, "b"),
        (".result.list[1].id", False, '"b"'),
        (".result.list", True, '[{"id": "a"}, {"id": "b"}]'),
        (".result.list[7].id", False, "null"),
        (".result.list.id", False, "null"),
        (".result.name", False, '"\\u009b31m"'),
    ],
)
def test_prints_a_part(remote: Remote, path: str, raw: bool, printed: str) -> None:
    remote.answers = [result({"list": [{"id": "a"}, {"id": "b"}], "name": "\x9b31m"})]
    given = ("-r",) if raw else ()
    assert run(remote, "solution/listSolutions", f"--json={path}", *given) == f"{printed}\n"


@pytest.mark.parametrize("path", ["result", ".result..x", ".result[x]", ".result[-1]", ". "])
def test_refuses_what_is_no_path(path: str) -> None:
    with pytest.raises(CallFailed, match="no path"):
        bridge_calls.part_of({"result": [1]}, path)


@pytest.mark.parametrize("answer", [(404, b"<html>"), (200, b"<html>"), (200, []), (200, {"a": 1})])
def test_says_where_nothing_of_this_protocol_answers(remote: Remote, answer: Any) -> None:
    remote.answers = [answer]
    with pytest.raises(CommandError, match="/api"):
        run(remote, "versions")


def test_says_that_nobody_answers(remote: Remote) -> None:
    with pytest.raises(CommandError, match="Nobody answers"):
        call_command("bridge", "versions", "--url", "http://127.0.0.1:1/api")


def test_parameters_are_json(remote: Remote) -> None:
    with pytest.raises(CommandError, match="no JSON"):
        run(remote, "versions", "{name: Main}")
    assert not remote.heard


def test_the_command_line_takes_no_secret() -> None:
    with redirect_stdout(io.StringIO()) as told, pytest.raises(SystemExit):
        call_command("bridge", "--help")
    assert "--secret-file" in told.getvalue()
    assert "--secret " not in told.getvalue()
