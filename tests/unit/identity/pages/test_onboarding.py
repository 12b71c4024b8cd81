"""The page of progress: how far an onboarding is, for whoever has its id, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Onboarding
from accounts.services import onboardings
from identity.models import Scope
from identity.pages import onboarding as pages
from identity.scoping import current
from identity.web.throttle import Throttle
from tests import cast, onboarding

HTML = {"accept": "text/html"}
KEY = "00" * 31 + "07"


@pytest.fixture
def world(db: None) -> cast.World:
    world = cast.world()
    onboarding.registry(world)
    return world


@pytest.fixture
def row(world: cast.World) -> Onboarding:
    return start(world)


@pytest.fixture
def clock() -> onboarding.Clock:
    return onboarding.Clock(datetime.now(UTC) + timedelta(minutes=1))


def start(world: cast.World, name: str = "newcomer", **more: str) -> Onboarding:
    with cast.in_scope(world):
        request = onboarding.request(name, **more)
        return onboardings.start(request=request, by=world.system, now=datetime.now(UTC))


def look(path: str, status: int = 200) -> str:
    answer = Client(headers=HTML).get(path)
    assert answer.status_code == status, answer.content
    assert status != 200 or "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def test_shows_how_far_it_is(world: cast.World, row: Onboarding, clock: onboarding.Clock) -> None:
    for prefix in ("", f"/s/{world.scope.slug}"):
        shown = look(f"{prefix}/onboarding/{row.id}")
        assert "data-done>0</span> of 9" in shown
        assert "queued" in shown
        assert f'data-onboarding="{prefix}/onboarding/{row.id}/progress"' in shown
        assert '<noscript><meta http-equiv="refresh"' in shown
        told = Client().get(f"{prefix}/onboarding/{row.id}/progress").json()
        assert (told["state"], told["done"], told["lines"], told["is_busy"]) == (
            *("queued", 0, 9),
            True,
        )
    onboarding.work(world, row, clock=clock)
    shown = look(f"/onboarding/{row.id}")
    assert "data-done>9</span> of 9" in shown
    assert "You can sign in now" in shown
    assert "http-equiv" not in shown
    assert not Client().get(f"/onboarding/{row.id}/progress").json()["is_busy"]


def test_never_says_whom_it_is_about(
    world: cast.World, row: Onboarding, clock: onboarding.Clock
) -> None:
    failed = start(world, "another", account_id="0.0.424242", account_key=KEY)
    failed = onboarding.work(world, failed, clock=clock)
    assert failed.state == "failed"
    done = onboarding.work(world, row, clock=clock)
    with cast.in_scope(world):
        assert done.account is not None
    secrets = [*("newcomer", "another", "registry", "0.0.424242", KEY, onboarding.PASSWORD)]
    secrets += [done.account.account_id, "did:", str(done.user_id), str(world.scope.id)]
    for each in (failed, done):
        shown = look(f"/onboarding/{each.id}")
        shown += Client().get(f"/onboarding/{each.id}/progress").content.decode()
        assert not [secret for secret in secrets if secret in shown]
    assert "This is not the key of the ledger account." in look(f"/onboarding/{failed.id}")


def test_unknown_malformed_and_foreign_ids_look_alike(world: cast.World, row: Onboarding) -> None:
    elsewhere = cast.world()
    onboarding.registry(elsewhere)
    foreign = start(elsewhere)
    slug = world.scope.slug
    ids = [uuid4(), "x", str(row.id).upper(), row.id.hex, f"{{{row.id}}}", foreign.id]
    pages_seen = {look(f"/s/{slug}/onboarding/{each}", 404) for each in ids}
    pages_seen.add(look(f"/s/nobody/onboarding/{row.id}", 404))
    assert len(pages_seen) == 1
    answers = {Client().get(f"/s/{slug}/onboarding/{each}/progress").content for each in ids}
    assert len(answers) == 1
    header = {"x-scope-id": str(elsewhere.scope.id)}
    assert Client(headers=header).get(f"/onboarding/{row.id}").status_code == 404


def test_shows_nothing_of_a_scope_that_is_not_active(world: cast.World, row: Onboarding) -> None:
    with current.across_scopes(why="a test"):
        assert Scope.objects.filter(id=world.scope.id).update(status="suspended") == 1
    look(f"/onboarding/{row.id}", 404)
    look(f"/s/{world.scope.slug}/onboarding/{row.id}", 404)


def test_is_there_to_read_alone_and_sends_its_address_nowhere(row: Onboarding) -> None:
    client = Client(headers=HTML)
    for path in (f"/onboarding/{row.id}", f"/onboarding/{row.id}/progress"):
        assert client.post(path).status_code == 405
    answer = client.get(f"/onboarding/{row.id}")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
    assert not answer.cookies


def test_whoever_looks_too_often_waits(row: Onboarding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "looks", Throttle(2, 60))
    answers = [Client().get(f"/onboarding/{row.id}/progress") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) <= 60
