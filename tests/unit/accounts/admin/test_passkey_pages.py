"""Pages about passkeys: listed with what is wrong with them, and removed with a reason."""

from datetime import UTC, datetime

import pytest

from accounts.models import Passkey
from identity.models import AuditEvent
from tests import cast, passkey_holders
from tests.unit.accounts.admin.desk import Desk

PAGES = "accounts/passkey/"


@pytest.fixture
def row(world: cast.World) -> Passkey:
    bob = world.member("bob", "support")
    with cast.in_scope(world):
        return passkey_holders.passkey(bob.user, by=world.system)


def test_says_what_to_do_where_there_is_none(desk: Desk) -> None:
    assert "Nobody has a passkey yet." in desk.get(PAGES)


def test_shows_one_and_removes_it_with_a_reason(desk: Desk, row: Passkey) -> None:
    assert "bob@example.test" in desk.get(PAGES)
    page = f"{PAGES}{row.id}/"
    shown = desk.get(f"{page}change/")
    for text in ("Key of bob@example.test", "none: on one device", "yes, by PIN or finger"):
        assert text in shown
    assert "passkey.added" in shown
    assert "required" in desk.refused(f"{page}remove/", reason="")
    assert desk.send(f"{page}remove/", reason="left in a taxi") == [
        "The passkey is removed, and the user is signed out."
    ]
    with cast.in_scope(desk.world):
        assert not Passkey.objects.exists()
        assert AuditEvent.objects.get(name="passkey.removed").facts["reason"] == "left in a taxi"


def test_tells_and_filters_alarms(desk: Desk, row: Passkey) -> None:
    assert "Nothing fits" in desk.get(f"{PAGES}?alarm=raised")
    now = datetime.now(UTC)
    with cast.in_scope(desk.world):
        Passkey.objects.update(alarmed_at=now)
    assert "bob@example.test" in desk.get(f"{PAGES}?alarm=raised")
    assert "Nothing fits" in desk.get(f"{PAGES}?alarm=suspended")
    with cast.in_scope(desk.world):
        Passkey.objects.update(suspended_at=now)
    shown = desk.get(f"{PAGES}?alarm=suspended")
    assert "suspended</span>" in shown
    with cast.in_scope(desk.world):
        Passkey.objects.update(suspended_at=None, rp_id="old.example.org")
    assert "of another domain" in desk.get(PAGES)
