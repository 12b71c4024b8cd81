"""Signing in, killed at each write: no code and no proof is good twice, and no try is lost.

Each process dies by SIGKILL after each write, before each commit and after it; then whoever was cut
off asks the same again, as anybody would.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.crash import books, scene
from tests.crash.scene import Deployment
from tests.crash.sign_in_scene import SLUG, SignInBooks, Visitor, unharmed
from tests.stand_in import CLIENT_ID, SECRET, StandIn

COMMITS = {"died before COMMIT", "died after COMMIT"}
_PROVIDER = """
from datetime import UTC, datetime
from identity import actor, ids
from identity.models import Scope
from identity.scoping import current
from sessions_app.services import providers

with current.across_scopes(why="a test makes a provider"):
    scope = Scope.objects.get(slug="{slug}")
with current.in_scope(scope.id):
    chosen = ids.new()
    given = dict(slug="house", name="House", kind="oidc", client_id="{client}", issuer="{issuer}")
    sealed = providers.sealed("{secret}", provider_id=chosen, kind="oidc")
    providers.create(provider_id=chosen, given=given, sealed_secret=sealed,
        by=actor.system(scope.id), now=datetime.now(UTC))
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("crash-sign-in") / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database, COUNTERSIGN_TRUSTED_PROXIES="1")
        served.manage("scopes", "create", SLUG, "--set", "sign_up=true")
        deployment = Deployment(served, SignInBooks(database))
        deployment.start()
        yield deployment
        deployment.stop()


def require_sound(deployment: Deployment, deaths: list[str], *writes: str) -> None:
    """It died on both sides of a commit and after these writes, and nothing shows of it."""
    assert set(deaths) >= COMMITS, deaths
    for write in writes:
        assert any(write in death for death in deaths), (write, deaths)
    deployment.books.require_whole()
    deployment.books.require_sound_file()
    deployment.served.manage("audit", "verify", "--scope", SLUG)


def asked_again(ask: Any) -> httpx.Response:
    """The answer, or what comes when the same is asked again after the server died."""
    try:
        answer: httpx.Response = ask()
    except httpx.HTTPError:
        answer = ask()
    return answer


def test_a_code_is_sent_once_or_not_at_all(deployment: Deployment) -> None:
    def ask() -> None:
        visitor = Visitor(deployment)
        # Whoever was cut off may be told to wait for a minute: the wish was counted already.
        assert asked_again(visitor.ask_for_code).status_code in {202, 429}

    deaths = deployment.die_everywhere(ask)
    require_sound(deployment, deaths, "INSERT INTO sessions_app_challenge", "identity_sentmail")


def test_no_try_of_a_code_is_lost(deployment: Deployment) -> None:
    seen: list[int] = []

    def guess() -> None:
        visitor = Visitor(deployment)
        with unharmed(deployment):
            visitor.ask_for_code()
            code = visitor.mailed_code()
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        assert asked_again(lambda: visitor.give_code(wrong)).status_code == 401
        (left,) = deployment.books.rows(
            "SELECT tries_left FROM sessions_app_challenge"
            f" WHERE purpose = 'code:sign-in' AND subject = '{visitor.email}'"
        )
        seen.append(left[0])
        for _ in range(left[0]):
            assert visitor.give_code(wrong).status_code == 401
        assert visitor.give_code(code).status_code == 401

    deaths = deployment.die_everywhere(guess)
    # One try is gone by the one that was answered, and one more where the other was committed.
    expected = [3 if death == "died after COMMIT" else 4 for death in deaths] + [4]
    assert seen == expected, list(zip(deaths, seen, strict=False))
    require_sound(deployment, deaths, "UPDATE sessions_app_challenge")


def test_a_code_is_redeemed_once_at_most(deployment: Deployment) -> None:
    outcomes: list[int] = []

    def redeem() -> None:
        visitor = Visitor(deployment)
        with unharmed(deployment):
            visitor.ask_for_code()
            code = visitor.mailed_code()
        outcomes.append(asked_again(lambda: visitor.give_code(code)).status_code)
        assert visitor.give_code(code).status_code == 401

    before = deployment.books.count("sessions_app_session")
    deaths = deployment.die_everywhere(redeem)
    assert set(outcomes) == {200, 401}
    assert outcomes[-1] == 200
    # Whoever was answered, or cut off behind the last commit, has one session; nobody has two.
    sessions = deployment.books.count("sessions_app_session") - before
    assert outcomes.count(200) <= sessions <= len(outcomes)
    assert (
        deployment.books.rows(
            "SELECT user_id FROM sessions_app_session GROUP BY user_id HAVING count(*) > 1"
        )
        == []
    )
    require_sound(deployment, deaths, "UPDATE sessions_app_challenge", "INSERT INTO accounts_user")


