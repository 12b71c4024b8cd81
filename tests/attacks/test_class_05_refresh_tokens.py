"""Class 5 of the known attacks: a refresh token is spent twice.

Seen as CVE-2026-8830 and CVE-2026-9080. On real server processes, two workers of them: a
token family has one living line whoever comes at the same time, and theft ends it, also after a
restart.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import prepared
from tests.serving import Served

SLUG = "acme"
AGENT = {"User-Agent": "Laptop/1"}
THIEF = {"User-Agent": "Thief/1"}


def begun(served: Served) -> dict[str, str]:
    with served.begin("tests.begun", SLUG) as done:
        assert done.wait() == 0, done.complaints()
        told: dict[str, str] = json.loads(done.output().splitlines()[-1])
        return told


def renew(served: Served, token: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(
        f"{served.url}/s/{SLUG}/v1/token/refresh",
        json={"refresh_token": token},
        headers=headers,
        timeout=30,
    )


def may(served: Served, access: str) -> bool:
    headers = {"Authorization": f"Bearer {access}"}
    answer = httpx.get(f"{served.url}/s/{SLUG}/v1/me", headers=headers, timeout=30)
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(prepared.home(tmp_path_factory.mktemp("refresh") / "home")) as running:
        yield running


def test_fifty_at_once_on_two_workers_leave_one_living_line(served: Served) -> None:
    pair = begun(served)
    with ThreadPoolExecutor(50) as pool:
        # The holder is told by where the first session began; the first renewal moves it.
        pair = renew(served, pair["refresh"], AGENT).json()
        token = pair["refresh_token"]
        answers = list(pool.map(lambda _: renew(served, token, AGENT), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert may(served, answers[0].json()["access_token"])
    (living,) = successors
    # One step further the line goes on, once.
    assert renew(served, living, AGENT).status_code == 200


def test_a_lost_answer_is_given_once_more_to_its_holder_alone(served: Served) -> None:
    first = renew(served, begun(served)["refresh"], AGENT).json()
    second = renew(served, first["refresh_token"], AGENT).json()
    again = renew(served, first["refresh_token"], AGENT).json()
    assert again["refresh_token"] == second["refresh_token"]
    assert renew(served, first["refresh_token"], THIEF).status_code == 401
    assert renew(served, second["refresh_token"], AGENT).status_code == 401
    assert not may(served, second["access_token"])


def test_reuse_after_a_restart_ends_the_line(tmp_path: Path) -> None:
    home = prepared.home(tmp_path / "home")
    with Served(home) as served:
        spent = renew(served, begun(served)["refresh"], AGENT).json()
        living = renew(served, spent["refresh_token"], AGENT).json()
        assert may(served, living["access_token"])
    again = Served(home)
    # The same address: who issued a token is part of it.
    again.port, again.url, again.environment = served.port, served.url, served.environment
    with again as served:
        assert may(served, living["access_token"])
        assert renew(served, spent["refresh_token"], THIEF).status_code == 401
        assert renew(served, living["refresh_token"], AGENT).status_code == 401
        assert not may(served, living["access_token"])
        served.manage("audit", "verify", "--scope", SLUG)
