"""`createLambda`, `listLambda` and `executeLambda`, as the published client sends them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Lambda, ManagedKey, User
from accounts.services import lambdas as services
from identity.crypto import eip191, evm
from identity.models import AuditEvent
from identity.services import developer_keys, scopes
from invitations.models import Proposal
from invitations.services import lambda_runs
from tests import cast, lambdas
from tests.account_holders import signer_of
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client, Developer, exchange
from tests.faces.passport.people import Person
from tests.faces.v1.test_own_account import reviewed

# The example of the documentation of clients.
CONFIG: dict[str, Any] = {
    "authorization": {"type": "none"},
    "verifications": {"count": 1},
    "triggers": [{"type": "hook"}],
    "envs": [],
    "max_executions": 0,
    "conditions": [
        {
            "type": "code",
            "code": "if ( '<<inputs.0>>' === 'right'){ return true; } else { return false; }",
            "output_type": "integer",
            "substitution": True,
        }
    ],
    "actions": {
        "type": "personal_sign",
        "check": "",
        "data": "0x000000",
        "substitution": True,
    },
    "postHook": [],
}


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than a server grants."""
    monkeypatch.setattr(lambda_runs, "BOUNDS", lambdas.CALM)


@pytest.fixture
def world(world: cast.World) -> cast.World:
    people.welcome(world)
    lambdas.turn_on(world, "api.example.org")
    return world


@pytest.fixture
def alice(world: cast.World) -> Client:
    """alice's client, signed in."""
    person: Person = people.registered(world)
    return replace(person.client, proof=person.enter())


@pytest.fixture
def anybody(world: cast.World) -> Client:
    return Client(world)


def create(client: Client, **changes: Any) -> str:
    told = client.call("createLambda", {"data": {**CONFIG, **changes}}).result
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told)
    return str(told)


def execute(client: Client, lambda_id: Any, *params: Any, **headers: Any) -> Answer:
    return client.call(
        "executeLambda", {"data": {"id": lambda_id, "params": list(params)}}, **headers
    )


def is_of_alice(world: cast.World, signature: str, message: bytes) -> bool:
    signed = evm.Signed(eip191.digest(message), bytes.fromhex(signature.removeprefix("0x")))
    with cast.in_scope(world):
        key = ManagedKey.objects.get(user__username="alice")
        return signer_of(signed) == bytes(key.public_key)


def test_makes_lists_and_runs_one(world: cast.World, alice: Client, anybody: Client) -> None:
    named = create(alice)
    signature = execute(anybody, named, "right").result
    assert re.fullmatch(r"0x[0-9a-f]{128}1[bc]", signature)
    assert is_of_alice(world, signature, b"\0\0\0")
    assert execute(anybody, named, "wrong").result == "Condition not met"
    [row] = alice.call("listLambda", {}).result
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["created_at"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["updated_at"])
    expected = {
        "id": named,
        "config": CONFIG,
        "status": "ready",
        "proof": None,
        "total_executions": 2,
        "ok_executions": 1,
    }
    assert {name: row[name] for name in expected} == expected
    assert set(row) == {*expected, "created_at", "updated_at"}


def test_runs_one_for_who_sends_no_header_of_ours(
    world: cast.World, alice: Client, anybody: Client
) -> None:
    named = create(alice)
    params = {"data": {"id": named, "params": ["right"]}}
    call = {"jsonrpc": "2.0", "method": "executeLambda", "params": params, "id": 3}
    _, _, told = exchange(world, json.dumps(call).encode(), {})
    assert b'"result":"0x' in told
    assert b'"id":3' in told


def test_takes_what_other_clients_leave_out(world: cast.World, alice: Client) -> None:
    # The published examples have no triggers; methods of HTTP are written in any case.
    given = {name: value for name, value in CONFIG.items() if name != "triggers"}
    call = {
        "type": "fetch",
        "endpoint": "https://api.example.org/simple/price?ids=ethereum&vs_currencies=usd",
        "protocol": "get",
        "headers": {"content-type": "application/json"},
        "body": {},
        "substitution": False,
    }
    given |= {"conditions": [call, *CONFIG["conditions"]], "postHook": [{**call, "body": {}}]}
    assert alice.call("createLambda", {"data": given}).result
    [row] = alice.call("listLambda").result
    assert row["config"]["triggers"] == [{"type": "hook"}]
    assert row["config"]["conditions"][0]["protocol"] == "GET"
    assert row["config"]["postHook"][0]["protocol"] == "GET"


def test_a_developers_user_makes_one(world: cast.World) -> None:
    developer = Developer()
    with cast.in_scope(world):
        developer_keys.add(
            name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
        )
    client = Client(world)
    sealed = client.seal_json({"username": "dora"})
    credential = {"KeySignature": client.seal_json(developer.assertion(sealed))}
    client.call(
        "delegatedRegistration", {"encrypted_user": sealed, "encrypted_credential": credential}
    )
    dora = replace(client, proof=developer.vouch(client, "dora"))
    named = create(dora)
    assert execute(client, named, "right").result.startswith("0x")
    with cast.in_scope(world):
        event = AuditEvent.objects.get(name="lambda.created")
        assert event.actor["kind"] == "developer"
        assert "developer_key" in event.actor


