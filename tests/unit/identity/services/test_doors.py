"""What may be asked before a scope is known, and what the answers hold."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Device, User
from identity import actor, ids
from identity.models import Scope, ServerKey
from identity.scoping import current, door_lookups, doors, lookups, protection
from identity.services import scopes, server_keys
from identity.services.server_keys import ENCRYPTION, SIGNATURE
from invitations.models import Invitation

NOBODY = UUID("01900000-0000-7000-8000-000000000000")
UNKNOWN_KID = "00" * 32


def _user(scope: Scope, now: datetime, **columns: Any) -> User:
    user = User(
        scope=scope,
        username=columns.pop("username", "alice"),
        status=columns.pop("status", "active"),
        created_at=now,
        updated_at=now,
        **columns,
    )
    user.clean()
    with current.in_scope(scope.id):
        user.save()
    return user


def _device(user: User, now: datetime, **columns: Any) -> Device:
    with current.in_scope(user.scope_id):
        return Device.objects.create(
            scope_id=user.scope_id,
            user=user,
            name="phone",
            signature_key=columns.pop("signature_key", "02" + "ab" * 32),
            encryption_key="PEM",
            registered_at=now,
            keys_changed_at=now,
            updated_at=now,
            **columns,
        )


def _key(scope: Scope, purpose: ServerKey.Purpose) -> ServerKey:
    with current.in_scope(scope.id):
        return ServerKey.objects.get(purpose=purpose, status="active")


def test_tells_everything_about_a_device(acme: Scope, now: datetime) -> None:
    user = _user(acme, now, networks=["192.0.2.0/24"], expires_at=now + timedelta(days=1))
    signing, opening = _key(acme, SIGNATURE), _key(acme, ENCRYPTION)
    device = _device(user, now, server_key=signing, status="unverified")
    door = doors.request_door(device.id, opening.kid)
    assert door == doors.RequestDoor(
        scope_id=acme.id,
        scope_slug="acme",
        scope_status="active",
        scope_settings="{}",
        user_id=user.id,
        user_public_id=user.public_id,
        user_status="active",
        user_kind="person",
        networks=["192.0.2.0/24"],
        user_expires_at=now + timedelta(days=1),
        device_id=device.id,
        device_status="unverified",
        invitation_id=None,
        signature_key="02" + "ab" * 32,
        encryption_key="PEM",
        registered_at=now,
        recorded_key_id=signing.id,
        recorded_key_status="active",
        recorded_key_expires_at=None,
        active_key_id=signing.id,
        opening_key_id=opening.id,
        opening_key_scope_id=acme.id,
        opening_key_status="active",
        opening_key_expires_at=None,
    )
    assert door.is_unverified
    assert door.scope == doors.ScopeDoor(acme.id, "acme", "active")


def test_tells_everything_about_an_invitations_temporary_device(acme: Scope, now: datetime) -> None:
    user = _user(acme, now, status="invited")
    with current.in_scope(acme.id):
        invitation = Invitation.objects.create(
            scope=acme,
            user=user,
            secret_digest="d" * 64,
            one_time_key="03" + "cd" * 32,
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
    door = doors.request_door(invitation.temporary_device_id, _key(acme, ENCRYPTION).kid)
    assert (door.scope_id, door.user_id, door.user_status) == (acme.id, user.id, "invited")
    assert (door.device_id, door.device_status) == (invitation.temporary_device_id, "open")
    assert (door.invitation_id, door.signature_key) == (invitation.id, "03" + "cd" * 32)
    assert (door.encryption_key, door.registered_at) == (None, None)
    assert not door.is_unverified
    assert door.reply_key_id(now) == _key(acme, SIGNATURE).id


def test_answers_about_an_unknown_device_in_the_scope_of_the_key(
    acme: Scope, charlies: Scope, now: datetime
) -> None:
    door = doors.request_door(NOBODY, _key(charlies, ENCRYPTION).kid)
    assert (door.scope_id, door.device_id, door.user_id) == (charlies.id, None, None)
    assert door.reply_key_id(now) == _key(charlies, SIGNATURE).id
    assert door.usable_opening_key_id(now) == _key(charlies, ENCRYPTION).id


@pytest.mark.django_db
def test_answers_although_nothing_is_known(now: datetime) -> None:
    door = doors.request_door(NOBODY, UNKNOWN_KID)
    assert (door.scope, door.scope_id, door.signature_key) == (None, None, None)
    assert door.reply_key_id(now) is None
    assert door.usable_opening_key_id(now) is None


def test_opens_a_device_with_no_other_scopes_key(
    acme: Scope, charlies: Scope, now: datetime
) -> None:
    device = _device(_user(acme, now), now)
    door = doors.request_door(device.id, _key(charlies, ENCRYPTION).kid)
    assert (door.scope_id, door.opening_key_scope_id) == (acme.id, charlies.id)
    assert door.usable_opening_key_id(now) is None


def test_opens_with_no_signature_key(acme: Scope, now: datetime) -> None:
    door = doors.request_door(NOBODY, _key(acme, SIGNATURE).kid)
    assert (door.scope_id, door.opening_key_id) == (None, None)


def test_opens_and_signs_with_old_keys_for_90_days(acme: Scope, now: datetime) -> None:
    old_signing, old_opening = _key(acme, SIGNATURE), _key(acme, ENCRYPTION)
    device = _device(_user(acme, now), now, server_key=old_signing)
    for purpose in (SIGNATURE, ENCRYPTION):
        server_keys.rotate(purpose=purpose, by=actor.system(acme.id), now=now)
    door = doors.request_door(device.id, old_opening.kid)
    last = now + timedelta(days=90, microseconds=-1)
    assert door.reply_key_id(last) == old_signing.id
    assert door.usable_opening_key_id(last) == old_opening.id
    over = now + timedelta(days=90)
    assert door.reply_key_id(over) == door.active_key_id == _key(acme, SIGNATURE).id
    assert door.usable_opening_key_id(over) is None
    with current.in_scope(acme.id):
        server_keys.retire_expired(now=over)
    door = doors.request_door(device.id, old_opening.kid)
    # Whatever the clock says: what was retired stays so.
    assert door.reply_key_id(now) == door.active_key_id
    assert door.usable_opening_key_id(now) is None


def test_reads_changed_settings_and_states_at_once(acme: Scope, now: datetime) -> None:
    user = _user(acme, now)
    device = _device(user, now)
    by = actor.system(acme.id)
    scopes.change_settings(changes={"max_devices": 2}, by=by, now=now)
    scopes.suspend(by=by, now=now)
    with current.in_scope(acme.id):
        Device.objects.filter(id=device.id).update(status="revoked", revoked_at=now)
        User.objects.filter(id=user.id).update(status="disabled")
    door = doors.request_door(device.id, UNKNOWN_KID)
    assert door.scope_settings is not None
    assert "max_devices" in door.scope_settings
    assert (door.scope_status, door.device_status, door.user_status) == (
        "suspended",
        "revoked",
        "disabled",
    )


def test_shows_no_public_key_of_devices_in_logs(acme: Scope, now: datetime) -> None:
    device = _device(_user(acme, now), now)
    assert "PEM" not in repr(doors.request_door(device.id, UNKNOWN_KID))


def test_costs_one_statement_in_any_state(acme: Scope, now: datetime) -> None:
    device = _device(_user(acme, now), now)
    with CaptureQueriesContext(connection) as statements:
        outside = doors.request_door(device.id, UNKNOWN_KID)
        with current.in_scope(ids.new()):
            inside = doors.request_door(device.id, UNKNOWN_KID)
    assert outside == inside
    assert len(statements) == 2


@pytest.mark.parametrize(
    "lookup", [*door_lookups.OF_THE_FLOOR, *door_lookups.OF_PEOPLE], ids=lambda x: x.name
)
@pytest.mark.django_db
def test_reads_no_table_from_end_to_end(lookup: lookups.Lookup) -> None:
    values: dict[str, Any] = {"uuid": NOBODY, "text": "x"}
    arguments = {name: values[kind] for name, kind in lookup.arguments}
    with current.as_owner(why="plans"), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The tables are empty here; without this the planner would not bother with an index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {lookup.sql}", arguments)
            steps = [step for (step,) in cursor.fetchall() if "Seq Scan" in step]
        else:
            plain = {name: getattr(value, "hex", value) for name, value in arguments.items()}
            cursor.execute(f"EXPLAIN QUERY PLAN {lookup.sql}", plain)
            steps = [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")]
    # `always` is the one row that the outer joins of the request door hang on; the index of the
    # platform scope has one entry.
    small = ("SCAN always", "SCAN CONSTANT ROW", "SCAN identity_scope USING INDEX scope_one_platf")
    assert [step for step in steps if not step.startswith(small)] == []


@pytest.mark.django_db
def test_knows_the_functions_of_this_database() -> None:
    with current.as_owner(why="look at the catalogue"):
        assert lookups.stale(connection) == []
        assert protection.unprotected_tables(connection) == []
        assert protection.ungranted_tables(connection) == []


def test_is_the_only_way_past_the_wall(acme: Scope, charlies: Scope, now: datetime) -> None:
    device = _device(_user(acme, now), now)
    sql = "SELECT count(*) FROM accounts_device WHERE id = %s"
    value = device.id if connection.vendor == "postgresql" else device.id.hex
    with current.in_scope(charlies.id), connection.cursor() as cursor:
        assert doors.request_door(device.id, UNKNOWN_KID).scope_id == acme.id
        cursor.execute(sql, [value])
        (seen,) = cursor.fetchone()
    assert seen == (0 if connection.vendor == "postgresql" else 1)
    if connection.vendor == "postgresql":
        with current.across_scopes(why="test"), pytest.raises(Error), transaction.atomic():
            connection.cursor().execute("SELECT * FROM countersign_operator_count()")


def test_finds_scopes_by_id_slug_and_host(acme: Scope, now: datetime) -> None:
    scopes.add_host(host="acme.example", by=actor.system(acme.id), now=now)
    expected = doors.ScopeDoor(acme.id, "acme", "active")
    assert doors.scope_by_id(acme.id) == expected
    assert doors.scope_by_slug("acme") == expected
    assert doors.scope_by_host("acme.example") == expected
    assert doors.scope_by_id(NOBODY) is None
    for name in ("ACME", "acme ", "", "a\x00", "\ud800", "%s", "' OR 1=1"):
        assert doors.scope_by_slug(name) is None
        assert doors.scope_by_host(name) is None


def test_has_a_default_scope_only_if_one_is_set(acme: Scope, settings: Settings) -> None:
    settings.DEFAULT_SCOPE = ""
    assert doors.default_scope() is None
    settings.DEFAULT_SCOPE = "acme"
    found = doors.default_scope()
    assert found is not None
    assert found.scope_id == acme.id
    settings.DEFAULT_SCOPE = "nobody"
    assert doors.default_scope() is None


@pytest.fixture
def platform(db: None, now: datetime) -> Scope:
    return scopes.create(slug="platform", name="Platform", now=now, is_platform=True)


def test_lets_staff_in_by_scope_and_name(acme: Scope, platform: Scope, now: datetime) -> None:
    alice = _user(acme, now, username="Alice", is_staff=True, password="verifier")
    operator = _user(
        platform, now, username="Alice", is_staff=True, is_operator=True, password="other"
    )
    door = doors.staff_by_login("acme", "alice")
    assert door == doors.StaffDoor(
        alice.id, acme.id, "acme", "active", "active", is_operator=False, verifier="verifier"
    )
    assert "verifier" not in repr(door).replace("verifier=", "")
    for slug in ("", "platform"):
        found = doors.staff_by_login(slug, "alice")
        assert found is not None
        assert (found.user_id, found.is_operator) == (operator.id, True)
    assert doors.staff_by_login("nobody", "alice") is None
    assert doors.staff_by_login("acme", "a\x00") is None


def test_asks_for_no_verifier_after_the_sign_in(acme: Scope, now: datetime) -> None:
    alice = _user(acme, now, is_staff=True, password="secret verifier")
    door = doors.staff_by_id(alice.id)
    assert door is not None
    assert (door.scope_slug, door.verifier) == ("acme", "")


def test_knows_members_who_are_no_staff_not(acme: Scope, now: datetime) -> None:
    bob = _user(acme, now, username="bob")
    assert doors.staff_by_id(bob.id) is None
    assert doors.staff_by_login("acme", "bob") is None


def test_counts_active_operators_of_the_platform(
    acme: Scope, platform: Scope, now: datetime
) -> None:
    assert doors.operator_count() == 0
    _user(platform, now, username="one", is_staff=True, is_operator=True)
    _user(platform, now, username="two", is_staff=True, is_operator=True, status="disabled")
    _user(platform, now, username="three", is_staff=True)
    _user(acme, now, username="four", is_staff=True, is_operator=True)
    assert doors.operator_count() == 1
