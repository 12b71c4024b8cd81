"""The client runs on a device: it brings no framework along."""

import subprocess
import sys


def test_the_client_needs_no_framework_and_no_database() -> None:
    program = (
        "import sys, identity.sdk; "
        "print(sorted({'django', 'psycopg', 'granian'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
