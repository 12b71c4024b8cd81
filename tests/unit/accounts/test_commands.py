"""The commands about people call one service each, in our words, for one scope."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts import errors, queries
from accounts.models import User
from accounts.services import device_keys, users
from identity import actor, ids, permissions
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import cose, cose_sign1
from identity.models import Scope
from identity.paging import Page
from identity.scoping import current
from invitations.commands import catalogue
from invitations.commands.command import Command, registry
from tests.unit.accounts.people import KeyPair, MakeActor, MakeDevice, MakeKeys, MakeUser

catalogue.load()
OURS = {
    "user.create",
    "user.edit",
    "user.delete",
    "device.rotate",
    "device.revoke",
    "role.create",
    "role.edit",
    "role.delete",
    "rule.create",
    "rule.edit",
    "rule.delete",
    "role.grant",
    "role.withdraw",
    "group.create",
    "group.edit",
    "group.delete",
    "group.add_member",
    "group.remove_member",
    "recipient.create",
    "recipient.edit",
    "recipient.delete",
    "recipient-group.create",
    "recipient-group.edit",
    "recipient-group.delete",
    "recipient-group.add_recipient",
    "recipient-group.remove_recipient",
    "password.reset",
}


def carry_out(
    name: str, details: dict[str, Any], by: Actor, now: datetime, *, is_reviewed: bool = False
) -> Any:
    """As the one door does: read, validate, check on direct execution, execute."""
    command: Command[Any] = registry.get(name)
    given = command.read(details)
    command.validate(given)
    command.target(given)
    command.facts(given)
    if is_reviewed:
        return (command.execute_reviewed or command.execute)(given, by=by, now=now)
    command.check(given, by)
    return command.execute(given, by=by, now=now)


def new() -> str:
    return str(ids.new())


def test_registers_every_command() -> None:
    assert registry.by_name.keys() >= OURS


@pytest.mark.parametrize("name", sorted(OURS))
def test_asks_for_a_permission_that_exists(name: str) -> None:
    command = registry.get(name)
    assert command.permission in permissions.ALL
    assert command.action in {"add", "edit", "delete"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_fills_its_path_from_its_input(name: str) -> None:
    command = registry.get(name)
    known = {field: ids.new() for field in command.input.__struct_fields__}
    path = command.resource.format_map(known)
    assert "{" not in path
    assert path.startswith("/")


@pytest.fixture
def things(
    system: Actor, person: MakeUser, register: MakeDevice, keys: MakeKeys, now: datetime
) -> dict[str, str]:
    """One of each thing in acme, and the input of every command about them."""
    user = person("bob")
    device = register(user)
    made = {"user": str(user.public_id), "device": str(device.id)}
    for noun, details in (
        ("rule", {"name": "r", "resource": "/users", "action": "list"}),
        ("role", {"name": "desk"}),
        ("group", {"name": "security"}),
        ("recipient", {"kind": "company", "name": "Supplier"}),
    ):
        made[noun] = new()
        carry_out(f"{noun}.create", {noun: made[noun], **details}, system, now)
    made["list"] = new()
    listed = {"group": made["list"], "kind": "whitelist", "name": "suppliers"}
    carry_out("recipient-group.create", listed, system, now)
    return made


def inputs(things: dict[str, str], pair: KeyPair, proof: str) -> dict[str, dict[str, Any]]:
    user, device = things["user"], things["device"]
    on_list = {"group": things["list"], "recipient": things["recipient"]}
    in_group = {"group": things["group"], "user": user}
    held = {"user": user, "role": "member"}
    return {
        "user.edit": {"user": user, "first_name": "Robert"},
        "device.rotate": {
            "user": user,
            "device": device,
            "signature_key": pair.signature_key,
            "encryption_key": pair.encryption_key,
            "proof": proof,
        },
        "device.revoke": {"user": user, "device": device, "reason": "lost"},
        "role.edit": {"role": things["role"], "description": "d"},
        "rule.edit": {"rule": things["rule"], "action": "get"},
        "role.grant": held,
        "role.withdraw": held,
        "group.edit": {"group": things["group"], "description": "d"},
        "group.add_member": in_group,
        "group.remove_member": in_group,
        "recipient.edit": {"recipient": things["recipient"], "name": "New"},
        "recipient-group.edit": {"group": things["list"], "description": "d"},
        "recipient-group.add_recipient": on_list,
        "recipient-group.remove_recipient": on_list,
        "password.reset": {"user": user},
        "role.delete": {"role": things["role"]},
        "rule.delete": {"rule": things["rule"]},
        "group.delete": {"group": things["group"]},
        "recipient-group.delete": {"group": things["list"]},
        "recipient.delete": {"recipient": things["recipient"]},
        "user.delete": {"user": user},
    }


def proof_of(device: str, pair: KeyPair) -> str:
    payload = device_keys.proof_payload(UUID(device), pair.signature_key, pair.encryption_key)
    claims: cose_sign1.Claims = {
        cose_sign1.AUDIENCE: "ecs:00",
        cose_sign1.EXPIRES_AT: 60,
        cose_sign1.ISSUED_AT: 0,
        cose_sign1.CTI: bytes(16),
    }
    sign1 = cose_sign1.sign(
        payload,
        message_type=cose.REQUEST_TYPE,
        key_id=UUID(device).bytes,
        claims=claims,
        signing_key=pair.signing,
    )
    return base64.b64encode(sign1).decode()


def test_carries_out_every_command_and_answers_json(
    system: Actor, things: dict[str, str], keys: MakeKeys, acting: MakeActor, now: datetime
) -> None:
    pair = keys()
    every = inputs(things, pair, proof_of(things["device"], pair))
    creations = {name for name in OURS if name.endswith(".create")}
    assert every.keys() == OURS - creations
    bob = acting(User.objects.get(public_id=things["user"]))
    for name, details in every.items():
        by = bob if name == "device.rotate" else system
        answer = carry_out(name, details, by, now)
        assert json.loads(json.dumps(answer)) == answer, name
        hidden = str(bob.user_id)
        assert hidden not in json.dumps(answer), name


def test_misses_everything_of_another_scope(
    things: dict[str, str],
    keys: MakeKeys,
    other: Scope,
    member: MakeUser,
    acting: MakeActor,
    now: datetime,
) -> None:
    pair = keys()
    every = inputs(things, pair, proof_of(things["device"], pair))
    stranger = actor.system(other.id)
    with current.in_scope(other.id):
        for name, details in every.items():
            with pytest.raises(refusals.Missing):
                carry_out(name, details, stranger, now)
            # Nor does the service find it when the door is passed by.
            command = registry.get(name)
            execute: Callable[..., Any] = command.execute_reviewed or command.execute
            with pytest.raises(refusals.Missing):
                execute(command.read(details), by=stranger, now=now)
    assert queries.user(UUID(things["user"])).status == "active"


@pytest.mark.parametrize("name", sorted(OURS))
def test_refuses_fields_it_does_not_know(name: str) -> None:
    with pytest.raises(refusals.Invalid):
        registry.get(name).read({"is_staff": True})


def test_makes_a_program(system: Actor, keys: MakeKeys, now: datetime) -> None:
    pair, user = keys(), new()
    details = {
        "user": user,
        "email": "robot@example.com",
        "signature_key": pair.signature_key,
        "encryption_key": pair.encryption_key,
        "roles": ["support"],
        "networks": ["192.0.2.0/24"],
        "expires_at": (now + timedelta(days=1)).isoformat(),
        "registration": base64.b64encode(b"request").decode(),
        "is_attested": True,
    }
    answer = carry_out("user.create", details, system, now)
    assert answer["user"]["id"] == user
    assert answer["device"]["status"] == "unverified"
    assert carry_out("user.create", details, system, now) == answer
    with pytest.raises(refusals.Invalid):
        carry_out("user.create", {**details, "registration": "?"}, system, now)


def test_grants_no_more_than_one_holds_unless_reviewed(
    things: dict[str, str], member: MakeUser, acting: MakeActor, keys: MakeKeys, now: datetime
) -> None:
    maintainer = acting(member("carol", "workspace-maintainer"))
    grant = {"user": things["user"], "role": "super-admin"}
    with pytest.raises(errors.GrantTooWide):
        carry_out("role.grant", grant, maintainer, now)
    pair = keys()
    program = {
        "user": new(),
        "email": "robot@example.com",
        "signature_key": pair.signature_key,
        "encryption_key": pair.encryption_key,
        "roles": ["super-admin"],
    }
    with pytest.raises(errors.GrantTooWide):
        carry_out("user.create", program, maintainer, now)
    carry_out("role.grant", grant, maintainer, now, is_reviewed=True)
    assert queries.user(UUID(things["user"])).roles == ["super-admin"]


def test_widens_no_role_beyond_ones_own_rights(
    things: dict[str, str], member: MakeUser, acting: MakeActor, system: Actor, now: datetime
) -> None:
    maintainer = acting(member("carol", "workspace-maintainer"))
    wide = new()
    rule = {"rule": wide, "name": "w", "resource": "/proposals", "action": "approve"}
    carry_out("rule.create", rule, maintainer, now)
    with pytest.raises(errors.GrantTooWide):
        carry_out("role.edit", {"role": things["role"], "rules": [wide]}, maintainer, now)
    with pytest.raises(errors.GrantTooWide):
        widened = {"rule": things["rule"], "resource": "/proposals", "action": "approve"}
        carry_out("rule.edit", widened, maintainer, now)
    carry_out("role.edit", {"role": things["role"], "rules": [wide]}, system, now)
    carry_out("role.edit", {"role": things["role"], "status": "disabled"}, maintainer, now)
    with pytest.raises(errors.GrantTooWide):
        carry_out("role.edit", {"role": things["role"], "status": "active"}, maintainer, now)
    carry_out("role.edit", {"role": things["role"], "description": "d"}, maintainer, now)


def test_lets_a_device_alone_change_its_keys(
    things: dict[str, str],
    keys: MakeKeys,
    register: MakeDevice,
    acting: MakeActor,
    member: MakeUser,
    now: datetime,
) -> None:
    pair = keys()
    user = User.objects.get(public_id=things["user"])
    details = inputs(things, pair, proof_of(things["device"], pair))["device.rotate"]
    command = registry.get("device.rotate")
    first, admin = acting(user), acting(member("alice", "super-admin"))
    register(user)
    second = queries.actor_of_user(
        user_id=user.id,
        kind=first.kind,
        device_id=user.devices.order_by("-registered_at", "-id")[0].id,
    )
    assert command.is_own(command.read(details), first)
    for by in (second, admin):
        assert not command.is_own(command.read(details), by)
        with pytest.raises(refusals.Forbidden):
            carry_out("device.rotate", details, by, now)
    carry_out("device.rotate", details, first, now)


def test_knows_whose_device_it_is(
    things: dict[str, str], acting: MakeActor, member: MakeUser
) -> None:
    command = registry.get("device.revoke")
    details = command.read({"user": things["user"], "device": things["device"]})
    assert command.is_own(details, acting(User.objects.get(public_id=things["user"])))
    assert not command.is_own(details, acting(member("alice", "super-admin")))


def test_revokes_the_last_owners_device_when_others_agreed(
    things: dict[str, str], system: Actor, now: datetime, keys: MakeKeys
) -> None:
    carry_out("role.grant", {"user": things["user"], "role": "super-admin"}, system, now)
    revoke = {"user": things["user"], "device": things["device"]}
    with pytest.raises(errors.LastOwnerDevice):
        carry_out("device.revoke", revoke, system, now)
    carry_out("device.revoke", revoke, system, now, is_reviewed=True)
    assert queries.device(UUID(things["device"])).status == "revoked"


def test_switches_users_off_and_on(things: dict[str, str], system: Actor, now: datetime) -> None:
    for status in ("disabled", "active"):
        answer = carry_out("user.edit", {"user": things["user"], "status": status}, system, now)
        assert answer["user"]["status"] == status
    with pytest.raises(refusals.Invalid):
        carry_out("user.edit", {"user": things["user"], "status": "invited"}, system, now)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("user.edit", "user.edit"),
        ("role.edit", "role.edit"),
        ("role.edit", "role.delete"),
        ("group.edit", "group.delete"),
        ("group.edit", "group.add_member"),
        ("recipient.edit", "recipient.edit"),
        ("recipient.edit", "recipient-group.add_recipient"),
        ("recipient-group.edit", "recipient-group.delete"),
    ],
)
def test_a_change_makes_what_was_proposed_before_stale(
    things: dict[str, str], system: Actor, keys: MakeKeys, now: datetime, name: str, target: Any
) -> None:
    every = inputs(things, keys(), "")
    command = registry.get(target)
    given = command.read(every[target])
    before = command.target(given)
    assert before == command.target(given)
    carry_out(name, every[name], system, now)
    assert command.target(given) != before


def test_a_changed_rule_makes_a_proposed_grant_stale(
    things: dict[str, str], system: Actor, now: datetime
) -> None:
    carry_out("role.edit", {"role": things["role"], "rules": [things["rule"]]}, system, now)
    command = registry.get("role.grant")
    given = command.read({"user": things["user"], "role": things["role"]})
    before = command.target(given)
    carry_out("rule.edit", {"rule": things["rule"], "action": "get"}, system, now)
    assert command.target(given) != before


def test_who_is_to_be_removed_can_not_put_it_off(
    things: dict[str, str], system: Actor, now: datetime
) -> None:
    command = registry.get("user.delete")
    assert command.target(command.read({"user": things["user"]})) is None
    user = User.objects.get(public_id=things["user"])
    users.activate(user=user, verifier="verifier", by=system, now=now)
    assert carry_out("user.delete", {"user": things["user"]}, system, now)
    assert queries.users(Page()).total == 0


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("role.grant", True),
        ("group.add_member", True),
        ("password.reset", True),
        ("role.withdraw", False),
        ("user.edit", False),
    ],
)
def test_names_whose_rights_it_raises(
    things: dict[str, str], keys: MakeKeys, name: str, raised: Any
) -> None:
    command = registry.get(name)
    given = command.read(inputs(things, keys(), "")[name])
    assert command.raises_rights_of(given) == (UUID(things["user"]) if raised else None)


def test_lets_policies_ask_about_lists_and_users(
    things: dict[str, str], system: Actor, keys: MakeKeys, now: datetime
) -> None:
    every = inputs(things, keys(), "")
    listed = registry.get("recipient-group.add_recipient")
    facts = listed.facts(listed.read(every["recipient-group.add_recipient"]))
    assert facts == {"kind": "whitelist"}
    carry_out("recipient-group.add_recipient", every["recipient-group.add_recipient"], system, now)
    edited = registry.get("recipient.edit")
    assert edited.facts(edited.read(every["recipient.edit"])) == {"on_lists": ["whitelist"]}
    disabled = registry.get("user.edit")
    facts = disabled.facts(disabled.read({"user": things["user"], "status": "disabled"}))
    assert facts == {
        "user_kind": "person",
        "user_status": "active",
        "user_roles": [],
        "changes_status": True,
        "changes_contact": False,
    }
