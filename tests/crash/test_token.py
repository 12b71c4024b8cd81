"""A whole deployment whose key is in a token: pulled out, put back, its processes killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests import prepared
from tests.crash import books
from tests.serving import Served
from tests.soft_hsm import SoftHsm

pytestmark = pytest.mark.hsm


def ready(served: Served, expected: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if served.status("/readyz") == expected:
            return
        time.sleep(0.2)
    raise AssertionError(f"/readyz is not {expected}:\n{served.output()[-2000:]}")


@pytest.fixture
def hsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    made = SoftHsm(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.configuration))
    made.make("kek-1")
    return made


def test_a_server_lives_with_its_token(tmp_path: Path, hsm: SoftHsm) -> None:
    home = prepared.home(tmp_path / "home")
    with Served(home, hsm.settings("kek-1")) as served:
        assert "pkcs11:" in served.manage("sealing", "check")
        hsm.unplug()
        ready(served, 503)
        assert served.status("/healthz") == 200
        hsm.plug_in()
        ready(served, 200)
        for worker in workers(served):
            os.kill(worker, signal.SIGKILL)
        ready(served, 200)
        served.manage("server_keys", "rotate", "--scope", "acme", "--purpose", "signature")
        assert "\n0 values need another key" in served.manage("sealing", "check")
    assert "correct-horse" not in served.output()
    books.Books(f"sqlite:///{home}/{prepared.NAME}").require_sound_file()


def test_a_server_does_not_start_without_its_token(tmp_path: Path, hsm: SoftHsm) -> None:
    served = Served(prepared.home(tmp_path / "home"), hsm.settings("kek-9"))
    served.start()
    assert served.process is not None
    assert served.process.wait(60) == 1
    assert "no secret key with the label 'kek-9'" in served.output()
    assert "Traceback" not in served.output()


def workers(served: Served) -> list[int]:
    """Web workers and task workers: everything below the supervisor."""
    assert served.process is not None
    task = Path(f"/proc/{served.process.pid}/task/{served.process.pid}")
    return [int(child) for child in (task / "children").read_text().split()]