def test_a_wallets_text_is_answered_once_at_most(deployment: Deployment) -> None:
    outcomes: list[int] = []

    def prove() -> None:
        visitor = Visitor(deployment)
        with unharmed(deployment):
            body = visitor.signed(visitor.text_to_sign().json()["message"])
        outcomes.append(asked_again(lambda: visitor.post("/sign-in/wallet", body)).status_code)
        assert visitor.post("/sign-in/wallet", body).status_code == 401
        # Another text signs in, whatever became of this one.
        visitor.sign_in()

    deaths = deployment.die_everywhere(prove)
    assert set(outcomes) == {200, 401}
    require_sound(deployment, deaths, "UPDATE sessions_app_challenge", "accounts_wallet")


def test_a_text_for_a_wallet(deployment: Deployment) -> None:
    def ask() -> None:
        visitor = Visitor(deployment)
        text = asked_again(visitor.text_to_sign).json()["message"]
        assert visitor.post("/sign-in/wallet", visitor.signed(text)).status_code == 200

    deaths = deployment.die_everywhere(ask)
    assert any("INSERT INTO sessions_app_challenge" in death for death in deaths), deaths
    deployment.books.require_whole()


def test_a_return_from_a_provider_is_taken_once_at_most(deployment: Deployment) -> None:
    with StandIn() as stand_in:
        given = {"slug": SLUG, "client": CLIENT_ID, "issuer": stand_in.issuer, "secret": SECRET}
        deployment.served.manage("shell", "-c", _PROVIDER.format(**given))

        def to_provider(visitor: Visitor) -> str:
            answer = visitor.http.get(f"{visitor.base}/login/with/house")
            stand_in.claims = {"sub": visitor.email, "name": "Somebody"}
            back = urlsplit(stand_in.authorize(answer.headers["Location"]))
            return f"{deployment.served.url}{back.path}?{back.query}"

        outcomes: list[int] = []

        def come_back() -> None:
            visitor = Visitor(deployment)
            with unharmed(deployment):
                back = to_provider(visitor)
            outcomes.append(asked_again(lambda: visitor.http.get(back)).status_code)
            assert visitor.http.get(back).status_code != 302
            # Another round signs in, as the same person.
            assert visitor.http.get(to_provider(visitor)).status_code == 302

        deaths = deployment.die_everywhere(come_back)
    assert outcomes[-1] == 302
    assert len(set(outcomes)) > 1
    people = deployment.books.count("accounts_externalidentity")
    assert people == len(outcomes)
    require_sound(deployment, deaths, "UPDATE sessions_app_challenge", "accounts_externalidentity")


@pytest.mark.parametrize("way", ["sign-out", "revocation", "all others"])
def test_a_session_ends_wholly(deployment: Deployment, way: str) -> None:
    def end() -> None:
        visitor = Visitor(deployment)
        pair = visitor.sign_in()
        kept = visitor.sign_in() if way == "all others" else pair
        ask = {
            "sign-out": lambda: visitor.delete(
                f"/me/sessions/{pair['session']}", pair["access_token"]
            ),
            "revocation": lambda: visitor.post("/token/revoke", {"token": pair["access_token"]}),
            "all others": lambda: visitor.post(
                "/me/sessions/end-others", token=kept["access_token"]
            ),
        }[way]
        answer = asked_again(ask)
        # It may be over already when it is asked again; then its token is nobody's.
        assert answer.status_code in {200, 204, 401}, answer.text
        refresh = {"refresh_token": pair["refresh_token"]}
        assert visitor.post("/token/refresh", refresh).status_code == 401
        assert (
            visitor.post("/me/sessions/end-others", token=pair["access_token"]).status_code == 401
        )

    deaths = deployment.die_everywhere(end)
    require_sound(
        deployment, deaths, "UPDATE sessions_app_session", "INSERT INTO identity_auditevent"
    )


def test_a_stolen_token_ends_its_session_with_an_alarm(deployment: Deployment) -> None:
    def steal() -> None:
        owner, thief = Visitor(deployment), Visitor(deployment)
        pair = owner.sign_in()
        spent = {"refresh_token": pair["refresh_token"]}
        with unharmed(deployment):
            successor = owner.post("/token/refresh", spent).json()
        assert asked_again(lambda: thief.post("/token/refresh", spent)).status_code == 401
        living = {"refresh_token": successor["refresh_token"]}
        assert owner.post("/token/refresh", living).status_code == 401

    before = deployment.books.count("sessions_app_session", "ended_reason = 'reuse'")
    deaths = deployment.die_everywhere(steal)
    after = deployment.books.count("sessions_app_session", "ended_reason = 'reuse'")
    assert after - before == len(deaths) + 1
    require_sound(
        deployment, deaths, "UPDATE sessions_app_session", "INSERT INTO identity_auditevent"
    )
