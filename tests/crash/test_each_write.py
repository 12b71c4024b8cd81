"""The main job, killed at each of its writes: done wholly or not at all, and done once in the end.

Every process dies by SIGKILL after each write, before each commit and after it. The books are
looked at right after each death; then the client asks again, as it would anyway.
"""

from collections.abc import Iterator

import httpx
import pytest

from identity.sdk.client import Client
from identity.sdk.results import Done
from tests.crash import books, scene
from tests.crash.scene import Company, Deployment

COMMITS = {"died before COMMIT", "died after COMMIT"}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("crash") / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        deployment = Deployment(served, books.Books(database))
        deployment.start()
        yield deployment
        deployment.stop()


@pytest.fixture(scope="module")
def lonely(deployment: Deployment) -> Company:
    """A scope whose only owner decides alone."""
    return Company.found(deployment.served, "lonely", deployment.http)


@pytest.fixture(scope="module")
def governed(deployment: Deployment) -> tuple[Company, Client]:
    """A scope with a second owner, whom the first one has to ask."""
    company = Company.found(deployment.served, "governed", deployment.http)
    return company, company.second_owner()


def require_sound(deployment: Deployment, slug: str, deaths: list[str]) -> None:
    """It died on both sides of a commit and after several writes, and nothing shows of it."""
    assert set(deaths) >= COMMITS, deaths
    assert len(set(deaths) - COMMITS) >= 4, deaths
    assert any("INSERT INTO identity_auditevent" in death for death in deaths), deaths
    deployment.books.require_whole()
    deployment.books.require_sound_file()
    deployment.served.manage("audit", "verify", "--scope", slug)


def test_invitation(deployment: Deployment, lonely: Company) -> None:
    before = deployment.books.count("invitations_invitation")
    bundles = []
    deaths = deployment.die_everywhere(lambda: bundles.append(lonely.invite()))
    after = deployment.books.count("invitations_invitation")
    assert after - before == len(bundles) == len(deaths) + 1
    # The one that was answered last, after its server had died, can be used like any other.
    lonely.join(bundles[-2])
    require_sound(deployment, "lonely", deaths)


def test_authorization(deployment: Deployment, lonely: Company) -> None:
    before = deployment.books.count("accounts_device")
    joined: list[Client] = []

    def join() -> None:
        die_at, deployment.fated.die_at = deployment.fated.die_at, 0
        bundle = lonely.invite()
        deployment.fated.die_at = die_at
        joined.append(lonely.join(bundle))

    deaths = deployment.die_everywhere(join)
    assert deployment.books.count("accounts_device") - before == len(joined) == len(deaths) + 1
    require_sound(deployment, "lonely", deaths)


def test_revocation(deployment: Deployment, lonely: Company) -> None:
    revoked = 0

    def revoke() -> None:
        nonlocal revoked
        die_at, deployment.fated.die_at = deployment.fated.die_at, 0
        client = lonely.join(lonely.invite())
        deployment.fated.die_at = die_at
        lonely.revoke(client)
        revoked += 1

    deaths = deployment.die_everywhere(revoke)
    assert deployment.books.count("accounts_device", "status = 'revoked'") == revoked
    assert revoked == len(deaths) + 1
    require_sound(deployment, "lonely", deaths)


def test_proposal_of_a_policy(deployment: Deployment, governed: tuple[Company, Client]) -> None:
    company, _ = governed
    before = deployment.books.count("invitations_proposal")
    waiting: list[str] = []
    deaths = deployment.die_everywhere(lambda: waiting.append(company.propose()))
    assert len(set(waiting)) == len(waiting) == len(deaths) + 1
    assert deployment.books.count("invitations_proposal") - before == len(waiting)
    require_sound(deployment, "governed", deaths)


def test_deciding_vote(deployment: Deployment, governed: tuple[Company, Client]) -> None:
    company, bob = governed
    before = deployment.books.count("invitations_policy")
    decided: list[str] = []

    def decide() -> None:
        die_at, deployment.fated.die_at = deployment.fated.die_at, 0
        proposal = company.propose()
        verified = bob.proposals.verify(bob.proposals.read(proposal))
        deployment.fated.die_at = die_at
        answer = bob.proposals.approve(verified)
        assert isinstance(answer, Done)
        assert answer.details["state"] == "executed"
        decided.append(proposal)

    deaths = deployment.die_everywhere(decide)
    assert len(decided) == len(deaths) + 1
    assert deployment.books.count("invitations_policy") - before == len(decided)
    assert deployment.books.count("invitations_effect") == len(decided)
    require_sound(deployment, "governed", deaths)


def test_task(deployment: Deployment, lonely: Company) -> None:
    """The task worker dies at each of its writes; the notice of each invitation is sent."""
    work = f"{deployment.served.url}/work"
    assert deployment.http.post(work, timeout=60).status_code == 204

    def invite_and_work() -> None:
        die_at, deployment.fated.die_at = deployment.fated.die_at, 0
        lonely.invite()
        deployment.fated.die_at = die_at
        try:
            deployment.http.post(work)
        except httpx.HTTPError:
            assert deployment.http.post(work).status_code == 204

    deaths = deployment.die_everywhere(invite_and_work)
    assert set(deaths) >= COMMITS, deaths
    tasks = "django_tasks_database_dbtaskresult"
    assert deployment.books.count(tasks, "status <> 'SUCCESSFUL'") == 0
    addresses = deployment.books.rows("SELECT email FROM accounts_user WHERE status = 'invited'")
    written = deployment.served.output()
    assert len(addresses) > len(deaths)
    assert [address for (address,) in addresses if f"To: {address}" not in written] == []