@pytest.mark.parametrize("method", ["createLambda", "listLambda"])
def test_knows_nobody_without_a_proof(anybody: Client, method: str) -> None:
    answer = anybody.call(method, {"data": CONFIG})
    assert (answer.error["code"], answer.error["data"]) == (4100, "unauthenticated")


def test_lists_nobody_those_of_others(world: cast.World, alice: Client) -> None:
    create(alice)
    other = people.registered(world, "bob")
    assert replace(other.client, proof=other.enter()).call("listLambda", {}).result == []


def test_runs_a_closed_one_for_its_owner_alone(
    world: cast.World, alice: Client, anybody: Client
) -> None:
    named = create(alice, authorization={"type": "jwt"})
    assert execute(anybody, named, "right").error["data"] == "unauthenticated"
    bob = people.registered(world, "bob")
    theirs = execute(replace(bob.client, proof=bob.enter()), named, "right")
    assert theirs.error["data"] == "missing"
    assert execute(alice, named, "right").result.startswith("0x")
    # Who says who it is and does not prove it is refused, also where nobody asks.
    opened = create(alice)
    forged = execute(anybody, opened, "right", x_encrypted_session=anybody.seal(b"nothing"))
    assert forged.error["data"] == "unauthenticated"
    [first, _] = alice.call("listLambda", {}).result
    assert first["total_executions"] == 1


@pytest.mark.parametrize(
    ("changes", "code", "data"),
    [
        ({"triggers": [{"type": "account"}]}, -32602, "lambda.unsupported"),
        ({"verifications": {"count": 3}}, -32602, "lambda.unsupported"),
        ({"conditions": []}, -32602, "invalid"),
        ({"post_hooks": []}, -32602, "invalid"),
        ({"postHook": {}}, -32602, "invalid"),
        ({"conditions": [lambdas.fetch("https://evil.example/")]}, -32602, "address.refused"),
        ({"conditions": [lambdas.fetch("http://127.0.0.1/")]}, -32602, "address.refused"),
        ({"user": "bob"}, -32602, "invalid"),
    ],
)
def test_refuses_by_name(alice: Client, changes: Any, code: int, data: str) -> None:
    answer = alice.call("createLambda", {"data": {**CONFIG, **changes}})
    assert (answer.error["code"], answer.error["data"]) == (code, data)


@pytest.mark.parametrize("params", [None, {}, {"data": None}, {"data": []}, [], {"data": {}}])
def test_refuses_calls_without_their_parameters(alice: Client, params: Any) -> None:
    for method in ("createLambda", "executeLambda"):
        assert alice.call(method, params).error["data"] in {"invalid", "missing"}


@pytest.mark.parametrize("named", [None, 7, "x", [], {}, "0190a1b2-0000-7000-8000-000000000000"])
def test_an_id_that_leads_nowhere_is_unknown(anybody: Client, alice: Client, named: Any) -> None:
    answer = execute(anybody, named)
    assert (answer.error["code"], answer.error["data"]) == (-32000, "missing")


@pytest.mark.parametrize("end", ["stopped", "off", "disabled", "spent"])
def test_runs_no_more(world: cast.World, alice: Client, anybody: Client, end: str) -> None:
    named = create(alice, max_executions=1)
    expected = "lambda.over"
    with cast.in_scope(world):
        if end == "stopped":
            services.disable(
                lambda_id=Lambda.objects.get().id, by=world.system, now=datetime.now(UTC)
            )
        elif end == "disabled":
            User.objects.filter(username="alice").update(status="disabled")
    if end == "off":
        with cast.in_scope(world):
            scopes.change_settings(
                changes={"lambdas": False}, by=world.system, now=datetime.now(UTC)
            )
        expected = "lambda.off"
    if end == "spent":
        assert execute(anybody, named, "wrong").result == "Condition not met"
    assert execute(anybody, named, "right").error["data"] == expected


def test_says_that_it_waits(world: cast.World, alice: Client, anybody: Client) -> None:
    world.member("carol", "super-admin")
    reviewed(world, "/lambdas", "add")
    answer = alice.call("createLambda", {"data": CONFIG})
    assert answer.error["code"] == -32001
    assert "listLambda shows" in answer.message
    with cast.in_scope(world):
        assert answer.error["data"] == str(Proposal.objects.get().id)
    assert alice.call("listLambda", {}).result == []


def test_signs_nothing_that_needs_approval(
    world: cast.World, alice: Client, anybody: Client
) -> None:
    world.member("carol", "super-admin")
    named = create(alice)
    reviewed(world, "/managed-keys/*/signatures", "add", expression='actor.type == "lambda"')
    answer = execute(anybody, named, "right")
    assert answer.error["data"] == "lambda.needs-approval"
    with cast.in_scope(world):
        assert not Proposal.objects.exists()
