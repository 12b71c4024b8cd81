"""The receivers of docs/webhooks.md, as they stand there, take our messages and no others."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import ed25519, webhook_signature
from tests.architecture.test_docs_links import ROOT, fences

PAGE = ROOT / "docs" / "webhooks.md"
BODY = '{"type":"door.opened","data":{"facts":{"name":"Gerät"}}}'.encode()
ID = "0198f0c2-7d3e-7c4a-9b1e-2f6a3c0a7d11"


def cases() -> list[dict[str, Any]]:
    """Messages with what a receiver has to say of each."""
    new, old, strange = (ed25519.generate() for _ in range(3))
    now = int(time.time())
    keys = [webhook_signature.public_text(key.public) for key in (new, old)]

    def case(signers: Any, *, at: int = now, body: bytes = BODY, is_right: bool) -> dict[str, Any]:
        headers = webhook_signature.sign(signers, ID, at, BODY)
        return {"headers": headers, "body": body.decode(), "keys": keys, "is_right": is_right}

    other_id = case([new], is_right=False)
    other_id["headers"]["webhook-id"] = "another"
    return [
        case([new], is_right=True),
        case([strange, old], is_right=True),
        case([strange], is_right=False),
        case([], is_right=False),
        case([new], body=BODY + b" ", is_right=False),
        case([new], at=now - 3600, is_right=False),
        case([new], at=now + 3600, is_right=False),
        other_id,
    ]


def test_the_receiver_in_python() -> None:
    (snippet,) = fences(PAGE, "python")
    names: dict[str, Any] = {}
    exec(compile(snippet, str(PAGE), "exec"), names)
    for case in cases():
        try:
            names["verify"](case["headers"], case["body"].encode(), case["keys"])
        except ValueError:
            assert not case["is_right"], case
        else:
            assert case["is_right"], case


@pytest.mark.interop
def test_the_receiver_in_javascript(tmp_path: Path) -> None:
    (snippet,) = fences(PAGE, "javascript")
    program = shutil.which("node")
    assert program, "Node 20 or later is needed"
    (tmp_path / "receiver.mjs").write_text(snippet)
    (tmp_path / "judge.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { verify } from "./receiver.mjs";\n'
        'const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));\n'
        "const judged = cases.map(({ headers, body, keys }) => {\n"
        "  try { verify(headers, Buffer.from(body), keys); return true; }\n"
        "  catch { return false; }\n"
        "});\n"
        "console.log(JSON.stringify(judged));\n"
    )
    judged = cases()
    (tmp_path / "cases.json").write_text(json.dumps(judged))
    done = subprocess.run(
        [program, "judge.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [case["is_right"] for case in judged]
