"""A code is redeemed while its browser signs out: whoever is first, nobody is left signed in."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from identity import ids
from identity.errors import DomainError
from sessions_app.models import Session
from sessions_app.services import applications, authorization_codes, sessions
from sessions_app.services.authorization_codes import Request
from sessions_app.services.sessions import Origin, Proof
from tests import cast
from tests.races import together

NOW = datetime.now(UTC).replace(microsecond=0)
BACK = "https://shop.example.org/back"
ROUNDS = 12

pytestmark = pytest.mark.django_db(transaction=True)


def test_signing_out_leaves_no_application_in() -> None:
    world = cast.world(governance=False)
    alice, shop = world.member("alice"), ids.new()
    applications.create(
        application_id=shop, name="Shop", addresses=[BACK], by=world.system, now=NOW
    )
    challenge = authorization_codes.challenge_of("v" * 43)
    asked = Request(shop, "Shop", BACK, "", challenge)
    ends: list[int] = []
    for _ in range(ROUNDS):
        with cast.in_scope(world):
            browser = sessions.start(
                user_id=alice.user.id,
                proof=Proof(Session.Method.PASSWORD),
                origin=Origin(),
                audience="https://id.example/s/acme",
                lasts=timedelta(days=7),
                now=NOW,
            )
            address = authorization_codes.issue(
                asked, user_id=alice.user.id, session_id=browser.id, issuer="x", now=NOW
            )
        code = address.partition("code=")[2].partition("&")[0]

        def work(number: int, code: str = code, browser: Session = browser) -> bool:
            with cast.in_scope(world):
                if number:
                    return sessions.end(
                        session_id=browser.id, reason="signed-out", by=world.system, now=NOW
                    )
                with suppress(DomainError):
                    authorization_codes.redeem(
                        code=code,
                        client_id=str(shop),
                        redirect_uri=BACK,
                        code_verifier="v" * 43,
                        origin=Origin(),
                        now=NOW,
                    )
                return True

        assert together.run(work, count=2) == [True, True]
        with cast.in_scope(world):
            ends.append(Session.objects.filter(status=Session.Status.ACTIVE).count())
    assert ends == [0] * ROUNDS
