"""Pages about credentials: read in both forms with what counts now, revoked with a reason."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Credential
from accounts.services import credential_statements, credentials
from identity import ids
from identity.models import AuditEvent
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk

PAGES = "accounts/credential/"


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "support")


def issued(desk: Desk, member: cast.Member, **more: Any) -> Credential:
    said = {"type_name": "Employee", "fields": {"desk": "4"}, "subject": "", **more}
    suite, expires_at = "eddsa-jcs-2022", None
    with cast.in_scope(desk.world):
        return credential_statements.issue(
            credential_statements.Said(
                user_id=member.user.id, suite=suite, expires_at=expires_at, **said
            ),
            credential_id=ids.new(),
            by=desk.world.system,
            now=acts.now(),
        )


def test_says_where_they_come_from_where_there_is_none(desk: Desk) -> None:
    assert "No credential was issued yet." in desk.get(PAGES)


def test_reads_and_revokes(desk: Desk, bob: cast.Member) -> None:
    row = issued(desk, bob)
    page = f"{PAGES}{row.id}/"
    assert "bob@example.test" in desk.get(PAGES)
    shown = desk.get(f"{page}change/")
    for text in ("Employee", "eddsa-jcs-2022", "Ed25519Signature2018", "credential.issued"):
        assert text in shown
    for text in (f"{row.status_index} of list 1", row.context.address, row.issuer, "valid"):
        assert text in shown
    assert "required" in desk.refused(f"{page}revoke/", reason="")
    assert desk.send(f"{page}revoke/", reason="left") == ["The credential is revoked."]
    desk.refresh(row)
    assert row.status == "revoked"
    with cast.in_scope(desk.world):
        told = AuditEvent.objects.get(name="credential.revoked")
    assert told.facts["reason"] == "left"
    assert f"{page}revoke/" not in desk.get(f"{page}change/")


def test_tells_what_became_of_its_publication(desk: Desk, bob: cast.Member) -> None:
    row = issued(desk, bob)
    with cast.in_scope(desk.world):
        credentials.note_published(
            credential=row,
            topic_id="0.0.77",
            message_id="1.000000001",
            by=desk.world.system,
            now=acts.now(),
        )
    shown = desk.get(f"{PAGES}{row.id}/change/")
    for text in ("published", "0.0.77", "1.000000001"):
        assert text in shown


@pytest.mark.parametrize("state", ["valid", "expired", "revoked"])
def test_tells_and_filters_whether_one_counts(desk: Desk, bob: cast.Member, state: str) -> None:
    row = issued(desk, bob)
    past = acts.now() - timedelta(minutes=1)
    with cast.in_scope(desk.world):
        rows = Credential.objects.filter(id=row.id)
        if state == "expired":
            rows.update(expires_at=past)
        if state == "revoked":
            rows.update(status="revoked", revoked_at=past)
    assert f">{state}</span>" in desk.get(f"{PAGES}{row.id}/change/")
    for other in ("valid", "expired", "revoked"):
        assert ("bob@example.test" in desk.get(PAGES, state=other)) == (other == state)


def test_shows_hostile_fields_as_text(desk: Desk, bob: cast.Member) -> None:
    row = issued(desk, bob, fields={"desk": HOSTILE})
    assert HOSTILE not in desk.get(f"{PAGES}{row.id}/change/") + desk.get(PAGES)


def test_finds_them_by_how_a_name_begins(desk: Desk, bob: cast.Member) -> None:
    issued(desk, bob)
    assert "Employee" in desk.get(PAGES, q="bob")
    assert "bob@example.test" not in desk.get(PAGES, q="carol")
