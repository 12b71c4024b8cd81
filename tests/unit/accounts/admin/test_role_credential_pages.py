"""Pages about role credentials: issued, read with what they give now, revoked with a reason."""

from datetime import timedelta

import pytest

from accounts.models import RoleCredential
from accounts.services import role_assignments
from identity.models import AuditEvent
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk

PAGES = "accounts/rolecredential/"


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "support")


def issued(desk: Desk, **more: str) -> RoleCredential:
    form = {"user": "bob@example.test", "role": "support", "title": "", "days": "", **more}
    told = desk.send(f"{PAGES}new/", **form)
    assert told == ["The role credential is issued. Its holder's wallet can take it now."]
    with cast.in_scope(desk.world):
        return RoleCredential.objects.latest("issued_at")


def test_says_what_to_do_where_there_is_none(desk: Desk) -> None:
    shown = desk.get(PAGES)
    assert "No role credential was issued yet." in shown
    assert "Issue a role credential" in shown


def test_issues_reads_and_revokes(desk: Desk, bob: cast.Member) -> None:
    row = issued(desk, title="Support desk", days="30")
    assert (row.user_id, row.role, row.title) == (bob.user.id, "support", "Support desk")
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - row.issued_at < timedelta(days=31)
    page = f"{PAGES}{row.id}/"
    assert "bob@example.test" in desk.get(PAGES)
    shown = desk.get(f"{page}change/")
    for text in ("Support desk", "RoleCredential", "role-credential.issued", "valid"):
        assert text in shown
    assert "required" in desk.refused(f"{page}revoke/", reason="")
    assert desk.send(f"{page}revoke/", reason="a wallet was lost") == [
        "The role credential is revoked."
    ]
    desk.refresh(row)
    assert row.status == "revoked"
    with cast.in_scope(desk.world):
        told = AuditEvent.objects.get(name="role-credential.revoked")
    assert told.facts["reason"] == "a wallet was lost"
    assert f"{page}revoke/" not in desk.get(f"{page}change/")


def test_gives_no_credential_for_a_role_that_is_not_held(desk: Desk, bob: cast.Member) -> None:
    del bob
    form = {"user": "bob@example.test", "role": "super-admin"}
    assert "There is no such role" in desk.refused(f"{PAGES}new/", **form)
    assert "no such user" in desk.refused(f"{PAGES}new/", user="nobody", role="member")
    with cast.in_scope(desk.world):
        assert not RoleCredential.objects.exists()


@pytest.mark.parametrize("state", ["valid", "expired", "role-not-held", "revoked"])
def test_tells_and_filters_whether_one_gives_its_role(
    desk: Desk, world: cast.World, bob: cast.Member, state: str
) -> None:
    row = issued(desk)
    with cast.in_scope(world):
        rows = RoleCredential.objects.filter(id=row.id)
        past = acts.now() - timedelta(minutes=1)
        if state == "expired":
            rows.update(expires_at=past)
        if state == "revoked":
            rows.update(status="revoked", revoked_at=past)
        if state == "role-not-held":
            role_assignments.withdraw(
                user_id=bob.user.id, role="support", by=world.system, now=acts.now()
            )
    assert f">{state}</span>" in desk.get(f"{PAGES}{row.id}/change/")
    for other in ("valid", "expired", "role-not-held", "revoked"):
        assert ("bob@example.test" in desk.get(PAGES, state=other)) == (other == state)


def test_shows_a_hostile_title_as_text(desk: Desk, bob: cast.Member) -> None:
    del bob
    row = issued(desk, title=HOSTILE[:128])
    assert HOSTILE not in desk.get(f"{PAGES}{row.id}/change/") + desk.get(PAGES)
