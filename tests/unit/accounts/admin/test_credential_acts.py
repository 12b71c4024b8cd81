"""Pages on which staff issue credentials and verify those that somebody shows."""

import json
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Credential
from accounts.services import credentials
from identity import ids
from invitations.models import Proposal
from invitations.services import policies
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk

NEW = "accounts/credential/new/"
VERIFY = "accounts/credential/verify/"


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "support")


def form(**more: str) -> dict[str, str]:
    return {
        "user": "bob@example.test",
        "type": "Employee",
        "said": '{"desk": "4"}',
        "subject": "",
        "days": "30",
        "cryptosuite": "eddsa-jcs-2022",
        "sent": str(uuid4()),
        **more,
    }


def issued(desk: Desk, **more: str) -> Credential:
    assert desk.send(NEW, **form(**more)) == ["The credential is issued."]
    with cast.in_scope(desk.world):
        return Credential.objects.latest("issued_at")


def verdict(desk: Desk, document: Any) -> str:
    answer = desk.client.post(f"/admin/{VERIFY}", {"credential": json.dumps(document)})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "eddsa-rdfc-2022"])
def test_issues_what_then_verifies(desk: Desk, bob: cast.Member, suite: str) -> None:
    assert "accounts/credential/new/" in desk.get("accounts/credential/")
    row = issued(desk, cryptosuite=suite)
    assert (row.user_id, row.type_name) == (bob.user.id, "Employee")
    assert row.expires_at is not None
    assert (row.expires_at - row.issued_at).days in {29, 30}
    before = desk.traces()
    told = verdict(desk, row.document)
    for text in ("It verifies and counts now", row.issuer, "this scope", "not revoked", suite):
        assert text in told
    assert desk.traces() == before


def test_sent_twice_is_issued_once(desk: Desk, bob: cast.Member) -> None:
    del bob
    once = form()
    desk.send(NEW, **once)
    desk.client.post(f"/admin/{NEW}", once)
    assert desk.events("credential.issued") == 1


@pytest.fixture
def reviewed(world: cast.World) -> None:
    """Somebody else has to agree to credentials."""
    world.member("dora", "super-admin")
    with cast.in_scope(world):
        policies.create(
            public_id=ids.new(),
            fields={
                "name": "Credentials",
                "description": "",
                "resource": "/credentials",
                "action": "add",
                "priority": 100,
                "expression": "",
                "decision_on_true": "REVIEW",
                "review_expression": policies.ONE_OTHER_PERSON,
                "status": "active",
            },
            by=world.system,
            now=acts.now(),
        )


@pytest.mark.usefixtures("reviewed")
def test_proposes_where_a_policy_asks_for_it_and_once_for_one_form(
    desk: Desk, bob: cast.Member
) -> None:
    del bob
    once = form()
    (told,) = desk.send(NEW, **once)
    assert "was sent before" in desk.refused(NEW, **once)
    with cast.in_scope(desk.world):
        assert f"/proposal/{Proposal.objects.get().pk}/change/" in told
        assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"user": "nobody"}, "There is no such user."),
        ({"type": "two words"}, "a word of its own"),
        ({"said": '{\n"desk": }'}, "Line 2: this is no JSON"),
        ({"said": "[]"}, "write an object"),
        ({"said": '{"desk": []}'}, "A field holds something."),
        ({"said": json.dumps({"desk": "4" * 40_000})}, "larger than 32 KiB"),
        ({"subject": "did:example:other"}, "This is no DID of the user."),
        ({"days": "0"}, "greater than or equal to 1"),
    ],
)
def test_refuses_and_says_why(
    desk: Desk, bob: cast.Member, given: dict[str, str], told: str
) -> None:
    del bob
    assert told in desk.refused(NEW, **form(**given))
    with cast.in_scope(desk.world):
        assert not Credential.objects.exists()


def test_says_what_is_changed_revoked_or_foreign(desk: Desk, bob: cast.Member) -> None:
    del bob
    row = issued(desk)
    document = dict(row.document)
    changed = {**document, "credentialSubject": {**document["credentialSubject"], "desk": "5"}}
    foreign = {**document, "issuer": "did:web:elsewhere.example"}
    for wrong in (changed, foreign, {}, {"issuer": HOSTILE}):
        told = verdict(desk, wrong)
        assert "It does not count." in told
        assert "It verifies" not in told
        assert HOSTILE not in told
    with cast.in_scope(desk.world):
        credentials.revoke(credential_id=row.id, by=desk.world.system, now=acts.now())
    assert "revoked" in verdict(desk, document)
    assert "It does not count." in verdict(desk, document)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{\n\n", "this is no JSON"),
        ('"a"', "write an object"),
        ("[" * 3000, "this is no JSON"),
        ('{"a": NaN}', "this is no JSON"),
        (json.dumps({"a": "b" * 140_000}), "larger than 128 KiB"),
    ],
)
def test_says_what_to_do_about_what_is_no_credential(desk: Desk, text: str, told: str) -> None:
    assert told in desk.refused(VERIFY, credential=text)
