"""DIDs over `/v1` and on the web: made, read, resolved, and consistent with devices."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.conf import settings as deployment

from accounts.models import User
from accounts.queries import dids as queries
from accounts.services import devices, dids, users
from identity import ids
from identity.crypto import did_key, ecdsa_p256, rsa
from identity.crypto.errors import DidInvalid
from identity.errors import Missing
from identity.models import Scope
from identity.services import scopes
from tests import cast, signed_in
from tests.faces.v1.client import Bearer, InProcess, problem
from tests.faces.v1.test_proposals import Person, person
from tests.unit.accounts.people import KeyPair
from tests.unit.accounts.test_devices import proof_of
from tests.unit.accounts.test_dids import MESSAGE, SEED, VECTORS, key_did, ledger_did

NOW = datetime.now(UTC)


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> Person:
    return person(world, "alice", "super-admin")


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    return world.member("bob")


@pytest.fixture
def bob(world: cast.World, member: cast.Member) -> Bearer:
    return Bearer.of(signed_in.start(world, member).access, world.scope.slug)


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def resolved(who: Bearer, did: str) -> Any:
    return ok(who.get(asking("/dids/resolve", {"did": did})))


def asking(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}"


def read(path: str, **headers: str) -> httpx.Response:
    """What anybody reads on the web."""
    with httpx.Client(base_url=deployment.BASE_URL, transport=InProcess()) as client:
        return client.get(path, headers={key.replace("_", "-"): headers[key] for key in headers})


def web(world: cast.World, path: str, **headers: str) -> httpx.Response:
    return read(f"/s/{world.scope.slug}{path}", **headers)


def of_keys(*keys: ecdsa_p256.PublicKey) -> list[str]:
    return [did_key.of_key(key).removeprefix(did_key.PREFIX) for key in keys]


def fragments(document: Any) -> list[str]:
    return [method["id"].partition("#")[2] for method in document["verificationMethod"]]


def test_makes_ones_did_on_the_web_once(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    told = ok(bob.post("/me/dids", {"method": "web"}))
    assert ok(bob.post("/me/dids", {"method": "web"})) == told
    assert ok(bob.get("/me/dids"))["items"] == [told]
    host = deployment.BASE_URL.partition("//")[2].replace(":", "%3A")
    assert told["did"] == f"did:web:{host}:s:{world.scope.slug}:users:{member.uid}"
    assert (told["method"], told["status"], told["user"]) == ("web", "published", member.uid)
    assert fragments(told["document"]) == of_keys(member.session.keys.signature.public)


def test_a_scope_with_a_host_has_its_dids_there(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    scopes.add_host(host="id.acme.example", by=world.system, now=NOW)
    told = ok(bob.post("/me/dids", {"method": "web"}))
    assert told["did"] == f"did:web:id.acme.example:users:{member.uid}"
    host = "id.acme.example"
    assert ok(read(f"/users/{member.uid}/did.json", host=host)) == told["document"]
    own = ok(read("/.well-known/did.json", host=host))
    assert own["id"] == "did:web:id.acme.example"
    assert resolved(bob, own["id"])["didDocument"] == own


def test_serves_the_document_where_the_did_says(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    told = ok(bob.post("/me/dids", {"method": "web"}))
    path = "/" + told["did"].split(":", 3)[3].replace(":", "/").partition("/")[2]
    answer = web(world, path.removeprefix(f"/{world.scope.slug}") + "/did.json")
    assert (answer.status_code, answer.json()) == (200, told["document"])
    assert answer.headers["content-type"] == "application/did+ld+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    again = web(world, f"/users/{member.uid}/did.json", if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def test_the_scope_has_a_did_of_its_own(bob: Bearer, world: cast.World) -> None:
    document = web(world, "/did.json").json()
    (signing,) = world.server.signatures
    assert of_keys(signing)[0] in fragments(document)
    assert document["id"].endswith(f":s:{world.scope.slug}")
    assert resolved(bob, document["id"])["didDocument"] == document


@pytest.mark.parametrize(
    "user",
    [
        "",
        "nobody",
        "..;",
        "%2e%2e",
        "%2e%2e%2f%2e%2e%2fadmin",
        "a%00b",
        "A" * 5000,
        "01a22915-cfd2-72a0-ae37-e1c899623a8d",
    ],
)
def test_finds_no_other_path(world: cast.World, user: str) -> None:
    assert web(world, f"/users/{user}/did.json").status_code == 404


def test_a_device_that_goes_is_gone_from_the_document(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    made = ok(bob.post("/me/dids", {"method": "web"}))
    now = datetime.now(UTC)
    with cast.in_scope(world):
        devices.suspend(device_id=member.device.id, reason="", by=world.system, now=now)
    assert web(world, f"/users/{member.uid}/did.json").json()["verificationMethod"] == []
    with cast.in_scope(world):
        devices.resume(device_id=member.device.id, by=world.system, now=now)
    assert len(web(world, f"/users/{member.uid}/did.json").json()["verificationMethod"]) == 1
    with cast.in_scope(world):
        devices.revoke(device_id=member.device.id, reason="lost", by=world.system, now=now)
    document = web(world, f"/users/{member.uid}/did.json").json()
    assert (document["id"], document["verificationMethod"]) == (made["did"], [])


def test_a_device_with_new_keys_stands_in_the_document_with_them_alone(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    did = ok(bob.post("/me/dids", {"method": "web"}))["did"]
    new = KeyPair(ecdsa_p256.generate(), rsa.generate())
    before = resolved(bob, did)["didDocumentMetadata"]["updated"]
    later = datetime.now(UTC) + timedelta(seconds=2)
    with cast.in_scope(world):
        devices.rotate_keys(
            device_id=member.device.id,
            signature_key=new.signature_key,
            encryption_key=new.encryption_key,
            proof=proof_of(member.device.id, new),
            registration=None,
            by=world.system,
            now=later,
        )
    document = ok(web(world, f"/users/{member.uid}/did.json"))
    assert fragments(document) == of_keys(ecdsa_p256.parse_public(new.signature_key))
    told = resolved(bob, did)
    assert told["didDocument"] == document
    assert told["didDocumentMetadata"]["updated"] > before


def test_an_account_that_expired_has_no_document(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    did = ok(bob.post("/me/dids", {"method": "web"}))["did"]
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(expires_at=NOW)
    problem(web(world, f"/users/{member.uid}/did.json"), 404, "missing")
    path = asking("/v1/dids/resolve", {"did": did})
    assert ok(web(world, path))["didDocumentMetadata"]["deactivated"]


def test_a_suspended_scope_tells_nothing(
    bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    did = ok(bob.post("/me/dids", {"method": "web"}))["did"]
    with cast.in_scope(world):
        Scope.objects.filter(id=world.scope.id).update(status="suspended")
    for path in (
        "/did.json",
        f"/users/{member.uid}/did.json",
        asking("/v1/dids/resolve", {"did": did}),
    ):
        problem(web(world, path), 403, "scope.not-active")


def test_who_is_shut_out_has_no_document(
    alice: Person, bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    did = ok(bob.post("/me/dids", {"method": "web"}))["did"]
    row = ledger_did(world, member)
    with cast.in_scope(world):
        dids.note_published(did_document=row, message_id=MESSAGE, by=world.system, now=NOW)
        users.disable(user_id=member.user.id, by=world.system, now=NOW)
    reader = Bearer.of(signed_in.start(world, alice.member).access, world.scope.slug)
    assert web(world, f"/users/{member.uid}/did.json").status_code == 404
    for each in (did, row.did):
        told = resolved(reader, each)
        assert (told["didDocument"], told["didDocumentMetadata"]["deactivated"]) == (None, True)
    with cast.in_scope(world):
        users.enable(user_id=member.user.id, by=world.system, now=NOW)
    assert "deactivated" not in resolved(reader, did)["didDocumentMetadata"]
    with cast.in_scope(world):
        users.delete(user_id=member.user.id, by=world.system, now=NOW)
    for each in (did, row.did):
        told = resolved(reader, each)
        assert (told["didDocument"], told["didDocumentMetadata"]["deactivated"]) == (None, True)
    assert web(world, f"/users/{member.uid}/did.json").status_code == 404


def test_resolves_for_anybody(world: cast.World, member: cast.Member) -> None:
    row = ledger_did(world, member)
    path = asking("/v1/dids/resolve", {"did": row.did})
    problem(web(world, path), 404, "missing")
    with cast.in_scope(world):
        dids.note_published(did_document=row, message_id=MESSAGE, by=world.system, now=NOW)
    told = ok(web(world, path))
    assert told["didDocument"] == VECTORS["did_document"]
    assert told["didResolutionMetadata"] == {"contentType": "application/did+ld+json"}
    assert set(told["didDocumentMetadata"]) == {"created", "updated"}
    problem(web(cast.world(), path), 404, "missing")


def test_resolves_any_key_and_asks_nobody(bob: Bearer) -> None:
    did = did_key.of_key(ecdsa_p256.generate().public)
    told = resolved(bob, did)
    assert (told["didDocument"]["id"], told["didDocumentMetadata"]) == (did, {})
    for elsewhere in ("did:web:example.org", "did:web:169.254.169.254:latest"):
        problem(bob.get(asking("/dids/resolve", {"did": elsewhere})), 404, "missing")
    problem(bob.get(asking("/dids/resolve", {"did": "did:ion:x"})), 404, "not-supported")
    for wrong in ("x", "did:key:z6", "did:web:A", "did:\u00e9:x", VECTORS["did"] + "#x"):
        problem(bob.get(asking("/dids/resolve", {"did": wrong})), 400, "did.invalid")
    problem(bob.get(asking("/dids/resolve", {"did": "d" * 513})), 400, "invalid")
    problem(bob.get("/dids/resolve"), 400, "invalid")


def test_takes_the_did_of_a_key_of_ones_own(bob: Bearer, member: cast.Member) -> None:
    mine = did_key.of_key(member.session.keys.signature.public)
    told = ok(bob.post("/me/dids", {"method": "key", "did": mine}))
    assert (told["did"], told["document"]["id"]) == (mine, mine)
    other = did_key.of_key(ecdsa_p256.generate().public)
    problem(bob.post("/me/dids", {"method": "key", "did": other}), 422, "did.unproven")
    for wrong in (
        {"method": "key"},
        {"method": "web", "did": mine},
        {"method": "ledger"},
        {"method": "web", "user": str(ids.new())},
        {},
    ):
        problem(bob.post("/me/dids", wrong), 400, "invalid")


def test_ends_a_did_for_ever(bob: Bearer, world: cast.World, member: cast.Member) -> None:
    made = ok(bob.post("/me/dids", {"method": "web"}))
    ended = ok(bob.post(f"/me/dids/{made['id']}/deactivate", {}))
    assert ended["deactivated_at"]
    assert ok(bob.post(f"/me/dids/{made['id']}/deactivate", {})) == ended
    problem(bob.post("/me/dids", {"method": "web"}), 409, "did.taken")
    ledger = ledger_did(world, member)
    problem(bob.post(f"/me/dids/{ledger.id}/deactivate", {}), 409, "conflict")
    other = key_did(world, world.member("carol"))
    problem(bob.post(f"/me/dids/{other.id}/deactivate", {}), 404, "missing")


def test_staff_reads_everybodys(
    alice: Person, bob: Bearer, world: cast.World, member: cast.Member
) -> None:
    reader = alice
    ledger, key = ledger_did(world, member), key_did(world, member)
    rows = ok(reader.get("/dids"))["items"]
    assert [row["did"] for row in rows] == [key.did, ledger.did]
    assert "document" not in rows[0]
    for query, found in (
        ({"did": ledger.did}, [ledger.did]),
        ({"user": member.uid, "method": "key"}, [key.did]),
        ({"user": str(ids.new())}, []),
    ):
        assert [row["did"] for row in ok(reader.get(asking("/dids", query)))["items"]] == found
    told = ok(reader.get(f"/dids/{ledger.id}"))
    assert (told["document"], told["username"]) == (
        VECTORS["did_document"],
        member.user.username,
    )
    for wrong in ("did:\0", "x", "", "did:\u00e9"):
        problem(reader.get(asking("/dids", {"did": wrong})), 400, "invalid")
    everything = str(ok(reader.get("/dids"))) + str(told)
    assert SEED.hex() not in everything
    assert VECTORS["did_keys"][0]["key"] not in everything
    problem(bob.get("/dids"), 403, "forbidden")
    problem(bob.get(f"/dids/{ledger.id}"), 403, "forbidden")
    problem(reader.get(f"/dids/{ids.new()}"), 404, "missing")


def test_an_address_that_no_did_can_name_has_none(
    settings: Any, world: cast.World, member: cast.Member
) -> None:
    row = ledger_did(world, member)
    with cast.in_scope(world):
        dids.note_published(did_document=row, message_id=MESSAGE, by=world.system, now=NOW)
    settings.BASE_URL = "http://[::1]:8000"
    with cast.in_scope(world):
        assert queries.resolve(row.did, now=NOW).document == VECTORS["did_document"]
        with pytest.raises(Missing):
            queries.resolve("did:web:id.example.org", now=NOW)
        with pytest.raises(DidInvalid):
            queries.own_document(is_below_path=True, now=NOW)
