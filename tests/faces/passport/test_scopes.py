"""`createScope` and `updateScope`: who may, what is signed, and that each text is taken once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.management import call_command

from identity import ids
from identity.api.passport.methods import scopes as methods
from identity.models import AuditEvent, AuditHead, DeveloperKey, Scope, ServerKey
from identity.scoping import current
from identity.services import developer_keys, scopes
from identity.web.throttle import Throttle
from invitations.models import Policy, Proposal
from invitations.services import scope_offers
from tests import acts, cast
from tests.faces.passport import client as clients
from tests.faces.passport.client import Client, Developer, b64
from tests.faces.passport.people import Person

PARTY = {"id": "example.org", "origin": "https://app.example.org", "name": "Example"}


@pytest.fixture(autouse=True)
def open_deployment(settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    settings.SCOPE_CREATION = "open"
    monkeypatch.setattr(methods, "per_address", Throttle(count=20, seconds=3600))


def signed(owner: Developer, config: Any, **changed: Any) -> dict[str, Any]:
    text = config if isinstance(config, str) else b64(json.dumps(config).encode())
    given = {"config": text, "signature": owner.sign(text), "public_key": owner.spki}
    return given | changed


def ask(method: str, params: Any, **headers: str) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    status, _, raw = clients.exchange(None, json.dumps(body).encode(), named)
    assert status == 200
    told: dict[str, Any] = json.loads(raw)
    return told


def made(owner: Developer, config: Any = None) -> UUID:
    answer = ask("createScope", signed(owner, {"rp": PARTY} if config is None else config))
    assert set(answer["result"]) == {"scope_id"}, answer
    return UUID(answer["result"]["scope_id"])


def told(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["error"]["code"], answer["error"]["data"]


def world_of(scope_id: UUID) -> cast.World:
    """A scope as the cast knows its own."""
    with current.in_scope(scope_id):
        scope = Scope.objects.get()
    return cast.known(scope)


def test_makes_a_scope_that_the_signer_owns() -> None:
    owner = Developer()
    scope_id = made(owner)
    with current.in_scope(scope_id):
        scope = Scope.objects.get()
        assert (scope.name, scope.status) == ("Example", "active")
        assert scope.slug.startswith("example-org-")
        key = DeveloperKey.objects.get()
        assert key.is_owner
        assert key.public_key == developer_keys.parsed(owner.spki).hex
        chosen = scopes.settings()
        assert (chosen.passkey_rp_id, chosen.passkey_rp_name) == ("example.org", "Example")
        assert chosen.passkey_origins == "https://app.example.org"
        assert chosen.passkey_sign_up


def test_a_made_scope_has_what_every_scope_has() -> None:
    usual, scope_id = cast.world(), made(Developer())
    found = []
    for each in (usual.scope.id, scope_id):
        with current.in_scope(each):
            assert AuditHead.objects.get().sequence > 0
            keys = sorted(ServerKey.objects.values_list("purpose", "status"))
            policies = sorted(Policy.objects.values_list("name", flat=True))
            found.append((keys, policies))
    assert found[0] == found[1]


def test_people_join_and_developers_vouch_in_a_made_scope() -> None:
    owner = Developer()
    world = world_of(made(owner))
    alice = Person(Client(world))
    alice.device.origin = "https://app.example.org"
    assert alice.register().result["account_id"]
    client = Client(world)
    sealed = client.seal_json({"username": "bob"})
    credential = {"KeySignature": client.seal_json(owner.assertion(sealed))}
    params = {"encrypted_user": sealed, "encrypted_credential": credential}
    assert client.call("delegatedRegistration", params).result["account_id"]


def test_a_scope_without_passkeys_takes_no_newcomers() -> None:
    with current.in_scope(made(Developer(), {})):
        assert not scopes.settings().passkey_sign_up


@pytest.mark.parametrize(
    "rp",
    [
        {"id": "Example.org"},
        {"id": "example.org", "origin": "https://evil.test"},
        {"id": "example.org", "origin": "http://app.example.org"},
        {"id": "example.org", "origin": "https://app.example.org/path"},
        {"id": "example.org", "origin": "https://a.example.org https://b.example.org"},
        {"id": "example.org", "origin": 7},
        {"id": "example.org", "name": "x" * 101},
        {"id": "example.org", "icon": "https://app.example.org/i.png"},
        {"origin": "https://app.example.org"},
        [],
        "example.org",
    ],
)
def test_refuses_a_configuration_that_is_none(rp: Any) -> None:
    answer = ask("createScope", signed(Developer(), {"rp": rp}))
    assert answer["error"]["code"] == -32602


@pytest.mark.parametrize("config", ["x", "AAAA", b64(b"[]"), b64(b'{"a":1}'), b64(b"{" * 9000)])
def test_refuses_a_text_that_is_no_configuration(config: str) -> None:
    answer = ask("createScope", signed(Developer(), config))
    assert answer["error"]["code"] == -32602


def test_refuses_what_the_key_did_not_sign() -> None:
    owner, other = Developer(), Developer()
    good = signed(owner, {"rp": PARTY})
    elsewhere = b64(json.dumps({"rp": {"id": "evil.test"}}).encode())
    for wrong in ({"config": elsewhere}, {"public_key": other.spki}, {"signature": "AAAA"}):
        assert told(ask("createScope", good | wrong)) == (4100, "unauthenticated")
    over_plain = owner.sign(json.dumps({"rp": PARTY}))
    assert told(ask("createScope", good | {"signature": over_plain})) == (4100, "unauthenticated")


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 2048)],
    ids=["another curve", "rsa"],
)
def test_refuses_keys_of_other_kinds(key: Any) -> None:
    answer = ask("createScope", signed(Developer(key), {"rp": PARTY}))
    assert answer["error"]["code"] == -32602


def test_one_text_makes_one_scope() -> None:
    owner = Developer()
    params = signed(owner, {"rp": PARTY})
    assert "result" in ask("createScope", params)
    again = params | {"signature": owner.sign(params["config"])}
    for replayed in (params, again):
        assert told(ask("createScope", replayed)) == (-32000, "scope.configuration-used")
    with current.across_scopes(why="a test counts"):
        assert Scope.objects.filter(name="Example").count() == 1


@pytest.mark.parametrize("how", ["closed", "invitation"])
def test_nobody_makes_a_scope_where_that_is_closed(settings: Any, how: str) -> None:
    settings.SCOPE_CREATION = how
    answer = ask("createScope", signed(Developer(), {"rp": PARTY}))
    assert told(answer) == (4100, "scope.creation-closed")


def test_an_invitation_makes_one_scope(settings: Any) -> None:
    settings.SCOPE_CREATION = "invitation"
    code = scope_offers.make(now=datetime.now(UTC))
    scope_id = made(Developer(), {"rp": PARTY, "invitation": code})
    again = ask("createScope", signed(Developer(), {"rp": PARTY, "invitation": code}))
    assert told(again) == (4100, "scope.creation-closed")
    with current.across_scopes(why="a test reads the platform's record"):
        event = AuditEvent.objects.get(name="scope.offer-taken")
        assert event.facts == {"scope": str(scope_id)}
        assert not code_is_kept(code)


def code_is_kept(code: str) -> bool:
    return any(code in json.dumps(event.facts) for event in AuditEvent.objects.all())


def test_an_old_or_invented_invitation_makes_none(settings: Any) -> None:
    settings.SCOPE_CREATION = "invitation"
    old = scope_offers.make(now=datetime.now(UTC) - timedelta(days=8))
    for code in (old, "0" * 64, "x"):
        answer = ask("createScope", signed(Developer(), {"rp": PARTY, "invitation": code}))
        assert told(answer) == (4100, "scope.creation-closed")


def test_the_operator_makes_invitations(settings: Any, capsys: Any) -> None:
    settings.SCOPE_CREATION = "invitation"
    call_command("scopes", "offer")
    code = capsys.readouterr().out.strip()
    made(Developer(), {"rp": PARTY, "invitation": code})


def changed(owner: Developer, scope_id: Any, config: Any, **headers: str) -> dict[str, Any]:
    params = signed(owner, config, scope_id=str(scope_id))
    return ask("updateScope", params, **headers)


def test_the_owner_changes_the_scope() -> None:
    owner = Developer()
    scope_id = made(owner)
    party = {"id": "example.org", "origin": "https://b.example.org/", "name": "Other"}
    answer = changed(owner, scope_id, {"rp": party}, x_scope_id=str(scope_id))
    assert answer["result"] == {"scope_id": str(scope_id)}
    with current.in_scope(scope_id):
        assert Scope.objects.get().name == "Other"
        assert scopes.settings().passkey_origins == "https://b.example.org"
        event = AuditEvent.objects.get(name="scope.settings-changed")
        key = DeveloperKey.objects.get()
        assert (event.actor["kind"], event.actor["developer_key"]) == ("developer", str(key.id))


def test_refuses_a_change_by_anybody_else() -> None:
    owner, helper = Developer(), Developer()
    scope_id = made(owner)
    system = world_of(scope_id).system
    now = datetime.now(UTC)
    developer_keys.add(name="Helper", public_key=helper.spki, by=system, now=now)
    other = made(Developer())
    for key, scope in ((Developer(), scope_id), (helper, scope_id), (owner, other)):
        answer = changed(key, scope, {"rp": PARTY | {"name": "Mine"}})
        assert told(answer) == (4100, "unauthenticated")
    unknown = changed(owner, UUID(int=5), {"rp": PARTY | {"name": "Mine"}})
    assert told(unknown) == (4100, "unauthenticated")
    with current.in_scope(scope_id):
        key_id = DeveloperKey.objects.get(is_owner=True).id
    developer_keys.revoke(key_id=key_id, by=system, now=now)
    answer = changed(owner, scope_id, {"rp": PARTY | {"name": "Late"}})
    assert told(answer) == (4100, "unauthenticated")


def test_a_text_that_was_taken_changes_nothing_again() -> None:
    owner = Developer()
    created = {"rp": PARTY}
    scope_id, other = made(owner, created), made(owner, {"rp": PARTY | {"name": "Second"}})
    first = {"rp": PARTY | {"name": "First"}}
    assert "result" in changed(owner, scope_id, first)
    for scope, config in ((scope_id, first), (other, first), (other, created)):
        answer = changed(owner, scope, config)
        assert told(answer) == (-32000, "scope.configuration-used")


def test_refuses_a_header_of_another_scope() -> None:
    owner = Developer()
    scope_id, other = made(owner), made(owner, {"rp": PARTY | {"name": "Second"}})
    answer = changed(owner, scope_id, {"rp": PARTY | {"name": "X"}}, x_scope_id=str(other))
    assert told(answer) == (-32602, "scope.ambiguous")


def test_a_policy_holds_for_the_owner_too() -> None:
    owner = Developer()
    scope_id = made(owner)
    world = world_of(scope_id)
    alice = world.member("alice", "super-admin", "workspace-owner")
    with current.in_scope(scope_id):
        review(scope_id)
    config = {"rp": PARTY | {"origin": "https://b.example.org"}}
    error = changed(owner, scope_id, config)["error"]
    assert error["code"] == -32001
    with current.in_scope(scope_id):
        proposal = Proposal.objects.get()
        assert error["data"] == str(proposal.id)
        event = AuditEvent.objects.get(name="proposal.created")
        assert event.actor["developer_key"] == str(DeveloperKey.objects.get().id)
        assert scopes.settings().passkey_origins == "https://app.example.org"
    acts.approve(alice, proposal.id)
    with current.in_scope(scope_id):
        assert scopes.settings().passkey_origins == "https://b.example.org"
    assert told(changed(owner, scope_id, config)) == (-32000, "scope.configuration-used")


def review(scope_id: UUID) -> None:
    now = datetime.now(UTC)
    Policy.objects.create(
        public_id=ids.new(),
        scope_id=scope_id,
        name="settings",
        resource="/scopes/*",
        action="edit",
        decision_on_true="REVIEW",
        review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
        created_at=now,
        updated_at=now,
    )


def test_a_refused_change_spends_nothing() -> None:
    owner = Developer()
    scope_id = made(owner)
    bad = {"rp": PARTY | {"origin": "https://evil.test"}}
    assert changed(owner, scope_id, bad)["error"]["code"] == -32602
    with current.in_scope(scope_id):
        assert scopes.settings().passkey_origins == "https://app.example.org"


def test_an_address_makes_twenty_in_an_hour() -> None:
    answers = [ask("createScope", signed(Developer(), {"rp": []})) for _ in range(20)]
    assert {answer["error"]["code"] for answer in answers} == {-32602}
    answer = ask("createScope", signed(Developer(), {"rp": PARTY}))
    assert told(answer) == (-32005, "too-many-requests")


def test_a_page_reads_the_answer() -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "createScope"}
    body["params"] = signed(Developer(), {"rp": PARTY})
    headers = {"origin": "https://console.test"}
    _, told_headers, raw = clients.exchange(None, json.dumps(body).encode(), headers)
    assert "result" in json.loads(raw)
    assert told_headers["Access-Control-Allow-Origin"] == "*"
