"""Rounds and codes that come back many times at one moment: one of them counts."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from accounts.models import ExternalIdentity, User
from identity import ids
from identity.errors import DomainError
from identity.scoping import current
from sessions_app.models import Session
from sessions_app.services import (
    applications,
    authorization_codes,
    provider_sign_in,
    providers,
    tokens,
)
from sessions_app.services.authorization_codes import Request
from sessions_app.services.first_factor import Arrival
from sessions_app.services.provider_sign_in import Asserted, Wish
from sessions_app.services.sessions import Origin
from tests import cast, signed_in
from tests.races import together

AT_ONCE = 50
BACK, VERIFIER, MARK = "https://shop.example.org/back", "v" * 43, "b" * 64
NOW = datetime.now(UTC).replace(microsecond=0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    given = {"slug": "github", "name": "GitHub", "kind": "github", "client_id": "x"}
    provider_id = ids.new()
    providers.create(
        provider_id=provider_id,
        given=given,
        sealed_secret=providers.sealed("secret", provider_id=provider_id, kind="github"),
        by=made.system,
        now=NOW,
    )
    return made


def test_one_code_begins_one_session(world: cast.World) -> None:
    made = applications.create(
        application_id=ids.new(), name="Shop", addresses=[BACK], by=world.system, now=NOW
    )
    browser = signed_in.start(world, world.member("alice"), now=NOW)
    challenge = authorization_codes.challenge_of(VERIFIER)
    with cast.in_scope(world):
        address = authorization_codes.issue(
            Request(made.id, "Shop", BACK, "", challenge),
            user_id=browser.session.user_id,
            session_id=browser.session.id,
            issuer=tokens.issuer(world.scope.slug),
            now=NOW,
        )
    code = address.partition("code=")[2].partition("&")[0]

    def redeem(_: int) -> UUID:
        with current.in_scope(world.scope.id):
            return authorization_codes.redeem(
                code=code,
                client_id=str(made.id),
                redirect_uri=BACK,
                code_verifier=VERIFIER,
                origin=Origin(),
                now=NOW,
            ).id

    ends = together.run(redeem, count=AT_ONCE)
    assert sum(isinstance(end, UUID) for end in ends) == 1
    assert all(isinstance(end, UUID | DomainError) for end in ends), ends
    with cast.in_scope(world):
        assert Session.objects.filter(audience=str(made.id)).count() == 1


def test_one_state_is_taken_once(world: cast.World) -> None:
    with cast.in_scope(world):
        begun = provider_sign_in.begin(slug="github", wish=Wish(), browser=MARK, now=NOW)

    def resume(_: int) -> str:
        with current.in_scope(world.scope.id):
            asked, _wish = provider_sign_in.resume(
                slug="github", state=begun.state, browser=MARK, now=NOW
            )
        return asked.verifier

    ends = together.run(resume, count=AT_ONCE)
    assert [end for end in ends if isinstance(end, str)] == [begun.verifier]
    assert all(isinstance(end, str | DomainError) for end in ends), ends


def test_one_newcomer_is_one_person(world: cast.World) -> None:
    with cast.in_scope(world):
        asked = provider_sign_in.begin(slug="github", wish=Wish(), browser=MARK, now=NOW)
    asserted = Asserted("https://github.com", "1", "new@example.test", True, "New")

    def sign_in(number: int) -> UUID:
        arrival = Arrival(Origin(address=f"192.0.2.{number}"), "https://x/s/y", MARK)
        with current.in_scope(world.scope.id):
            session = provider_sign_in.sign_in(asked, asserted, arrival=arrival, now=NOW)
        assert isinstance(session, Session)
        return session.user_id

    ends = together.run(sign_in, count=20)
    assert all(isinstance(end, UUID) for end in ends), ends
    assert len(set(ends)) == 1
    with cast.in_scope(world):
        assert User.objects.count() == ExternalIdentity.objects.count() == 1
