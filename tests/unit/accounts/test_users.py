"""Users are made once, changed, disabled, enabled and deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from accounts import errors, queries
from accounts.models import Device, GroupMember, RoleAssignment, User
from accounts.services import groups, passwords, role_assignments, users
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.models import ApiKey, AuditEvent, Scope
from identity.scoping import current
from identity.services import api_key_secrets, api_keys
from tests.unit.accounts.people import Events, MakeActor, MakeDevice, MakeUser


def invite(public_id: UUID, by: Actor, now: datetime, **changes: Any) -> User:
    fields = {
        "email": "alice@example.com",
        "first_name": "Alice",
        "last_name": "",
        "mobile": "",
        "customer_id": "",
    }
    return users.create_invited(public_id=public_id, by=by, now=now, **(fields | changes))


def test_makes_an_invited_person_named_by_the_address(
    system: Actor, now: datetime, events: Events
) -> None:
    user = invite(ids.new(), system, now)
    stored = User.objects.get(id=user.id)
    assert (stored.status, stored.kind, stored.username) == (
        "invited",
        "person",
        "alice@example.com",
    )
    assert stored.scope_id == system.scope_id
    assert events()[-1] == "user.created"


def test_repeats_a_creation_with_the_same_fields(
    system: Actor, now: datetime, events: Events
) -> None:
    public_id = ids.new()
    first = invite(public_id, system, now)
    count = len(events())
    assert invite(public_id, system, now).id == first.id
    assert len(events()) == count


@pytest.mark.parametrize("change", [{"first_name": "Bob"}, {"email": "bob@example.com"}])
def test_refuses_the_same_id_with_other_fields(system: Actor, now: datetime, change: Any) -> None:
    public_id = ids.new()
    invite(public_id, system, now)
    with pytest.raises(errors.NameTaken):
        invite(public_id, system, now, **change)


def test_refuses_a_repeat_by_somebody_else(
    system: Actor, member: MakeUser, acting: MakeActor, now: datetime
) -> None:
    public_id = ids.new()
    invite(public_id, system, now, email="new@example.com")
    alice = acting(member("alice", "super-admin"))
    with pytest.raises(errors.NameTaken):
        invite(public_id, alice, now, email="new@example.com")


def test_refuses_a_repeat_after_the_person_has_begun(
    system: Actor, now: datetime, register: MakeDevice
) -> None:
    public_id = ids.new()
    register(invite(public_id, system, now))
    with pytest.raises(errors.NameTaken):
        invite(public_id, system, now)


@pytest.mark.parametrize(
    "username", ["ALICE@example.com", "\uff21lice@example.com", "alice@EXAMPLE.com"]
)
def test_refuses_a_name_that_only_looks_different(
    system: Actor, now: datetime, username: str
) -> None:
    invite(ids.new(), system, now)
    with pytest.raises(errors.NameTaken):
        invite(ids.new(), system, now, email="other@example.com", username=username)


def test_gives_the_same_name_in_another_scope(system: Actor, now: datetime, other: Scope) -> None:
    invite(ids.new(), system, now)
    with current.in_scope(other.id):
        assert invite(ids.new(), actor.system(other.id), now).scope_id == other.id


@pytest.mark.parametrize(
    "change",
    [
        {"email": "alice"},
        {"email": "alice\uff20example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"first_name": "x" * 151},
        {"first_name": "Ali\u202ece"},
        {"last_name": "a\x00b"},
        {"mobile": "1" * 33},
        {"username": "ali\u200dce"},
        {"username": "\ufdfa" * 100},
        {"last_name": "\ud800"},
    ],
)
def test_refuses_fields_that_do_not_fit(system: Actor, now: datetime, change: Any) -> None:
    with pytest.raises(refusals.Invalid):
        invite(ids.new(), system, now, **change)
    assert not User.objects.exists()


def test_edits_what_is_given_and_raises_the_version(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    user = person("alice")
    users.edit(user_id=user.id, last_name="Ash", by=system, now=now)
    stored = User.objects.get(id=user.id)
    assert (stored.first_name, stored.last_name, stored.version) == ("Alice", "Ash", 2)
    assert AuditEvent.objects.order_by("-sequence")[0].facts["changed"] == ["last_name"]


def test_records_nothing_for_an_edit_without_change(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    user = person("alice")
    before = events()
    users.edit(user_id=user.id, first_name="Alice", by=system, now=now)
    assert events() == before
    assert User.objects.get(id=user.id).version == 1


def test_tells_no_one_of_users_of_another_scope(
    system: Actor, person: MakeUser, now: datetime, other: Scope
) -> None:
    user = person("alice")
    stranger = actor.system(other.id)
    for service in (users.edit, users.disable, users.enable, users.delete, passwords.reset):
        with pytest.raises(refusals.Missing):
            service(user_id=user.id, by=stranger, now=now)


def test_disables_and_calls_the_rooms_above(
    system: Actor, person: MakeUser, now: datetime, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    user = person("bob")
    told = []
    monkeypatch.setattr(users, "on_disabled", [lambda user_id, by, now: told.append(user_id)])
    users.disable(user_id=user.id, by=system, now=now)
    users.disable(user_id=user.id, by=system, now=now)
    assert told == [user.id]
    assert User.objects.get(id=user.id).status == "disabled"
    assert events().count("user.disabled") == 1


def test_enables_to_where_the_user_was(
    system: Actor, person: MakeUser, member: MakeUser, now: datetime
) -> None:
    invited, active = person("bob"), member("alice")
    for user in (invited, active):
        users.disable(user_id=user.id, by=system, now=now)
        users.enable(user_id=user.id, by=system, now=now)
    assert User.objects.get(id=invited.id).status == "invited"
    assert User.objects.get(id=active.id).status == "active"


@pytest.mark.parametrize("leave", [users.disable, users.delete])
def test_keeps_the_last_owner(
    system: Actor, member: MakeUser, person: MakeUser, now: datetime, leave: Callable[..., object]
) -> None:
    alice = member("alice", "workspace-owner")
    person("invited", "super-admin")  # holds the role but cannot act yet
    with pytest.raises(errors.LastOwner):
        leave(user_id=alice.id, by=system, now=now)
    assert User.objects.get(id=alice.id).status == "active"


def test_lets_an_owner_go_who_is_not_the_last(
    system: Actor, member: MakeUser, now: datetime
) -> None:
    alice, bob = member("alice", "workspace-owner"), member("bob", "super-admin")
    users.disable(user_id=alice.id, by=system, now=now)
    with pytest.raises(errors.LastOwner):
        users.edit(user_id=bob.id, status="disabled", by=system, now=now)


def test_deletes_for_ever_and_keeps_the_row(
    system: Actor, member: MakeUser, now: datetime, events: Events
) -> None:
    user = member("bob", "member")
    group = groups.create(public_id=ids.new(), name="g", description="", by=system, now=now)
    groups.add_member(public_id=group.public_id, user_id=user.id, by=system, now=now)
    api_keys.create(
        key_id=ids.new(),
        name="script",
        credential=api_key_secrets.bearer(api_key_secrets.new_secret()),
        holder=api_keys.Holder(user_id=user.id),
        by=system,
        now=now,
    )
    users.delete(user_id=user.id, by=system, now=now)
    assert ApiKey.objects.get().status == "revoked"
    assert AuditEvent.objects.filter(name="api-key.revoked").count() == 1
    stored = User.objects.get(id=user.id)
    assert (stored.status, stored.deleted_at, stored.username) == (
        "disabled",
        now,
        "bob@example.com",
    )
    assert set(Device.objects.filter(user=user).values_list("status", flat=True)) == {"revoked"}
    assert not RoleAssignment.objects.filter(user=user).exists()
    assert not GroupMember.objects.filter(user=user).exists()
    assert AuditEvent.objects.get(name="user.deleted").facts["roles"] == ["member"]
    for again in (users.enable, users.delete, users.disable):
        with pytest.raises(refusals.Missing):
            again(user_id=user.id, by=system, now=now)
    with pytest.raises(refusals.Missing):
        queries.user(stored.public_id)


def test_frees_the_name_of_a_deleted_user_but_not_its_id(
    system: Actor, person: MakeUser, now: datetime
) -> None:
    user = person("bob")
    users.delete(user_id=user.id, by=system, now=now)
    with pytest.raises(errors.NameTaken):
        invite(user.public_id, system, now, email="bob@example.com", first_name="Bob")
    again = invite(ids.new(), system, now, email="bob@example.com")
    assert again.id != user.id
    assert queries.user_by_name("BOB@example.com") == again.public_id


def test_activates_once_and_sets_the_first_password(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    user = person("bob")
    verifier = passwords.make_verifier("correct horse battery")
    users.activate(user=user, verifier=verifier, by=system, now=now)
    assert User.objects.get(id=user.id).status == "active"
    passwords.check(user_id=user.id, password="correct horse battery", now=now)
    count = len(events())
    users.activate(user=user, verifier="", by=system, now=now)
    assert len(events()) == count


def test_never_replaces_a_password_by_activation(
    system: Actor, person: MakeUser, now: datetime
) -> None:
    user = person("bob")
    stale = User.objects.get(id=user.id)
    users.activate(user=user, verifier="first", by=system, now=now)
    with pytest.raises(errors.PasswordRefused):
        users.activate(user=stale, verifier="second", by=system, now=now)


def test_activates_no_disabled_user(system: Actor, person: MakeUser, now: datetime) -> None:
    user = person("bob")
    users.disable(user_id=user.id, by=system, now=now)
    with pytest.raises(errors.UserInactive):
        users.activate(user=user, verifier="", by=system, now=now)


def test_leaves_no_trace_of_a_refused_write(
    system: Actor, member: MakeUser, now: datetime, events: Events
) -> None:
    alice = member("alice", "super-admin")
    before = events()
    with pytest.raises(errors.LastOwner):
        users.edit(user_id=alice.id, last_name="Ash", status="disabled", by=system, now=now)
    assert events() == before
    assert User.objects.get(id=alice.id).last_name == ""


def test_takes_the_scope_from_the_actor(acme: Scope, other: Scope, now: datetime) -> None:
    with current.in_scope(acme.id):
        user = invite(ids.new(), actor.system(other.id), now)
        assert current.scope_in_force() == acme.id
    assert user.scope_id == other.id


def test_role_of_an_unknown_user_is_missing(system: Actor, now: datetime) -> None:
    with pytest.raises(refusals.Missing):
        role_assignments.grant(user_id=ids.new(), role="member", by=system, now=now)
