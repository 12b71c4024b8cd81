"""Class 20 of the known attacks, over the API of our own: a step of signing in is left out there.

Seen as CVE-2025-3910 and CVE-2026-3429 (Keycloak), CVE-2026-9091 (Casdoor) and CVE-2026-54730
(authentik): pages ask for a step that another door to the same thing does not. A session that has
not given its one-time password, must set one up, or was left alone does over `/v1` nothing that the
pages would refuse it.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from identity.api.v1 import route
from identity.pages import staff_session
from tests import cast, staff
from tests.matrix.permissions_v1 import LINES, Line
from tests.matrix.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)

CLOSED = [line for line in LINES if line.word != route.OPEN]
CHANGES = [line for line in CLOSED if line.method != "GET"]
# What a session left alone may still send: it undoes what is one's own, or asks a question.
HARMLESS = {
    "POST /me/devices/challenge",
    "PATCH /me/profile",  # what somebody says of itself opens nothing
    "DELETE /me/sessions/{session}",
    "POST /me/sessions/end-others",
    "POST /me/lock",
    "POST /contexts/{context}/join/challenge",
    "POST /me/lambdas/{lambda_id}/disable",
    "POST /me/managed-key",
    "POST /me/dids",  # names a key that is the account's already
    "POST /credentials/verify",
    "POST /me/lambdas/{lambda_id}/executions",  # what it signs was agreed to with a fresh proof
    "PUT /me/password",  # takes the present one too; and staff's is changed in the admin
    "POST /me/step-up",
    "POST /me/step-up/email",
    "POST /me/step-up/wallet",
    "POST /me/step-up/user-key",
    "POST /me/step-up/passkey",
    "POST /policies/decide",
    "POST /invitations/batches",
    "POST /proposals/{proposal}/cancellation",
    "DELETE /proposals/{proposal}/votes/mine",
    "POST /token/introspect",
}


@pytest.fixture
def scene() -> Scene:
    return Scene.made()


def sent(scene: Scene, browser: Client, line: Line) -> tuple[int, str]:
    body = scene.body(line.method, line.path)
    answer = browser.generic(
        line.method,
        f"{scene.owner.prefix}{scene.path(line.path)}{scene.query(line.method, line.path)}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"If-Match": "*"},
    )
    told: dict[str, Any] = answer.json() if "problem" in answer["Content-Type"] else {}
    return answer.status_code, str(told.get("type", "")).rpartition("/")[2]


def test_half_signed_in_is_nobody(scene: Scene) -> None:
    dora = staff.add(scene.world, "dora", "super-admin")
    staff.enrol(dora)
    browser = Client()
    staff.sign_in(browser, "dora", scene.world.scope.slug)
    assert {sent(scene, browser, line) for line in CLOSED} == {(401, "unauthenticated")}


def test_who_must_set_up_one_time_passwords_is_nobody(scene: Scene, settings: Settings) -> None:
    staff.add(scene.world, "dora", "super-admin")
    settings.STAFF_ONE_TIME_PASSWORDS = True
    browser = Client()
    staff.sign_in(browser, "dora", scene.world.scope.slug)
    assert {sent(scene, browser, line) for line in CLOSED} == {(401, "unauthenticated")}


def test_an_operator_who_chose_no_scope_is_nobody(scene: Scene) -> None:
    browser = scene.browser(staff.add_operator())
    assert {sent(scene, browser, line) for line in CLOSED} == {(401, "unauthenticated")}


@pytest.mark.parametrize("proved_at", [None, 0, "now", 10**12])
def test_a_session_left_alone_changes_nothing(scene: Scene, proved_at: Any) -> None:
    browser = Client()
    dora = staff.add(scene.world, "dora", "super-admin")
    browser.force_login(dora, backend="accounts.backends.StaffBackend")
    session = browser.session
    session[staff_session.PROVED_AT] = proved_at
    session.save()
    for line in CHANGES:
        if line.name not in HARMLESS:
            expected = (403, "session.reauthentication-needed")
            assert sent(scene, browser, line) == expected, line.name


def test_no_vote_of_a_session_left_alone_on_the_page(scene: Scene) -> None:
    browser, now = Client(), int(datetime.now(UTC).timestamp())
    dora = staff.add(scene.world, "dora", "workspace-owner")
    browser.force_login(dora, backend="accounts.backends.StaffBackend")
    page = f"/admin/invitations/proposal/{scene.things['proposal']}"
    for decision in ("approve", "reject", "outcome"):
        form = {"decision": decision, "proposal_hash": "0" * 64, "reason": "no"}
        answer = browser.post(f"{page}/decide/", form)
        assert answer["Location"].startswith("/admin/reauthenticate/?next="), decision
    session = browser.session
    session[staff_session.PROVED_AT] = now
    session.save()
    answer = browser.post(f"{page}/decide/", {"decision": "approve", "proposal_hash": "0" * 64})
    assert answer["Location"] == f"{page}/change/"


def test_the_session_of_one_scope_is_nobody_in_another(scene: Scene) -> None:
    other = cast.world(governance=False)
    charlie = scene.browser(staff.add(other, "charlie", "super-admin"))
    assert {sent(scene, charlie, line) for line in CLOSED} == {(401, "unauthenticated")}
