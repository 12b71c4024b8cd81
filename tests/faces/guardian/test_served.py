"""The program of the documentation against a server and a worker in processes of their own."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from tests import prepared
from tests.serving import Served

PAGE = Path(__file__).parents[3] / "docs/guardian.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_program_of_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    found = PROGRAM.search(PAGE.read_text())
    assert found
    with Served(prepared.home(tmp_path / "home")) as served:
        # The scope that is there from the first start.
        told = json.loads(
            served.manage(
                *("connect", "guardian", "--scope", "acme", "--json"),
                *("--mint-registry", "acme-registry"),
            )
        )
        program = found[1].replace("http://localhost:8000/s/acme", f"{served.url}/s/acme")
        program = program.replace('"…"', repr(told["registry_password"]))
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    result = ast.literal_eval(done.stdout)
    assert set(result) == {"username", "role", "did", "hederaAccountId", "publicKey"}
    assert result["username"] == "alice"
    assert told["registry_password"] not in served.output()
