"""Class 6 of the known attacks: a code is redeemed by whom it was not made for, late, or twice.

Seen in Pocket ID as CVE-2026-28513, Better Auth as GHSA-7w99, Keycloak as CVE-2026-4282. Every
combination of what can be wrong is tried; one alone is right.
"""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from identity import ids
from identity.errors import DomainError
from sessions_app.errors import ChallengeRefused
from sessions_app.models import Session
from sessions_app.services import applications, authorization_codes, tokens
from sessions_app.services.authorization_codes import Request
from sessions_app.services.sessions import Origin
from tests import cast, signed_in

pytestmark = pytest.mark.django_db

BACK, OTHER_BACK = "https://shop.example.org/back", "https://shop.example.org/other"
VERIFIER, OTHER_VERIFIER = "v" * 43, "w" * 43
NOW = datetime.now(UTC).replace(microsecond=0)


class Place:
    """A scope with two applications, one of which has just been given a code."""

    def __init__(self) -> None:
        self.world = cast.world(governance=False)
        self.clients = [self._application(), self._application()]
        browser = signed_in.start(self.world, self.world.member("alice"), now=NOW)
        with cast.in_scope(self.world):
            address = authorization_codes.issue(
                Request(
                    UUID(self.clients[0]),
                    "Shop",
                    BACK,
                    "",
                    authorization_codes.challenge_of(VERIFIER),
                ),
                user_id=browser.session.user_id,
                session_id=browser.session.id,
                issuer=tokens.issuer(self.world.scope.slug),
                now=NOW,
            )
        self.code = address.partition("code=")[2].partition("&")[0]

    def _application(self) -> str:
        made = applications.create(
            application_id=ids.new(),
            name="Shop",
            addresses=[BACK, OTHER_BACK],
            by=self.world.system,
            now=NOW,
        )
        return str(made.id)

    def redeem(
        self,
        *,
        code: str = "",
        client: str = "",
        address: str = BACK,
        verifier: str = VERIFIER,
        now: datetime = NOW,
        world: cast.World | None = None,
    ) -> Session:
        with cast.in_scope(world or self.world):
            return authorization_codes.redeem(
                code=code or self.code,
                client_id=client or self.clients[0],
                redirect_uri=address,
                code_verifier=verifier,
                origin=Origin(),
                now=now,
            )


@pytest.fixture
def place() -> Place:
    return Place()


WRONGS = ("client", "expired", "reused", "verifier", "address")


@pytest.mark.parametrize(
    "wrong",
    [
        frozenset(chosen)
        for count in range(len(WRONGS) + 1)
        for chosen in itertools.combinations(WRONGS, count)
    ],
    ids=lambda wrong: "-".join(sorted(wrong)) or "right",
)
def test_one_combination_is_right(place: Place, wrong: frozenset[str]) -> None:
    if "reused" in wrong:
        place.redeem()
    before = begun(place)

    def attempt() -> Session:
        return place.redeem(
            client=place.clients["client" in wrong],
            address=OTHER_BACK if "address" in wrong else BACK,
            verifier=OTHER_VERIFIER if "verifier" in wrong else VERIFIER,
            now=NOW + timedelta(seconds=61 if "expired" in wrong else 59),
        )

    if not wrong:
        assert attempt().audience == place.clients[0]
        return
    with pytest.raises(ChallengeRefused):
        attempt()
    assert begun(place) <= before


def begun(place: Place) -> int:
    with cast.in_scope(place.world):
        alive = Session.objects.filter(status=Session.Status.ACTIVE)
        return alive.filter(audience__in=place.clients).count()


def test_a_guess_of_the_verifier_uses_the_code_up(place: Place) -> None:
    with pytest.raises(ChallengeRefused):
        place.redeem(verifier=OTHER_VERIFIER)
    with pytest.raises(ChallengeRefused):
        place.redeem()


@pytest.mark.parametrize(
    "change", [lambda code: code[:-1], lambda code: code + "0", str.upper, lambda code: "0" * 64]
)
def test_a_forged_code_is_no_code(place: Place, change: object) -> None:
    assert callable(change)
    forged = change(place.code)
    if forged == place.code:
        forged = "1" + forged[1:]
    with pytest.raises(ChallengeRefused):
        place.redeem(code=forged)


@pytest.mark.parametrize("verifier", ["", "v" * 42, "v" * 129, "v" * 42 + "é", "v" * 42 + "\0"])
def test_a_verifier_has_its_form(place: Place, verifier: str) -> None:
    with pytest.raises(ChallengeRefused):
        place.redeem(verifier=verifier)


def test_a_code_is_of_one_scope(place: Place) -> None:
    other = cast.world(governance=False)
    with pytest.raises(DomainError):
        place.redeem(world=other)
    assert place.redeem().audience == place.clients[0]


def test_a_code_outlives_neither_its_session_nor_its_user(place: Place) -> None:
    with cast.in_scope(place.world):
        Session.objects.update(status="ended", ended_at=NOW)
    with pytest.raises(DomainError):
        place.redeem()
