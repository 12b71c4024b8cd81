"""One's own account over `/v1`: its password, and leaving for ever."""

from datetime import UTC, datetime

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from accounts.services import passwords, sign_in_notices
from identity.models import ApiKey, AuditEvent
from invitations.models import Policy
from sessions_app.models import Session
from tests import cast, signed_in
from tests.faces.v1 import apps
from tests.faces.v1.apps import PASSWORD, App, code_in
from tests.faces.v1.client import Bearer, Signed, problem
from tests.faces.v1.test_bearers import key_of
from tests.faces.v1.test_proposals import person
from tests.faces.v1.test_sign_in import ALICE, enrolled, present

NEW = "a new battery and its staple"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    member = world.member("alice", "member")
    apps.protect(world, member.user)
    return member


@pytest.fixture
def app(world: cast.World, member: cast.Member) -> App:
    app = App(world)
    app.enter(app.by_password(ALICE))
    return app


def set_password(app: App, new: str = NEW, present: str | None = None) -> object:
    given = {"password": new} | ({} if present is None else {"present_password": present})
    return app.send("PUT", "/me/password", given)


class TestPassword:
    """`PUT /v1/me/password`."""

    def test_changes_it_and_ends_other_sessions(
        self,
        world: cast.World,
        member: cast.Member,
        app: App,
        mailoutbox: list[EmailMessage],
    ) -> None:
        phone = signed_in.start(world, member, origin=signed_in.PHONE)
        answer = set_password(app)
        assert (answer.status_code, answer.json()) == (200, {"is_set": True})  # type: ignore[attr-defined]
        assert app.get("/me").status_code == 200
        other = Bearer.of(phone.access, world.scope.slug)
        problem(other.get("/me"), 401, "unauthenticated")
        assert App(world).by_password(ALICE, PASSWORD).status_code == 401
        assert App(world).by_password(ALICE, NEW).status_code == 200
        assert sign_in_notices.PASSWORD_SET in str(mailoutbox[-1].body)
        with cast.in_scope(world):
            event = AuditEvent.objects.get(name="password.changed")
            assert event.subject_id == str(member.user.id)
            assert NEW not in str(event.facts)
            ended = Session.objects.get(id=phone.session.id)
            assert ended.ended_reason == "password-changed"

    def test_takes_the_present_one_or_a_fresh_proof(
        self, world: cast.World, member: cast.Member, app: App
    ) -> None:
        apps.left_alone(world)
        told = problem(set_password(app), 403, "session.step-up-needed")  # type: ignore[arg-type]
        assert told["seconds"] == 300
        wrong = set_password(app, present="wrong")
        problem(wrong, 401, "password.refused")  # type: ignore[arg-type]
        assert set_password(app, present=PASSWORD).status_code == 200  # type: ignore[attr-defined]
        assert App(world).by_password(ALICE, NEW).status_code == 200

    def test_a_wrong_present_one_is_refused_after_a_fresh_proof_too(self, app: App) -> None:
        problem(set_password(app, present="wrong"), 401, "password.refused")  # type: ignore[arg-type]

    def test_shares_the_tries_of_every_path(
        self, world: cast.World, member: cast.Member, app: App
    ) -> None:
        apps.left_alone(world)
        for _ in range(passwords.MOST_WRONG):
            problem(set_password(app, present="wrong"), 401, "password.refused")  # type: ignore[arg-type]
        problem(set_password(app, present=PASSWORD), 401, "password.refused")  # type: ignore[arg-type]
        assert App(world, address="192.0.2.99").by_password(ALICE).status_code == 401

    def test_whoever_came_by_mail_sets_a_first_one(
        self, world: cast.World, mailoutbox: list[EmailMessage]
    ) -> None:
        world.member("bob", "member")
        app = App(world)
        app.post("/sign-in/email", {"email": "bob@example.test"})
        given = {"email": "bob@example.test", "code": code_in(mailoutbox[-1].body)}
        app.enter(app.post("/sign-in/email/code", given))
        assert set_password(app).status_code == 200  # type: ignore[attr-defined]
        assert App(world).by_password("bob@example.test", NEW).status_code == 200

    def test_says_what_a_password_must_be(self, app: App) -> None:
        problem(set_password(app, "short"), 400, "password.unfit")  # type: ignore[arg-type]
        problem(set_password(app, ""), 400, "invalid")  # type: ignore[arg-type]

    def test_a_device_brings_the_present_one(self, world: cast.World, member: cast.Member) -> None:
        device = Signed.of(member, world.scope.slug)
        refused = device.send("PUT", "/me/password", {"password": NEW})
        problem(refused, 401, "password.refused")
        given = {"password": NEW, "present_password": PASSWORD}
        assert device.send("PUT", "/me/password", given).status_code == 200
        assert App(world).by_password(ALICE, NEW).status_code == 200

    def test_a_device_sets_a_first_one(self, world: cast.World) -> None:
        device = Signed.of(world.member("bob", "member"), world.scope.slug)
        assert device.send("PUT", "/me/password", {"password": NEW}).status_code == 200
        assert App(world).by_password("bob@example.test", NEW).status_code == 200

    def test_a_generator_is_not_passed_by_with_the_password(
        self, world: cast.World, member: cast.Member, app: App
    ) -> None:
        generator = enrolled(world, member.user)
        apps.left_alone(world)
        refused = set_password(app, present=PASSWORD)
        problem(refused, 403, "session.step-up-needed")  # type: ignore[arg-type]
        assert app.post("/me/step-up", {"one_time_password": present(generator)}).status_code == 200
        assert set_password(app).status_code == 200  # type: ignore[attr-defined]

    def test_waits_where_a_policy_asks_for_others(
        self, world: cast.World, member: cast.Member, app: App
    ) -> None:
        owner = person(world, "owner", "super-admin")
        reviewed(world, "/account-management/password", "edit")
        answer = set_password(app)
        assert answer.status_code == 202, answer.text  # type: ignore[attr-defined]
        assert App(world).by_password(ALICE, NEW).status_code == 401
        path = f"/proposals/{answer.json()['proposal']['id']}"  # type: ignore[attr-defined]
        shown = owner.get(path)
        assert "argon2" not in shown.text
        evidence = owner.get(f"{path}/evidence")
        assert "argon2" not in evidence.text
        ballot = owner.ballot(shown.json(), "approve")
        assert owner.post(f"{path}/votes", ballot).json()["state"] == "executed"
        assert App(world).by_password(ALICE, NEW).status_code == 200


