"""Groups of users, and recipients with their lists."""

from datetime import datetime
from typing import Any

import pytest

from accounts import errors, queries
from accounts.models import Group, GroupMember, Recipient, RecipientGroup, RecipientGroupMember
from accounts.services import groups, recipient_groups, recipients
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.models import Scope
from tests.unit.accounts.people import Events, MakeUser

BANK = {"iban": "DE00 0000", "amounts": [1, 2], "is_default": True, "note": None}


def make_group(by: Actor, now: datetime, name: str = "security", public_id: Any = None) -> Group:
    return groups.create(
        public_id=public_id or ids.new(), name=name, description="", by=by, now=now
    )


def make_recipient(by: Actor, now: datetime, public_id: Any = None, **changes: Any) -> Recipient:
    given = {"kind": "company", "name": "Supplier", "payment_details": [BANK]} | changes
    return recipients.create(public_id=public_id or ids.new(), by=by, now=now, **given)


def make_list(
    by: Actor,
    now: datetime,
    public_id: Any = None,
    kind: str = "whitelist",
    name: str = "suppliers",
) -> RecipientGroup:
    return recipient_groups.create(
        public_id=public_id or ids.new(), kind=kind, name=name, description="", by=by, now=now
    )


def test_repeats_creations_and_refuses_clashes(
    system: Actor, now: datetime, events: Events
) -> None:
    one, two, three = ids.new(), ids.new(), ids.new()
    made = [make_group(system, now, public_id=one), make_recipient(system, now, public_id=two)]
    made.append(make_list(system, now, public_id=three))
    count = len(events())
    again = [make_group(system, now, public_id=one), make_recipient(system, now, public_id=two)]
    again.append(make_list(system, now, public_id=three))
    assert again == made
    assert len(events()) == count
    for clash in (
        lambda: make_group(system, now, name="other", public_id=one),
        lambda: make_group(system, now),
        lambda: make_recipient(system, now, public_id=two, name="Other"),
        lambda: make_recipient(system, now, public_id=two, payment_details=[]),
        lambda: make_list(system, now, public_id=three, kind="blacklist"),
        lambda: make_list(system, now, kind="blacklist"),
    ):
        with pytest.raises(errors.NameTaken):
            clash()


def test_edits_raise_the_version(system: Actor, now: datetime) -> None:
    group, recipient, listed = (
        make_group(system, now),
        make_recipient(system, now),
        make_list(system, now),
    )
    groups.edit(public_id=group.public_id, name="new", description="d", by=system, now=now)
    recipients.edit(
        public_id=recipient.public_id, name="New", payment_details=[], by=system, now=now
    )
    recipient_groups.edit(public_id=listed.public_id, description="d", by=system, now=now)
    for model, name in ((Group, "new"), (Recipient, "New"), (RecipientGroup, "suppliers")):
        row = model.objects.get()
        assert (row.name, row.version) == (name, 2)
    assert Recipient.objects.get().payment_details == []


def test_refuses_names_that_others_have(system: Actor, now: datetime) -> None:
    group, listed = make_group(system, now), make_list(system, now)
    make_group(system, now, name="taken")
    make_list(system, now, name="taken")
    with pytest.raises(errors.NameTaken):
        groups.edit(public_id=group.public_id, name="taken", by=system, now=now)
    with pytest.raises(errors.NameTaken):
        recipient_groups.edit(public_id=listed.public_id, name="taken", by=system, now=now)


def test_puts_users_in_and_out(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    group, user = make_group(system, now), person("bob")
    where: dict[str, Any] = {
        "public_id": group.public_id,
        "user_id": user.id,
        "by": system,
        "now": now,
    }
    assert groups.add_member(**where)
    assert not groups.add_member(**where)
    assert queries.group(group.public_id).users == [user.public_id]
    assert queries.user(user.public_id).groups == [group.public_id]
    groups.remove_member(**where)
    with pytest.raises(refusals.Missing):
        groups.remove_member(**where)
    assert events()[-2:] == ["group.member-added", "group.member-removed"]


def test_puts_recipients_on_lists_and_off(system: Actor, now: datetime, events: Events) -> None:
    listed, recipient = make_list(system, now), make_recipient(system, now)
    where: dict[str, Any] = {
        "public_id": listed.public_id,
        "recipient_id": recipient.public_id,
        "by": system,
        "now": now,
    }
    assert recipient_groups.add_recipient(**where)
    assert not recipient_groups.add_recipient(**where)
    assert queries.recipient_group(listed.public_id).recipients == [recipient.public_id]
    assert queries.protecting_kinds(recipient.public_id) == ["whitelist"]
    recipient_groups.remove_recipient(**where)
    with pytest.raises(refusals.Missing):
        recipient_groups.remove_recipient(**where)
    assert queries.protecting_kinds(recipient.public_id) == []


def test_deletes_with_memberships(system: Actor, person: MakeUser, now: datetime) -> None:
    group, listed, recipient = (
        make_group(system, now),
        make_list(system, now),
        make_recipient(system, now),
    )
    groups.add_member(public_id=group.public_id, user_id=person("bob").id, by=system, now=now)
    recipient_groups.add_recipient(
        public_id=listed.public_id, recipient_id=recipient.public_id, by=system, now=now
    )
    groups.delete(public_id=group.public_id, by=system, now=now)
    recipients.delete(public_id=recipient.public_id, by=system, now=now)
    assert RecipientGroup.objects.exists()
    recipient_groups.delete(public_id=listed.public_id, by=system, now=now)
    for model in (Group, GroupMember, Recipient, RecipientGroup, RecipientGroupMember):
        assert not model.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "state"},
        {"name": ""},
        {"payment_details": [{"rate": 0.5}]},
        {"payment_details": [{"iban": "a\x00b"}]},
        {"payment_details": [{"n": 2**53}]},
        {"payment_details": [{}] * 21},
        {"payment_details": [{str(n): n for n in range(200)}]},
        {"payment_details": [{"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}]},
        {"payment_details": [{"\ud800": 1}]},
        {"payment_details": [{"x": "y" * 1025}]},
    ],
)
def test_refuses_what_can_not_be_stored(system: Actor, now: datetime, changes: Any) -> None:
    with pytest.raises(refusals.Invalid):
        make_recipient(system, now, **changes)
    assert not Recipient.objects.exists()


def test_tells_no_one_of_another_scopes(
    system: Actor, person: MakeUser, now: datetime, other: Scope
) -> None:
    group, recipient, listed = (
        make_group(system, now),
        make_recipient(system, now),
        make_list(system, now),
    )
    stranger = actor.system(other.id)
    for service, row in (
        (groups.edit, group),
        (groups.delete, group),
        (recipients.edit, recipient),
        (recipients.delete, recipient),
        (recipient_groups.edit, listed),
        (recipient_groups.delete, listed),
    ):
        with pytest.raises(refusals.Missing):
            service(public_id=row.public_id, by=stranger, now=now)
    own = make_group(stranger, now)
    with pytest.raises(refusals.Missing):
        groups.add_member(public_id=own.public_id, user_id=person("bob").id, by=stranger, now=now)
