"""Signing in at a provider, against a stand-in for one."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from accounts.models import ExternalIdentity, Profile, User
from identity.models import AuditEvent
from sessions_app.models import Session
from tests import cast
from tests.stand_in import SECRET, StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        found.claims |= {"name": "Alice", "email": "alice@example.test", "email_verified": True}
        yield found


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in)
    return made


def test_makes_an_account_and_finds_it_again(world: cast.World, stand_in: StandIn) -> None:
    first, second = Visitor(world), Visitor(world)
    assert "Continue with House" in first.get().content.decode()
    answer = first.through(stand_in)
    assert (answer.status_code, answer.headers["Location"][-6:]) == (302, "/login")
    assert "as <strong" in first.get().content.decode()
    assert second.through(stand_in).status_code == 302
    with cast.in_scope(world):
        (identity,) = ExternalIdentity.objects.all()
        assert (identity.issuer, identity.subject) == (stand_in.issuer, "alice-there")
        profile = Profile.objects.get(user=identity.user)
        assert (profile.full_name, profile.email) == ("Alice", "alice@example.test")
        assert profile.is_email_verified
        sessions = list(Session.objects.order_by("created_at"))
        assert [each.user_id for each in sessions] == [identity.user_id] * 2
        assert {(each.method, each.provider_name) for each in sessions} == {("oauth", "house")}
        assert sessions[0].provider_id is not None
        told = AuditEvent.objects.values_list("name", flat=True)
        assert {"user.joined", "external-identity.linked", "session.started"} <= set(told)


def test_sends_state_nonce_and_pkce_and_its_secret_to_the_token_endpoint_alone(
    world: cast.World, stand_in: StandIn
) -> None:
    visitor = Visitor(world)
    begun = visitor.get("/login/with/house").headers["Location"]
    asked = dict(parse_qsl(urlsplit(begun).query))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == 64
    assert len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"].endswith(f"/s/{world.scope.slug}/login/back/house")
    assert SECRET not in begun
    assert visitor.follow(stand_in.authorize(begun)).status_code == 302
    sent = dict(stand_in.asked)
    assert sent["/token"]["client_secret"] == SECRET
    assert len(sent["/token"]["code_verifier"]) == 43


def test_newcomers_need_an_invitation_unless_the_scope_lets_them_join(stand_in: StandIn) -> None:
    world = cast.world(governance=False)
    house(world, stand_in)
    answer = Visitor(world).through(stand_in)
    assert answer.status_code == 403
    assert "Ask for an invitation" in answer.content.decode()
    with cast.in_scope(world):
        assert not User.objects.exists()


def test_a_provider_that_is_switched_off_signs_nobody_in(
    world: cast.World, stand_in: StandIn
) -> None:
    from datetime import UTC, datetime

    from sessions_app.models import Provider
    from sessions_app.services import providers

    visitor = Visitor(world)
    begun = visitor.get("/login/with/house").headers["Location"]
    signed_in = Visitor(world)
    signed_in.through(stand_in)
    with cast.in_scope(world):
        row = Provider.objects.get()
        providers.edit(
            provider_id=row.id,
            changes={"status": "disabled"},
            by=world.system,
            now=datetime.now(UTC),
        )
    assert visitor.follow(stand_in.authorize(begun)).status_code == 422
    assert visitor.get("/login/with/house").status_code == 422
    assert "House" not in visitor.get().content.decode()
    assert "You are signed in" not in signed_in.get().content.decode()


def test_the_browsers_session_is_ended_by_its_button(world: cast.World, stand_in: StandIn) -> None:
    visitor = Visitor(world)
    visitor.through(stand_in)
    kept = visitor.cookie(world)
    assert visitor.client.post(f"{visitor.base}/login/out").status_code == 403
    assert visitor.post("/login/out").status_code == 302
    assert visitor.cookie(world) == ""
    visitor.client.cookies[f"countersign-access-{world.scope.slug}"] = kept
    assert "You are signed in" not in visitor.get().content.decode()


def test_an_answer_that_is_declined_says_so(world: cast.World) -> None:
    visitor = Visitor(world)
    begun = visitor.get("/login/with/house").headers["Location"]
    state = dict(parse_qsl(urlsplit(begun).query))["state"]
    answer = visitor.get("/login/back/house", state=state, error="access_denied")
    assert answer.status_code == 403
    assert "cancelled at the provider" in answer.content.decode()
    again = visitor.get("/login/back/house", state=state, code="x")
    assert again.status_code == 401