def reviewed(world: cast.World, resource: str, action: str, **more: str) -> None:
    """A policy of the scope's own: another person must agree, whoever asks."""
    with cast.in_scope(world):
        Policy.objects.create(
            scope_id=world.scope.id,
            name="reviewed",
            resource=resource,
            action=action,
            priority=100,
            decision_on_true=Policy.Decision.REVIEW,
            review_expression='{"all":[],"deny":1,"min":1}',
            created_at=datetime.now(UTC),
            updated_at=datetime.now(UTC),
            **more,
        )


class TestLeaving:
    """`DELETE /v1/me`."""

    def test_ends_everything(self, world: cast.World, member: cast.Member, app: App) -> None:
        key = key_of(world, "users:list", owner=member)
        phone = signed_in.start(world, member, origin=signed_in.PHONE)
        device = Signed.of(member, world.scope.slug)
        answer = app.send("DELETE", "/me")
        assert (answer.status_code, answer.json()) == (200, {"id": member.uid})
        for way in (app, Bearer.of(phone.access, world.scope.slug), device, key):
            problem(way.get("/me"), 401, "unauthenticated")
        assert App(world).by_password(ALICE).status_code == 401
        with cast.in_scope(world):
            user = User.objects.get(id=member.user.id)
            assert (user.status, user.password) == ("disabled", "")
            assert not Session.objects.filter(status="active").exists()
            assert {row.status for row in ApiKey.objects.all()} == {"revoked"}
            event = AuditEvent.objects.get(name="user.deleted")
            assert (event.subject_id, event.actor["kind"]) == (str(user.id), "session")

    def test_takes_a_fresh_proof(self, world: cast.World, app: App) -> None:
        apps.left_alone(world)
        problem(app.send("DELETE", "/me"), 403, "session.step-up-needed")
        app.post("/me/step-up", {"password": PASSWORD})
        assert app.send("DELETE", "/me").status_code == 200

    def test_a_device_signs_for_it(self, world: cast.World, member: cast.Member) -> None:
        device = Signed.of(member, world.scope.slug)
        assert device.send("DELETE", "/me").status_code == 200
        problem(device.get("/me"), 401, "unauthenticated")

    def test_the_last_owner_stays(self, world: cast.World) -> None:
        owner = Signed.of(world.member("owner", "super-admin"), world.scope.slug)
        problem(owner.send("DELETE", "/me"), 409, "user.last-owner")
        assert owner.get("/me").status_code == 200

    @pytest.mark.parametrize("governance", [True, False])
    def test_members_go_and_who_has_duties_waits(self, *, governance: bool) -> None:
        world = cast.world(governance=governance)
        first, second = person(world, "owner", "super-admin"), world.member("bob", "super-admin")
        member = signed_in.start(world, world.member("alice", "member"))
        mine = Bearer.of(member.access, world.scope.slug)
        assert mine.send("DELETE", "/me").status_code == 200
        held = Bearer.of(signed_in.start(world, second).access, world.scope.slug)
        answer = held.send("DELETE", "/me")
        assert answer.status_code == 202, answer.text
        assert held.get("/me").status_code == 200
        path = f"/proposals/{answer.json()['proposal']['id']}"
        ballot = first.ballot(first.get(path).json(), "approve")
        assert first.post(f"{path}/votes", ballot).json()["state"] == "executed"
        problem(held.get("/me"), 401, "unauthenticated")

    def test_a_policy_of_the_scope_holds_for_members_too(self, world: cast.World, app: App) -> None:
        world.member("owner", "super-admin")
        reviewed(world, "/users/*", "delete")
        assert app.send("DELETE", "/me").status_code == 202
        assert app.get("/me").status_code == 200

    def test_needs_no_word_and_gives_none(self, world: cast.World, app: App) -> None:
        bob = world.member("bob", "member")
        problem(app.send("DELETE", f"/users/{bob.uid}"), 403, "forbidden")

    def test_a_key_has_no_account_to_delete(self, world: cast.World, member: cast.Member) -> None:
        key = key_of(world, "users:delete", owner=member)
        problem(key.send("DELETE", "/me"), 403, "forbidden")
        problem(key.send("PUT", "/me/password", {"password": NEW}), 403, "forbidden")
