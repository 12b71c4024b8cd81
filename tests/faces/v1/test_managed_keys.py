"""Accounts over `/v1`: one's own made and used to sign; everybody's read by staff."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from identity import ids
from identity.models import AuditEvent
from invitations.models import Proposal
from tests import cast, signed_in
from tests.account_holders import FRIEND, PAYMENT, TYPED_DATA, account
from tests.faces.v1.client import Bearer, Signed, problem
from tests.faces.v1.test_own_account import reviewed
from tests.faces.v1.test_proposals import Person, person


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


@pytest.fixture
def stranger(world: cast.World) -> Bearer:
    return Bearer.of(signed_in.start(world, world.member("carol")).access, world.scope.slug)


def made(bob: Bearer) -> dict[str, Any]:
    answer = bob.post("/me/managed-key", {})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def signed(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_makes_ones_account_once(bob: Bearer, world: cast.World, member: cast.Member) -> None:
    problem(bob.get("/me/managed-key"), 404, "missing")
    problem(bob.post("/me/managed-key/messages", {"text": "hello"}), 404, "missing")
    told = made(bob)
    assert made(bob) == bob.get("/me/managed-key").json() == told
    row = account(world, member)
    assert told["address"] == row.address
    assert told["public_key"] == f"0x{bytes(row.public_key).hex()}"
    assert (told["user"], told["username"]) == (member.uid, member.user.username)
    assert set(told) == {"id", "address", "public_key", "user", "username", "created_at"}


@pytest.mark.parametrize("given", [{"text": "héllo"}, {"data": "0x68C3A96c6c6f"}], ids=str)
def test_signs_a_message(bob: Bearer, given: dict[str, str]) -> None:
    address = made(bob)["address"]
    told = signed(bob.post("/me/managed-key/messages", given))
    message = encode_defunct(text="héllo")
    assert Account.recover_message(message, signature=told["signature"]) == address
    assert told["raw_transaction"] is None


def test_signs_a_transaction(bob: Bearer) -> None:
    address = made(bob)["address"]
    told = signed(bob.post("/me/managed-key/transactions", {"transaction": PAYMENT}))
    assert Account.recover_transaction(told["raw_transaction"]) == address
    other = PAYMENT | {"from": FRIEND}
    problem(bob.post("/me/managed-key/transactions", {"transaction": other}), 400, "invalid")


@pytest.mark.parametrize("given", [TYPED_DATA, json.dumps(TYPED_DATA)], ids=["object", "text"])
def test_signs_typed_data(bob: Bearer, given: Any) -> None:
    address = made(bob)["address"]
    told = signed(bob.post("/me/managed-key/typed-data", {"typed_data": given}))
    message = encode_typed_data(full_message=TYPED_DATA)
    assert Account.recover_message(message, signature=told["signature"]) == address


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("messages", {}),
        ("messages", {"text": "hello", "data": "0x00"}),
        ("messages", {"data": "hello"}),
        ("messages", {"text": 5}),
        ("transactions", {}),
        ("transactions", {"transaction": {}}),
        ("transactions", {"transaction": PAYMENT | {"type": "0x3"}}),
        ("typed-data", {"typed_data": {}}),
        ("typed-data", {"typed_data": "{"}),
        ("typed-data", {"typed_data": []}),
    ],
    ids=str,
)
def test_refuses_what_is_not_signed(bob: Bearer, path: str, given: dict[str, Any]) -> None:
    made(bob)
    problem(bob.post(f"/me/managed-key/{path}", given), 400, "invalid")


def test_an_old_session_signs_nothing(world: cast.World, member: cast.Member) -> None:
    account(world, member)
    began = datetime.now(UTC) - timedelta(minutes=6)
    old = Bearer.of(signed_in.start(world, member, now=began).access, world.scope.slug)
    answer = old.post("/me/managed-key/messages", {"text": "hello"})
    problem(answer, 403, "session.step-up-needed")
    assert old.get("/me/managed-key").status_code == 200


def test_lists_what_was_signed(bob: Bearer) -> None:
    made(bob)
    first = signed(bob.post("/me/managed-key/messages", {"text": "one"}))
    second = signed(bob.post("/me/managed-key/transactions", {"transaction": PAYMENT}))
    items = bob.get("/me/managed-key/signatures").json()["items"]
    assert [(item["kind"], item["digest"]) for item in items] == [
        ("transaction", second["digest"]),
        ("personal_message", first["digest"]),
    ]
    assert {item["outcome"] for item in items} == {"signed"}
    assert items[0]["session"]
    assert first["signature"] not in str(items)
    # What was given at once is not kept.
    problem(bob.get(f"/me/managed-key/signatures/{items[0]['id']}"), 404, "missing")


def test_waits_where_a_policy_asks_for_it(
    world: cast.World, alice: Person, bob: Bearer, member: cast.Member
) -> None:
    above = 'details.kind == "transaction" && details.value_wei >= 1000000000000000000'
    reviewed(world, "/managed-keys/**", "add", expression=above)
    address = made(bob)["address"]
    signed(bob.post("/me/managed-key/transactions", {"transaction": PAYMENT | {"value": "1"}}))
    answer = bob.post("/me/managed-key/transactions", {"transaction": PAYMENT})
    assert answer.status_code == 202, answer.text
    waiting = answer.json()["proposal"]["id"]
    path = f"/me/managed-key/signatures/{waiting}"
    problem(bob.get(path), 409, "key-signature.waits")
    shown = alice.get(f"/proposals/{waiting}").json()
    assert FRIEND in str(shown)
    voted = alice.post(f"/proposals/{waiting}/votes", alice.ballot(shown, "approve"))
    assert voted.json()["state"] == "executed"
    told = signed(bob.get(path))
    assert Account.recover_transaction(told["raw_transaction"]) == address
    problem(alice.get(path), 404, "missing")
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="managed-key.signature-read").count() == 1
    assert told["signature"][2:] not in json.dumps(alice.get(f"/proposals/{waiting}").json())


def test_who_asked_follows_the_link_and_may_take_it_back(
    world: cast.World, alice: Person, bob: Bearer, stranger: Bearer
) -> None:
    reviewed(world, "/managed-keys/**", "add")
    made(bob)
    answer = bob.post("/me/managed-key/messages", {"text": "hello"}).json()
    link = answer["proposal"]["url"].removeprefix(bob.prefix)
    problem(stranger.get(link), 403, "forbidden")
    problem(stranger.post(f"{link}/cancellation"), 403, "forbidden")
    assert bob.get(link).json()["state"] == "pending"
    # Other proposals are nothing for a session, nor is anything that belongs to a device.
    problem(bob.get("/proposals?mine=true"), 403, "forbidden")
    problem(bob.get(f"{link}/evidence"), 403, "forbidden")
    assert bob.post(f"{link}/cancellation").json()["state"] == "cancelled"


def test_a_rejected_one_is_gone(world: cast.World, alice: Person, bob: Bearer) -> None:
    reviewed(world, "/managed-keys/**", "add")
    made(bob)
    assert bob.post("/me/managed-key/messages", {"text": "hello"}).status_code == 202
    with cast.in_scope(world):
        waiting = Proposal.objects.get().id
    shown = alice.get(f"/proposals/{waiting}").json()
    alice.post(f"/proposals/{waiting}/votes", alice.ballot(shown, "reject", "no"))
    path = f"/me/managed-key/signatures/{waiting}"
    problem(bob.get(path), 410, "key-signature.ended")


def test_staff_sees_accounts_and_what_they_signed(alice: Signed, bob: Bearer) -> None:
    told = made(bob)
    digest = signed(bob.post("/me/managed-key/messages", {"text": "hello"}))["digest"]
    assert alice.get("/managed-keys").json()["items"] == [told]
    assert alice.get(f"/managed-keys?address={told['address'].lower()}").json()["items"] == [told]
    assert alice.get(f"/managed-keys?address={FRIEND}").json()["items"] == []
    path = f"/managed-keys/{told['id']}"
    assert alice.get(path).json() == told
    [item] = alice.get(f"{path}/signatures").json()["items"]
    assert (item["digest"], item["outcome"], item["key"]) == (digest, "signed", told["id"])
    problem(alice.get(f"/managed-keys/{ids.new()}"), 404, "missing")
    problem(alice.get(f"/managed-keys/{ids.new()}/signatures"), 404, "missing")


def test_a_member_sees_no_account_of_others(
    world: cast.World, bob: Bearer, member: cast.Member
) -> None:
    told = made(bob)
    device = Signed.of(world.member("carol"), world.scope.slug)
    for path in ("/managed-keys", f"/managed-keys/{told['id']}"):
        problem(device.get(path), 403, "forbidden")
    carol = Bearer.of(signed_in.start(world, world.member("dan")).access, world.scope.slug)
    problem(carol.get("/me/managed-key/signatures"), 404, "missing")


def test_a_repeat_with_one_key_is_one_signature(bob: Bearer) -> None:
    made(bob)
    headers = {"Idempotency-Key": "once"}
    first = bob.post("/me/managed-key/messages", {"text": "hello"}, headers=headers)
    again = bob.post("/me/managed-key/messages", {"text": "hello"}, headers=headers)
    assert signed(first) == signed(again)
    assert len(bob.get("/me/managed-key/signatures").json()["items"]) == 1
