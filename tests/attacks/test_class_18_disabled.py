"""Class 18 of the known attacks: something that was switched off still works somewhere.

Seen in Keycloak as CVE-2025-14559, CVE-2026-1486, CVE-2026-1609, CVE-2026-2603, CVE-2026-2733,
CVE-2026-3009, CVE-2026-3047, CVE-2026-7500, CVE-2026-9705 and CVE-2026-9791, in authentik as
CVE-2025-53942, and in django-allauth 65.13 (tokens of inactive users). A matrix: whatever can be
switched off, on every path, is refused at the very next request.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.backends import StaffBackend
from accounts.models import Device, User
from accounts.services import devices, operators, role_assignments, roles, rules, users
from identity import ids
from identity.api.enterprise import routes, views
from identity.api.enterprise.route import INVITED
from identity.models import ServerKey
from identity.permissions import SELF_SERVICE
from identity.sdk.errors import Refused
from identity.sdk.results import Done as Answered
from identity.services import opened_keys, scopes, server_keys
from identity.web import scope_resolution
from invitations.services import invitations
from tests import acts, cast
from tests.attacks import wire
from tests.faces.enterprise import examples
from tests.faces.enterprise.desk import keys

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
Switch = Callable[[cast.World, cast.Member], object]


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    """A super-admin beside another one, so that she can be switched off."""
    world.member("carol", "super-admin", "workspace-owner")
    return world.member("alice", "super-admin", "workspace-owner")


SWITCHES: Mapping[str, Switch] = {
    "user disabled": lambda world, alice: users.disable(
        user_id=alice.user.id, by=world.system, now=acts.now()
    ),
    "user deleted": lambda world, alice: users.delete(
        user_id=alice.user.id, by=world.system, now=acts.now()
    ),
    "user expired": lambda world, alice: User.objects.filter(id=alice.user.id).update(
        kind="program", expires_at=acts.now() - timedelta(seconds=1)
    ),
    "user's network closed": lambda world, alice: User.objects.filter(id=alice.user.id).update(
        networks=["198.51.100.0/24"]
    ),
    "device revoked": lambda world, alice: devices.revoke(
        device_id=alice.device.id, reason="lost", by=world.system, now=acts.now()
    ),
    "device suspended": lambda world, alice: devices.suspend(
        device_id=alice.device.id, reason="alarm", by=world.system, now=acts.now()
    ),
    "scope suspended": lambda world, alice: scopes.suspend(by=world.system, now=acts.now()),
}
ADDRESSES = ("", "/users", "/account-management/authorize")


def payloads() -> list[dict[str, Any]]:
    """A request for each route of the face, and one batch of each kind."""
    things = examples.Things.unknown()
    single = [
        {
            "action": known.action,
            "resource": things.path(known),
            "details": examples.details(known, things),
        }
        for known in routes.ROUTES
        if known.permission != INVITED
    ]
    return [*single, {"batch": single[:2]}, {"atomicBatch": single[:2]}]


def statuses(world: cast.World, alice: cast.Member, address: str) -> set[tuple[int, str]]:
    """How every path is answered, by status and code in the clear."""
    channel, seen = wire.channel(alice), set()
    for payload in payloads():
        sent = views.Sent(
            body=channel.seal(payload).body,
            media_type="application/octet-stream",
            address="192.0.2.1",
            named=scope_resolution.Named(slug=world.scope.slug, path="/request"),
            expected_resource=address,
        )
        answer = views.respond(sent, now=datetime.now(UTC))
        found = wire.CODE.search(answer.body)
        seen.add((answer.status, found[1].decode() if found else ""))
    return seen


def test_before_it_is_switched_off_every_path_answers(
    world: cast.World, alice: cast.Member
) -> None:
    for address in ADDRESSES:
        assert statuses(world, alice, address) == {(200, "")}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_is_refused_on_every_path(
    world: cast.World, alice: cast.Member, switch: str
) -> None:
    # The last request before it works, so caches are warm.
    assert isinstance(alice.client.request("get", "/me"), Answered)
    with cast.in_scope(world):
        SWITCHES[switch](world, alice)
    for address in ADDRESSES:
        assert statuses(world, alice, address) == {(401, "-4")}


def test_a_scope_that_is_let_in_again_works_again(world: cast.World, alice: cast.Member) -> None:
    with cast.in_scope(world):
        scopes.suspend(by=world.system, now=acts.now())
    assert wire.refusal(lambda: alice.client.request("get", "/me")) == wire.UNAUTHENTIC
    with cast.in_scope(world):
        scopes.activate(by=world.system, now=acts.now())
    assert isinstance(alice.client.request("get", "/me"), Answered)


INVITATION_SWITCHES: Mapping[str, Callable[[cast.World, Any], object]] = {
    "revoked": lambda world, bundle: invitations.revoke(
        invitation_id=bundle["invitation"], by=world.system, now=acts.now()
    ),
    "its user disabled": lambda world, bundle: users.disable(
        user_id=User.objects.get().id, by=world.system, now=acts.now()
    ),
    "its user deleted": lambda world, bundle: users.delete(
        user_id=User.objects.get().id, by=world.system, now=acts.now()
    ),
    "its scope suspended": lambda world, bundle: scopes.suspend(by=world.system, now=acts.now()),
}


@pytest.mark.parametrize("switch", INVITATION_SWITCHES)
def test_an_invitation_that_is_switched_off_is_refused(world: cast.World, switch: str) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    with cast.in_scope(world):
        INVITATION_SWITCHES[switch](world, bundle)
    held = wire.offer(world, bundle)
    refused = wire.refusal(lambda: wire.join(world, held, keys(0)))
    assert refused in {wire.UNAUTHENTIC, wire.NOT_VALID}
    with cast.in_scope(world):
        assert not Device.objects.exists()


def guarded() -> list[dict[str, Any]]:
    things = examples.Things.unknown()
    return [
        {
            "action": known.action,
            "resource": things.path(known),
            "details": examples.details(known, things),
        }
        for known in routes.ROUTES
        if ":" in known.permission and known.permission not in SELF_SERVICE
    ]


def test_a_role_that_is_withdrawn_gives_nothing_any_more(
    world: cast.World, alice: cast.Member
) -> None:
    bob = world.member("bob", "super-admin")
    answers = [answer_code(bob, payload) for payload in guarded()]
    assert "-9" not in answers
    with cast.in_scope(world):
        role_assignments.withdraw(
            user_id=bob.user.id, role="super-admin", by=world.system, now=acts.now()
        )
    for payload in guarded():
        assert answer_code(bob, payload) in {"-9", "-8"}, payload
    assert answer_code(bob, {"action": "get", "resource": "/users", "details": {}}) == "-9"


def test_a_role_that_is_disabled_gives_nothing_any_more(
    world: cast.World, alice: cast.Member
) -> None:
    bob = world.member("bob", "member")
    asked = {"action": "get", "resource": "/users", "details": {}}
    role = custom_role(world, bob)
    assert answer_code(bob, asked) == ""
    with cast.in_scope(world):
        roles.edit(public_id=role, status="disabled", by=world.system, now=acts.now())
    assert answer_code(bob, asked) == "-9"
    with cast.in_scope(world):
        roles.edit(public_id=role, status="active", by=world.system, now=acts.now())
        roles.edit(public_id=role, rule_ids=[], by=world.system, now=acts.now())
    assert answer_code(bob, asked) == "-9"


def custom_role(world: cast.World, member: cast.Member) -> Any:
    """A role that lists users, held by the member."""
    with cast.in_scope(world):
        rule = rules.create(
            public_id=ids.new(),
            name="list users",
            description="",
            resource="/users",
            action="list",
            proposal_resource="",
            by=world.system,
            now=acts.now(),
        )
        role = roles.create(
            public_id=ids.new(),
            name="reader",
            description="",
            rule_ids=[rule.public_id],
            by=world.system,
            now=acts.now(),
        )
        role_assignments.grant(
            user_id=member.user.id, role=str(role.public_id), by=world.system, now=acts.now()
        )
    return role.public_id


def answer_code(member: cast.Member, payload: Mapping[str, Any]) -> str:
    """The code of the refusal, empty where there was none."""
    try:
        member.client.request(payload["action"], payload["resource"], payload["details"])
    except Refused as refused:
        return refused.error_code
    return ""


def test_a_retired_server_key_opens_nothing_any_more(world: cast.World, alice: cast.Member) -> None:
    with cast.in_scope(world):
        server_keys.rotate(purpose=ServerKey.Purpose.ENCRYPTION, by=world.system, now=acts.now())
    # The old key still opens for 90 days, and not a moment longer, whatever job has run.
    assert isinstance(alice.client.request("get", "/me"), Answered)
    with cast.in_scope(world):
        ServerKey.objects.filter(status="retiring").update(
            expires_at=acts.now() - timedelta(seconds=1)
        )
    assert wire.refusal(lambda: alice.client.request("get", "/me")) == ("failed", "-3")
    with cast.in_scope(world):
        assert server_keys.retire_expired(now=acts.now()) == 1
        opened_keys.forget_all()
        retired = ServerKey.objects.get(status="retired")
        assert bytes(retired.sealed_private) == b""
    assert wire.refusal(lambda: alice.client.request("get", "/me")) == ("failed", "-3")


STAFF_SWITCHES: Mapping[str, Callable[[cast.World, User], object]] = {
    "user disabled": lambda world, staff: users.disable(
        user_id=staff.id, by=world.system, now=acts.now()
    ),
    "user deleted": lambda world, staff: users.delete(
        user_id=staff.id, by=world.system, now=acts.now()
    ),
    "no longer staff": lambda world, staff: User.objects.filter(id=staff.id).update(is_staff=False),
    "scope suspended": lambda world, staff: scopes.suspend(by=world.system, now=acts.now()),
}


@pytest.mark.parametrize("switch", STAFF_SWITCHES)
def test_staff_that_is_switched_off_neither_signs_in_nor_stays(
    world: cast.World, alice: cast.Member, switch: str
) -> None:
    with cast.in_scope(world):
        staff = operators.add_staff(
            username="dora",
            password=PASSWORD,
            email="dora@example.test",
            first_name="Dora",
            last_name="",
            roles=["workspace-auditor"],
            by=world.system,
            now=acts.now(),
        )

    def sign_in() -> User | None:
        return StaffBackend().authenticate(
            None, username="dora", password=PASSWORD, scope=world.scope.slug
        )

    assert sign_in() == staff
    assert StaffBackend().get_user(staff.id) == staff
    with cast.in_scope(world):
        STAFF_SWITCHES[switch](world, staff)
    assert sign_in() is None
    assert StaffBackend().get_user(staff.id) is None
