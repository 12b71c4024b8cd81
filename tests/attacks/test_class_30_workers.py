"""Class 30 of the known attacks, on two worker processes: how long a locked account is let in.

From the answer to "lock this account now" to the first refusal, asked of all workers at once over
connections that were used a moment before.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import prepared
from tests.attacks.test_class_05_refresh_tokens import SLUG, begun
from tests.serving import Served

CALLERS = 8
ROUNDS = 12
MOST_SECONDS = 1.0


class Asking:
    """Connections to the workers, all with the same token."""

    def __init__(self, served: Served, access: str) -> None:
        self.url = f"{served.url}/s/{SLUG}/v1/me"
        headers = {"Authorization": f"Bearer {access}"}
        self.clients = [httpx.Client(headers=headers, timeout=30) for _ in range(CALLERS)]

    def statuses(self, pool: ThreadPoolExecutor) -> set[int]:
        return set(pool.map(lambda client: client.get(self.url).status_code, self.clients))

    def lock(self) -> None:
        answer = self.clients[0].post(f"{self.url}/lock", json={})
        assert answer.status_code == 200, answer.text
        assert answer.json()["sessions"] == 1

    def close(self) -> None:
        for client in self.clients:
            client.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared.home(tmp_path_factory.mktemp("lock") / "home")


def test_a_locked_account_is_refused_at_once_by_every_worker(home: Path) -> None:
    delays = []
    with Served(home) as served, ThreadPoolExecutor(CALLERS) as pool:
        for _ in range(ROUNDS):
            asking = Asking(served, begun(served)["access"])
            assert asking.statuses(pool) == {200}
            asking.lock()
            locked_at = time.monotonic()
            while asking.statuses(pool) != {401}:
                assert time.monotonic() - locked_at < MOST_SECONDS
            delays.append(time.monotonic() - locked_at)
            asking.close()
    # Time of the slowest of eight answers included; it is the first question that is refused.
    assert max(delays) < MOST_SECONDS, sorted(delays)
