"""`/v1/credentials`: issued by the scope, shown, revoked, verified; lists that anybody may read."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts.models import Credential
from accounts.services import credentials, users
from identity import ids
from identity.crypto import (
    data_integrity,
    ed25519,
    json_ld_contexts,
    proofs,
    status_list,
    verifiable_credential,
    verification_methods,
)
from tests import cast
from tests.faces.v1.client import BASE, Bearer, InProcess, Signed, problem

FIELDS = {"desk": "4", "name": "Bob", "since": 2024, "languages": ["de", "en"]}
KEY = ed25519.generate()
SIGNER = proofs.Signer(verification_methods.method_of_key(KEY.public), KEY)
DID = SIGNER.method.partition("#")[0]
NOW = datetime.now(UTC)
Document = dict[str, Any]


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    return world.member("carol")


def issued(alice: Signed, member: cast.Member, **more: Any) -> Document:
    given = {"user": member.uid, "type": "Employee", "fields": FIELDS, **more}
    answer = alice.post("/credentials", given)
    assert answer.status_code == 201, answer.text
    told: Document = answer.json()
    return told


def verify(by: Signed | Bearer, document: Any, **more: Any) -> httpx.Response:
    return by.post("/credentials/verify", {"credential": document, **more})


def refusal(answer: httpx.Response, status: int = 422) -> str:
    """The code of what was refused, as this API tells it."""
    code = str(answer.json()["type"]).removeprefix("/problems/")
    problem(answer, status, code)
    return code


def anybody(world: cast.World, path: str, **headers: str) -> httpx.Response:
    http = httpx.Client(base_url=BASE, transport=InProcess())
    return http.get(f"/s/{world.scope.slug}/v1{path}", headers=headers)


def stranger(**more: Any) -> Document:
    """A credential of somebody of whom nothing is known but a key."""
    document: Document = {
        "@context": [json_ld_contexts.CREDENTIALS_V2],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:bob", "name": "Bob"},
        **more,
    }
    return data_integrity.sign(
        document,
        suite=data_integrity.JCS,
        signer=SIGNER,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def test_issues_shows_verifies_and_revokes(alice: Signed, member: cast.Member) -> None:
    told = issued(alice, member)
    assert (told["user"], told["type"], told["status"]) == (member.uid, "Employee", "valid")
    assert told["document"]["credentialSubject"]["desk"] == "4"
    path = f"/credentials/{told['id']}"
    assert alice.get(path).json() == told
    assert alice.get("/credentials").json()["items"] == [told]
    for form, version in (("document", "2.0"), ("document_1_1", "1.1")):
        said = verify(alice, told[form]).json()
        assert (said["version"], said["issuer_is"], said["status"]) == (version, "scope", "checked")
        assert (said["issued_here"], said["user"]) == (told["id"], member.uid)
        assert said["issuer"] == told["issuer"]
    gone = alice.send("DELETE", path, {"reason": "left"}).json()
    assert (gone["status"], bool(gone["revoked_at"])) == ("revoked", True)
    for form in ("document", "document_1_1"):
        assert refusal(verify(alice, told[form])) == "credential.revoked"
    (event,) = alice.get("/audit?name=credential.revoked").json()["items"]
    assert event["facts"]["reason"] == "left"
    assert alice.send("DELETE", path).json()["status"] == "revoked"


@pytest.mark.parametrize("suite", sorted(data_integrity.SUITES))
def test_issues_with_either_suite(alice: Signed, member: cast.Member, suite: str) -> None:
    told = issued(alice, member, cryptosuite=suite)
    assert told["document"]["proof"]["cryptosuite"] == suite
    assert verify(alice, told["document"]).json()["cryptosuite"] == suite


def test_ends_when_it_was_to_end(alice: Signed, member: cast.Member) -> None:
    later = (NOW + timedelta(days=30)).replace(microsecond=0)
    told = issued(alice, member, expires_at=later.isoformat())
    assert datetime.fromisoformat(told["expires_at"]) == later
    said = verify(alice, told["document"]).json()
    assert datetime.fromisoformat(said["valid_until"]) == later


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"user": str(ids.new())}, 404),
        ({"type": "VerifiableCredential"}, 400),
        ({"type": "a b"}, 400),
        ({"fields": {"@id": "x"}}, 400),
        ({"fields": {"proof": "x"}}, 400),
        ({"subject": "did:example:alice"}, 400),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
        ({"cryptosuite": "eddsa-2022"}, 400),
        ({"issuer": "did:example:alice"}, 400),
    ],
)
def test_issues_nothing_that_it_can_not_mean(
    alice: Signed, member: cast.Member, change: Document, status: int
) -> None:
    given = {"user": member.uid, "type": "Employee", "fields": FIELDS, **change}
    assert alice.post("/credentials", given).status_code == status
    assert alice.get("/credentials").json()["items"] == []


def test_makes_one_of_one_id(alice: Signed, member: cast.Member) -> None:
    told = issued(alice, member, id=str(ids.new()))
    given = {"user": member.uid, "type": "Employee", "fields": FIELDS, "id": told["id"]}
    assert alice.post("/credentials", given).status_code == 409


def test_lists_by_whom_and_what(alice: Signed, bob: Signed, world: cast.World) -> None:
    carol, dave = world.member("carol"), world.member("dave")
    one, other = issued(alice, carol), issued(alice, dave, type="Guest")
    alice.send("DELETE", f"/credentials/{one['id']}")

    def found(query: str) -> list[str]:
        answer = alice.get(f"/credentials{query}")
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    assert found("") == [other["id"], one["id"]]
    assert found(f"?user={carol.uid}") == found("?status=revoked") == [one["id"]]
    assert found("?type=Guest") == found("?status=valid") == [other["id"]]
    assert found("?publication=published") == []
    assert bob.get("/credentials").status_code == 403


def test_everybody_reads_the_own_ones(
    alice: Signed, member: cast.Member, world: cast.World
) -> None:
    told = issued(alice, member)
    mine = Signed.of(member, world.scope.slug)
    assert mine.get("/me/credentials").json()["items"] == [told]
    assert mine.get(f"/credentials/{told['id']}").status_code == 403
    assert alice.get("/me/credentials").json()["items"] == []


def test_a_program_verifies(world: cast.World, alice: Signed, member: cast.Member) -> None:
    told = issued(alice, member)
    made = alice.post("/api-keys", {"name": "gate", "permissions": ["credentials:verify"]})
    assert made.status_code == 201, made.text
    program = Bearer.of(made.json()["secret"], world.scope.slug)
    assert verify(program, told["document"]).status_code == 200
    assert program.get("/credentials").status_code == 403


def test_whoever_may_not_learns_nothing(bob: Signed) -> None:
    assert verify(bob, stranger()).status_code == 403


def test_says_when_nothing_is_known_of_an_issuer_but_its_key(alice: Signed) -> None:
    said = verify(alice, stranger()).json()
    assert (said["issuer"], said["issuer_is"], said["status"]) == (DID, "outside", "none")
    assert (said["issued_here"], said["user"]) == (None, None)


@pytest.mark.parametrize("name", ["expected_issuer", "expected_subject"])
def test_refuses_another_than_expected(alice: Signed, name: str) -> None:
    good = {"expected_issuer": DID, "expected_subject": "did:example:bob"}
    assert verify(alice, stranger(), **good).status_code == 200
    wrong = {**good, name: "did:example:eve"}
    assert refusal(verify(alice, stranger(), **wrong)) == "credential.unexpected"


def test_a_list_that_came_along_counts(alice: Signed) -> None:
    url = "https://issuer.example/lists/1"
    shown = stranger(credentialStatus=status_list.entry(url, 7))

    def listed(*indexes: int) -> Document:
        document = status_list.document(
            url=url,
            issuer=DID,
            encoded=status_list.encode(indexes),
            valid_from=NOW,
            valid_until=NOW + timedelta(days=1),
        )
        return data_integrity.sign(
            document,
            suite=data_integrity.JCS,
            signer=SIGNER,
            purpose="assertionMethod",
            created=NOW,
            contexts=json_ld_contexts.bundled(),
        )

    assert verify(alice, shown, status_lists=[listed(6)]).json()["status"] == "checked"
    assert refusal(verify(alice, shown, status_lists=[listed(7)])) == "credential.revoked"
    assert refusal(verify(alice, shown)) == "credential.status-unknown"


def test_anybody_reads_the_list(world: cast.World, alice: Signed, member: cast.Member) -> None:
    told = issued(alice, member)
    path = told["status_list"].partition("/v1")[2]
    before = anybody(world, path)
    assert before.status_code == 200
    assert before.headers["Content-Type"] == "application/vc"
    assert before.headers["Cache-Control"] == "public, max-age=300"
    assert before.headers["Access-Control-Allow-Origin"] == "*"
    assert before.json()["id"] == told["status_list"]
    assert anybody(world, path).content == before.content
    verified = verifiable_credential.verify(
        before.json(),
        resolve=lambda did: None,
        contexts=json_ld_contexts.bundled(),
        canonicalize=_unused,
        now=datetime.now(UTC),
    )
    assert (verified.issuer, verified.suite) == (told["issuer"], data_integrity.JCS)
    encoded = before.json()["credentialSubject"]["encodedList"]
    assert not status_list.is_set(encoded, told["status_index"])
    alice.send("DELETE", f"/credentials/{told['id']}")
    after = anybody(world, path)
    assert after.headers["ETag"] != before.headers["ETag"]
    encoded = after.json()["credentialSubject"]["encodedList"]
    assert status_list.is_set(encoded, told["status_index"])
    assert not status_list.is_set(encoded, (told["status_index"] + 1) % status_list.SIZE)


def _unused(*_: Any, **__: Any) -> list[str]:
    raise AssertionError("a list needs no graph")


@pytest.mark.parametrize("number", ["0", "2", "x", "999999999999999999", "-1", "1/2"])
def test_there_is_no_other_list(
    world: cast.World, alice: Signed, member: cast.Member, number: str
) -> None:
    issued(alice, member)
    assert anybody(world, f"/credentials/status-lists/{number}").status_code == 404


def test_anybody_reads_what_fields_mean(
    world: cast.World, alice: Signed, member: cast.Member
) -> None:
    told = issued(alice, member)
    cid = told["context"].removeprefix("ipfs://")
    answer = anybody(world, f"/credentials/contexts/{cid}")
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert "immutable" in answer.headers["Cache-Control"]
    assert json_ld_contexts.address_of(answer.content) == told["context"]
    assert "desk" in json.dumps(answer.json())
    assert anybody(world, f"/credentials/contexts/{cid[:-1]}a").status_code == 404


def test_is_of_its_scope(alice: Signed, member: cast.Member) -> None:
    told = issued(alice, member)
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/credentials/{told['id']}"
    assert charlie.get(path).status_code == 404
    assert charlie.send("DELETE", path).status_code == 404
    assert charlie.get("/credentials").json()["items"] == []
    assert anybody(other, "/credentials/status-lists/1").status_code == 404
    cid = told["context"].removeprefix("ipfs://")
    assert anybody(other, f"/credentials/contexts/{cid}").status_code == 404
    # To charlie it is a stranger's, with a list that has to be brought along.
    assert refusal(verify(charlie, told["document"])) == "credential.status-unknown"
    shown = alice.get("/credentials/status-lists/1").json()
    said = verify(charlie, told["document"], status_lists=[shown]).json()
    assert (said["issuer_is"], said["issued_here"], said["status"]) == ("outside", None, "checked")
    assert refusal(verify(charlie, told["document_1_1"])) == "credential.context-unknown"


def test_who_is_let_go_or_shut_out_has_none_that_counts(
    world: cast.World, alice: Signed, member: cast.Member
) -> None:
    told = issued(alice, member)
    with cast.in_scope(world):
        users.disable(user_id=member.user.id, by=world.system, now=NOW)
    assert refusal(verify(alice, told["document"])) == "credential.revoked"
    with cast.in_scope(world):
        users.enable(user_id=member.user.id, by=world.system, now=NOW)
    assert verify(alice, told["document"]).status_code == 200
    with cast.in_scope(world):
        users.delete(user_id=member.user.id, by=world.system, now=NOW)
    assert refusal(verify(alice, told["document"])) == "credential.revoked"
    encoded = anybody(world, "/credentials/status-lists/1").json()["credentialSubject"]
    assert status_list.is_set(encoded["encodedList"], told["status_index"])


CHANGES: dict[str, tuple[Callable[[Document], object], str]] = {
    "another value": (lambda it: it["credentialSubject"].update(desk="5"), "proof-refused"),
    "a term nobody defined": (lambda it: it.update(rank="admin"), "proof-refused"),
    "no proof": (lambda it: it.pop("proof"), "proof-refused"),
    "two proofs": (lambda it: it.update(proof=[it["proof"]] * 2), "proof-refused"),
    "no status": (lambda it: it.pop("credentialStatus"), "proof-refused"),
    "an unknown context": (
        lambda it: it["@context"].append("https://evil.example/x"),
        "context-unknown",
    ),
    "a context of its own": (
        lambda it: it["@context"].append({"desk": "urn:x"}),
        "context-unknown",
    ),
    "an unknown issuer": (lambda it: it.update(issuer="did:example:x"), "proof-refused"),
}


@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES)
def test_refuses_what_was_changed(
    alice: Signed, member: cast.Member, change: Callable[[Document], object], code: str
) -> None:
    document = copy.deepcopy(issued(alice, member)["document"])
    change(document)
    assert refusal(verify(alice, document)) == f"credential.{code}"


@pytest.mark.parametrize("document", [{}, {"@context": []}, {"type": "VerifiableCredential"}])
def test_refuses_what_is_no_credential(alice: Signed, document: Document) -> None:
    assert refusal(verify(alice, document), 400) == "credential.malformed"


def test_what_a_user_says_of_itself_is_told_apart(
    world: cast.World, alice: Signed, member: cast.Member
) -> None:
    with cast.in_scope(world):
        row = credentials.issue_about(
            subject=member.user,
            issuer_did=DID,
            signing_seed=ed25519.private_bytes(KEY),
            verification_method=SIGNER.method,
            fields={"OrgName": "Example Org"},
            type_name="Registry",
            by=world.system,
            now=datetime.now(UTC),
        )
        document = Credential.objects.get(id=row.id).document
    said = verify(alice, document).json()
    assert (said["issuer_is"], said["issued_here"]) == ("outside", str(row.id))


def test_a_change_that_needs_others_waits(member: cast.Member) -> None:
    world = cast.world()
    owner = Signed.of(world.member("olive", "workspace-maintainer"), world.scope.slug)
    subject = world.member("peter")
    given = {"user": subject.uid, "type": "Employee", "fields": FIELDS}
    answer = owner.post("/credentials", given)
    assert answer.status_code in {201, 202}, answer.text
