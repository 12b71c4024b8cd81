"""Class 18 of the known attacks, over the API of our own: what was switched off works on there.

Seen in Keycloak as CVE-2025-14559, CVE-2026-1486, CVE-2026-1609, CVE-2026-2603, CVE-2026-2733,
CVE-2026-3009, CVE-2026-3047, CVE-2026-7500, CVE-2026-9705 and CVE-2026-9791, in authentik as
CVE-2025-53942. A matrix: whatever can be switched off, on every route, at the very next request.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Device, Role, StaffMembership, User
from accounts.services import role_assignments, staff
from identity import ids
from identity.api.v1 import route
from identity.models import Scope, Webhook
from identity.permissions import ALL, NOT_OF_KEYS
from invitations.models import Invitation
from sessions_app.models import Session
from sessions_app.services.sessions import Origin, Proof
from tests import acts, cast, signed_in
from tests import staff as people
from tests.faces.v1.client import Bearer, Signed, problem
from tests.faces.v1.test_bearers import key_of
from tests.matrix.permissions_v1 import LINES, Line
from tests.matrix.scene import Scene, undone

pytestmark = pytest.mark.django_db

CLOSED = [line for line in LINES if line.word != route.OPEN]


@pytest.fixture(scope="module")
def dora(scene: Scene) -> cast.Member:
    return scene.world.member("dora", "super-admin", "workspace-owner")


def asked(scene: Scene, client: Signed | Bearer, line: Line) -> tuple[int, str]:
    body = scene.body(line.method, line.path)
    answer = client.send(line.method, scene.path(line.path), body, {"If-Match": "*"})
    is_problem = answer.headers["content-type"].startswith("application/problem")
    return answer.status_code, answer.json()["type"] if is_problem else ""


def of_user(**changes: Any) -> Callable[[cast.Member], object]:
    return lambda dora: User.objects.filter(id=dora.user.id).update(**changes)


def of_device(**changes: Any) -> Callable[[cast.Member], object]:
    return lambda dora: Device.objects.filter(id=dora.device.id).update(**changes)


SWITCHES: dict[str, Callable[[cast.Member], object]] = {
    "user disabled": of_user(status="disabled"),
    "user deleted": of_user(status="disabled", deleted_at=acts.now()),
    "program expired": of_user(kind="program", expires_at=acts.now() - timedelta(seconds=1)),
    "network closed": of_user(networks=["198.51.100.0/24"]),
    "device revoked": of_device(status="revoked", revoked_at=acts.now()),
    "device suspended": of_device(status="suspended"),
    "scope suspended": lambda dora: Scope.objects.filter(id=dora.user.scope_id).update(
        status="suspended"
    ),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_no_route_answers_what_was_switched_off(
    scene: Scene, dora: cast.Member, switch: str
) -> None:
    client = Signed.of(dora, scene.world.scope.slug)
    with undone():
        # The last request before it works, so caches are warm.
        assert client.get("/me").status_code == 200
        with cast.in_scope(scene.world):
            SWITCHES[switch](dora)
        answers = {asked(scene, client, line) for line in CLOSED}
    assert answers == {(401, "/problems/unauthenticated")}


@pytest.mark.parametrize("switch", SWITCHES)
def test_no_route_answers_a_session_of_what_was_switched_off(
    scene: Scene, dora: cast.Member, switch: str
) -> None:
    own = [line for line in CLOSED if line.word == route.SELF]
    with undone():
        proof = Proof(Session.Method.DEVICE, device_id=dora.device.id)
        held = signed_in.start(
            scene.world, dora, proof=proof, origin=Origin(address="192.0.2.1", user_agent="x")
        )
        client = Bearer.of(held.access, scene.world.scope.slug)
        assert client.get("/me").status_code == 200
        with cast.in_scope(scene.world):
            SWITCHES[switch](dora)
        answers = {asked(scene, client, line) for line in own}
    assert answers == {(401, "/problems/unauthenticated")}


@pytest.mark.parametrize("switch", [name for name in SWITCHES if not name.startswith("device")])
def test_no_route_answers_an_api_key_of_what_was_switched_off(
    scene: Scene, dora: cast.Member, switch: str
) -> None:
    with undone():
        client = key_of(scene.world, *sorted(ALL - NOT_OF_KEYS - {"passwords:edit"}), owner=dora)
        assert client.get("/users").status_code == 200
        with cast.in_scope(scene.world):
            SWITCHES[switch](dora)
        answers = {asked(scene, client, line) for line in CLOSED}
    assert answers == {(401, "/problems/unauthenticated")}


def test_a_custom_role_that_is_switched_off_gives_nothing(scene: Scene) -> None:
    with undone():
        words = scene.custom()
        with cast.in_scope(scene.world):
            words.hold("users:list", "groups:create", "audit:list")
        paths = ("/users", "/audit", "/audit/export")
        assert {words.client.get(path).status_code for path in paths} == {200}
        with cast.in_scope(scene.world):
            Role.objects.filter(id=words.role.id).update(status=Role.Status.DISABLED)
        for path in paths:
            problem(words.client.get(path), 403, "forbidden")
        problem(words.client.post("/groups", {"name": "x"}), 403, "forbidden")
        assert words.client.get("/me").json()["permissions"] == ["me:get", "server-keys:get"]


def test_a_role_that_is_withdrawn_gives_nothing(scene: Scene, dora: cast.Member) -> None:
    client = Signed.of(dora, scene.world.scope.slug)
    with undone():
        assert client.get("/users").status_code == 200
        with cast.in_scope(scene.world):
            for role in ("super-admin", "workspace-owner"):
                role_assignments.withdraw(
                    user_id=dora.user.id, role=role, by=scene.world.system, now=acts.now()
                )
        problem(client.get("/users"), 403, "forbidden")


@pytest.mark.parametrize("state", ["revoked", "expired", "refused"])
def test_an_invitation_that_is_switched_off_is_of_no_use(scene: Scene, state: str) -> None:
    with undone():
        bundle = acts.invitation(scene.world, "guest2@example.test")
        path = f"{scene.owner.prefix}/invitations/lookup"
        body = {"invite_string": bundle["invite_string"]}
        assert scene.owner.http.post(path, json=body).status_code == 200
        changes: dict[str, Any] = {"state": "revoked", "ended_at": acts.now()}
        if state == "expired":
            changes = {"expires_at": acts.now() - timedelta(seconds=1)}
        if state == "refused":
            changes["state"] = "refused"
        with cast.in_scope(scene.world):
            Invitation.objects.filter(id=bundle["invitation"]).update(**changes)
        problem(scene.owner.http.post(path, json=body), 401, "invitation.not-valid")


def test_a_webhook_that_is_switched_off_is_told_nothing(scene: Scene) -> None:
    path = f"/webhooks/{scene.things['webhook']}"
    with undone():
        with cast.in_scope(scene.world):
            Webhook.objects.update(status="disabled", reason="by-hand")
        count = len(scene.owner.get(f"{path}/deliveries?limit=200").json()["items"])
        with cast.in_scope(scene.world):
            role_assignments.grant(
                user_id=User.objects.get(public_id=scene.things["user"]).id,
                role="member",
                by=scene.world.system,
                now=acts.now(),
            )
        later = len(scene.owner.get(f"{path}/deliveries?limit=200").json()["items"])
        assert later == count


SESSIONS: dict[str, Callable[[User], object]] = {
    "user disabled": lambda user: User.objects.filter(id=user.id).update(status="disabled"),
    "dismissed": lambda user: User.objects.filter(id=user.id).update(is_staff=False),
    "password gone": lambda user: User.objects.filter(id=user.id).update(password="!gone"),
    "scope suspended": lambda user: Scope.objects.filter(id=user.scope_id).update(
        status="suspended"
    ),
}


@pytest.mark.parametrize("switch", SESSIONS)
def test_no_route_answers_a_session_that_was_switched_off(scene: Scene, switch: str) -> None:
    with undone():
        user = people.add(scene.world, "staffed", "super-admin")
        browser = scene.browser(user)
        assert browser.get(f"{scene.owner.prefix}/me").status_code == 200
        with cast.in_scope(scene.world):
            SESSIONS[switch](user)
        statuses = {_visited(scene, browser, line) for line in CLOSED}
        pages = {browser.get(page).status_code for page in ("/admin/", "/admin/accounts/user/")}
    assert statuses == {401}
    assert pages == {302}


def test_a_membership_that_ended_opens_nothing(scene: Scene) -> None:
    with undone():
        home = cast.world(governance=False)
        charlie = people.add(home, "charlie", "super-admin")
        with cast.in_scope(scene.world):
            staff.admit_login(
                public_id=ids.new(),
                name=f"{home.scope.slug}/charlie",
                roles=["workspace-auditor"],
                by=scene.world.system,
                now=acts.now(),
            )
        browser = scene.browser(charlie, scope=scene.world.scope.slug)
        assert browser.get(f"{scene.owner.prefix}/users").status_code == 200
        with cast.in_scope(scene.world):
            user = StaffMembership.objects.get(login_id=charlie.id).user
            staff.dismiss(user_id=user.id, by=scene.world.system, now=acts.now())
        assert {_visited(scene, browser, line) for line in CLOSED} == {401}


def _visited(scene: Scene, browser: Client, line: Line) -> int:
    path = f"{scene.owner.prefix}{scene.path(line.path)}"
    answer = browser.generic(line.method, path, "", content_type="application/json")
    return int(answer.status_code)
