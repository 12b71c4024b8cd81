"""A sign-in and a renewal, killed at each of their writes: nothing is half done afterwards."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.crash import books, scene
from tests.crash.scene import Deployment
from tests.crash.sign_in_scene import SESSIONS, SLUG, SignInBooks


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("crash-sessions") / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        deployment = Deployment(served, SignInBooks(database, SESSIONS))
        deployment.start()
        yield deployment
        deployment.stop()


def begin(deployment: Deployment, die_at: int = 0) -> dict[str, Any] | None:
    """The first pair of a new session; None where the process died before it was told."""
    with deployment.served.begin("tests.begun", SLUG, str(die_at)) as done:
        if done.wait() == -signal.SIGKILL:
            return None
        assert done.wait() == 0, done.complaints()
        told: dict[str, Any] = json.loads(done.output().splitlines()[-1])
        return told


def renew(deployment: Deployment, token: str) -> httpx.Response:
    address = f"{deployment.served.url}/s/{SLUG}/v1/token/refresh"
    return deployment.http.post(address, json={"refresh_token": token}, timeout=60)


def test_sign_in(deployment: Deployment) -> None:
    assert begin(deployment) is not None
    survived = None
    point = 0
    while survived is None:
        point += 1
        survived = begin(deployment, die_at=point)
        deployment.books.require_whole()
    # The session, its history, the record and both sides of the commit.
    assert point > 5
    assert renew(deployment, survived["refresh"]).status_code == 200
    deployment.served.manage("audit", "verify", "--scope", SLUG)


def test_renewal(deployment: Deployment) -> None:
    pair = begin(deployment)
    assert pair is not None
    tokens = [renew(deployment, pair["refresh"]).json()["refresh_token"]]

    def once() -> None:
        try:
            answer = renew(deployment, tokens[-1])
        except httpx.HTTPError:
            # The answer was lost with the process; whoever held the token asks again.
            answer = renew(deployment, tokens[-1])
        assert answer.status_code == 200, answer.text
        tokens.append(answer.json()["refresh_token"])

    deaths = deployment.die_everywhere(once)
    assert deaths == ["died after UPDATE sessions_app_session"]
    assert len(set(tokens)) == len(tokens)
    serials = deployment.books.rows("SELECT max(refresh_serial) FROM sessions_app_session")
    assert serials == [(len(tokens) + 1,)]
