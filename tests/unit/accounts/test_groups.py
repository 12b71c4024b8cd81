"""Groups of users, and recipients with their lists."""

import pytest

from accounts import errors, queries
from accounts.models import Group, GroupMember, Recipient, RecipientGroup, RecipientGroupMember
from accounts.services import groups, recipient_groups, recipients
from identity import actor, ids
from identity import errors as refusals

BANK = {"iban": "DE00 0000", "amounts": [1, 2], "is_default": True, "note": None}


def make_group(by, now, name="security", public_id=None):
    return groups.create(
        public_id=public_id or ids.new(), name=name, description="", by=by, now=now
    )


def make_recipient(by, now, public_id=None, **changes):
    given = {"kind": "company", "name": "Supplier", "payment_details": [BANK]} | changes
    return recipients.create(public_id=public_id or ids.new(), by=by, now=now, **given)


def make_list(by, now, public_id=None, kind="whitelist", name="suppliers"):
    return recipient_groups.create(
        public_id=public_id or ids.new(), kind=kind, name=name, description="", by=by, now=now
    )


def test_repeats_creations_and_refuses_clashes(system, now, events):
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


def test_edits_raise_the_version(system, now):
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


def test_refuses_names_that_others_have(system, now):
    group, listed = make_group(system, now), make_list(system, now)
    make_group(system, now, name="taken")
    make_list(system, now, name="taken")
    with pytest.raises(errors.NameTaken):
        groups.edit(public_id=group.public_id, name="taken", by=system, now=now)
    with pytest.raises(errors.NameTaken):
        recipient_groups.edit(public_id=listed.public_id, name="taken", by=system, now=now)


def test_puts_users_in_and_out(system, person, now, events):
    group, user = make_group(system, now), person("bob")
    where = {"public_id": group.public_id, "user_id": user.id, "by": system, "now": now}
    assert groups.add_member(**where)
    assert not groups.add_member(**where)
    assert queries.group(group.public_id).users == [user.public_id]
    assert queries.user(user.public_id).groups == [group.public_id]
    groups.remove_member(**where)
    with pytest.raises(refusals.Missing):
        groups.remove_member(**where)
    assert events()[-2:] == ["group.member-added", "group.member-removed"]


def test_puts_recipients_on_lists_and_off(system, now, events):
    listed, recipient = make_list(system, now), make_recipient(system, now)
    where = {
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


def test_deletes_with_memberships(system, person, now):
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
def test_refuses_what_can_not_be_stored(system, now, changes):
    with pytest.raises(refusals.Invalid):
        make_recipient(system, now, **changes)
    assert not Recipient.objects.exists()


def test_tells_no_one_of_another_scopes(system, person, now, other):
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
        groups.add_member(
            public_id=own.public_id, user_id=person("bob").id, by=stranger, now=now
        )
