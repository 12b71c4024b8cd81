"""Requests that a device signed as HTTP messages, and keys whose holders signed a text."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from identity.crypto import evidence
from tests.unit.identity.crypto import bundles, http_requests
from tests.unit.identity.crypto.http_requests import BODY, base, payload, statement

SERVER_KEY = bundles.public_hex(bundles.SERVER)
MAKER_KEY = bundles.public_hex(bundles.KEYS["maker"])
OTHER = "00000000-0000-0000-0000-00000000ffff"


def failures(made: dict[str, Any]) -> list[str]:
    with pytest.raises(evidence.EvidenceInvalid) as caught:
        evidence.verify_bundle(made, expected_server_key=SERVER_KEY)
    return caught.value.failures


def test_says_that_the_proposers_device_signed() -> None:
    report = evidence.verify_bundle(http_requests.bundle(), expected_server_key=SERVER_KEY)
    assert report.request_signed_by == "device"
    assert any("RFC 9421" in note for note in report.notes)


def test_makes_what_it_verifies() -> None:
    said = {name: payload(base())[name] for name in ("action", "resource", "details")}
    said |= {"user": bundles.USERS["maker"], "device": bundles.DEVICES["maker"]}
    signature = bundles.signer(bundles.KEYS["maker"])(base())
    made = evidence.attest(
        evidence.http_request(said, base(), signature, BODY),
        evidence.HTTP_REQUEST_TYPE,
        bundles.signer(bundles.SERVER),
        bundles.kid(bundles.SERVER),
    )
    assert evidence.is_http_request(made)
    found = evidence.verify_http_request(
        made, device_keys=[MAKER_KEY], server_keys=[SERVER_KEY], at=bundles.CREATED
    )
    assert found["details"] == bundles.PAYLOAD["details"]


GET_BODY = b""
FAULTS: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("not signed by the key", lambda: payload(base(), secret=bundles.KEYS["other"])),
    ("about another body", lambda: payload(base(), body=b'{"email":"eve@example.test"}')),
    ("another body than its details", lambda: payload(base(), details={"email": "x"})),
    ("method that does not fit", lambda: payload(base(method="DELETE"))),
    ("method that does not fit", lambda: payload(base(), action="approve")),
    ("method that does not fit", lambda: payload(base(method="GET"))),
    ("another key than the device's", lambda: payload(base(device=OTHER))),
    ("signed at another time", lambda: payload(base(at=bundles.CREATED - 1000))),
    ("encloses no HTTP request", lambda: payload(base(), http={})),
    ("encloses no HTTP request", lambda: payload(base(), more=1)),
    ("not say when", lambda: payload(base(parameters=f';keyid="{bundles.DEVICES["maker"]}"'))),
    ("malformed signature base", lambda: payload(b"")),
    ("malformed signature base", lambda: payload(base() + b"\n")),
    ("malformed signature base", lambda: payload(base().replace(b"signature-params", b"x"))),
    ("not ASCII", lambda: payload(base().replace(b"acme", b"\xff"))),
    ("covers other parts", lambda: payload(base().replace(b' "content-digest")', b")"))),
    ("covers something twice", lambda: payload(b'"@method": POST\n' + base())),
    ("does not cover its target", lambda: payload(base().replace(b"@target-uri", b"x-target"))),
    ("asks for something else", lambda: payload(base(), resource="/users")),
]


@pytest.mark.parametrize(("failure", "made"), FAULTS)
def test_names_the_fault(failure: str, made: Callable[[], dict[str, Any]]) -> None:
    assert any(failure in found for found in failures(http_requests.bundle(made())))


def test_refuses_the_statement_of_another_server() -> None:
    forged = statement(payload(base()), secret=bundles.KEYS["other"])
    made = bundles.sealed(bundles.bundle(request=forged))
    assert any("not attested" in failure for failure in failures(made))


def test_refuses_the_request_of_another_device_or_user() -> None:
    theirs = payload(base(device=bundles.DEVICES["alice"]), name="alice")
    assert failures(http_requests.bundle(theirs))
    other = payload(base(), user=bundles.USERS["alice"])
    assert any("another user" in failure for failure in failures(http_requests.bundle(other)))


def targeted(path: str, resource: str, method: str, action: str) -> dict[str, Any]:
    target = f"https://countersign.test{path}"
    signed = base(method=method, target=target, body=b"{}")
    return payload(signed, body=b"{}", action=action, resource=resource, details={})


def verified(said: dict[str, Any]) -> dict[str, Any]:
    return evidence.verify_http_request(
        base64.b64decode(statement(said)), device_keys=[MAKER_KEY], server_keys=[SERVER_KEY]
    )


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        (f"/v1/users/{OTHER}", f"/users/{OTHER}"),
        (f"/v1/devices/{OTHER}", f"/users/{bundles.USERS['bob']}/devices/{OTHER}"),
        (f"/v1/users/{OTHER}/roles/{bundles.USERS['bob']}", f"/users/{OTHER}/roles"),
        ("/v1/users", "/users"),
        (f"/v1/invitations/{OTHER}/another", f"/users/{bundles.USERS['bob']}/devices/invite"),
        (f"/v1/policies/{OTHER}?dry=1", f"/policies/{OTHER}"),
    ],
)
def test_takes_the_target_that_its_resource_names(path: str, resource: str) -> None:
    assert verified(targeted(path, resource, "DELETE", "delete"))["resource"] == resource


def test_refuses_another_target_than_its_resource() -> None:
    resource = f"/users/{bundles.USERS['bob']}"
    with pytest.raises(evidence.EvidenceInvalid, match="another target"):
        verified(targeted(f"/v1/users/{OTHER}", resource, "DELETE", "delete"))


def test_a_vote_is_never_a_request() -> None:
    made = bundles.bundle()
    digest = bundles.hashed(made)["proposal"]["hash"]
    body = json.dumps({"proposal_hash": digest}).encode()
    resource = f"/proposals/{bundles.PROPOSAL}"
    signed = base(target=f"https://countersign.test/v1{resource}", body=body)
    said = payload(signed, body=body, action="approve", resource=resource)
    said["details"] = json.loads(body)
    votes = [{**bundles.vote("alice"), "sign1": statement(said)}, bundles.vote("bob")]
    assert any(
        "no statement of its own" in failure
        for failure in failures(bundles.sealed(bundles.bundle(votes=votes)))
    )


def held(name: str = "alice", kind: str = "authorize", **changes: Any) -> dict[str, Any]:
    """A device whose registration encloses what the holder of its key signed."""
    key = bundles.public_hex(bundles.KEYS[name])
    text = json.dumps({"signature_key": key, "subject": "x"}).encode()
    holder = {
        "statement": bundles.encoded(text),
        "signature": bundles.encoded(bundles.signer(bundles.KEYS[name])(text)),
        "one_time_key": bundles.public_hex(bundles.KEYS["one-time"]),
        "one_time_signature": bundles.encoded(bundles.signer(bundles.KEYS["one-time"])(text)),
    }
    said: dict[str, Any] = {
        "action": "add",
        "resource": "/account-management/authorize",
        "details": {"device_signature_pubkey": key},
        "user": bundles.USERS[name],
        "holder": holder,
    }
    if kind == "session":
        said |= {"resource": f"/users/{bundles.USERS[name]}/devices"}
        said["details"] = {"signature_key": key}
        said["holder"] = {part: holder[part] for part in ("statement", "signature")}
    said |= {part: value for part, value in changes.items() if part in said}
    said["holder"] = {**said["holder"], **changes.get("proof", {})}
    for gone in changes.get("without", ()):
        del said["holder"][gone]
    sign1 = bundles.attested(said, evidence.STAFF_REQUEST_TYPE)
    return bundles.device(name, registration={"kind": kind, "sign1": sign1})


def with_device(entry: dict[str, Any]) -> dict[str, Any]:
    others = [bundles.device(name) for name in bundles.USERS if name != "alice"]
    return bundles.sealed(bundles.bundle(devices=[entry, *others]))


@pytest.mark.parametrize("kind", ["authorize", "session"])
def test_notes_who_signed_the_registration(kind: str) -> None:
    report = evidence.verify_bundle(with_device(held(kind=kind)), expected_server_key=SERVER_KEY)
    note = next(note for note in report.notes if bundles.DEVICES["alice"] in note)
    assert "signed by its own new key" in note
    assert ("one-time key" in note) == (kind == "authorize")


FORGED = bundles.encoded(b"{}")
HELD_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("not signed by the key", {"proof": {"signature": bundles.encoded(bytes(64))}}),
    ("not signed by the key", {"proof": {"one_time_signature": bundles.encoded(bytes(64))}}),
    ("proof about another key", {"proof": {"statement": FORGED}}),
    ("half a proof", {"without": ["one_time_key"]}),
    ("half a proof", {"without": ["one_time_signature"]}),
    ("unreadable proof", {"without": ["signature"]}),
    ("unreadable proof", {"proof": {"more": 1}}),
    ("for another user", {"user": bundles.USERS["bob"]}),
    ("does not name its key", {"details": {}}),
]


@pytest.mark.parametrize(("failure", "changes"), HELD_FAULTS)
def test_names_the_fault_of_a_registration(failure: str, changes: dict[str, Any]) -> None:
    found = failures(with_device(held(**changes)))
    assert any(failure in one for one in found), found


def test_a_session_registers_no_key_without_its_holder() -> None:
    key = bundles.public_hex(bundles.KEYS["alice"])
    said = {
        "action": "add",
        "resource": f"/users/{bundles.USERS['alice']}/devices",
        "details": {"signature_key": key},
    }
    sign1 = bundles.attested(said, evidence.STAFF_REQUEST_TYPE)
    entry = bundles.device("alice", registration={"kind": "session", "sign1": sign1})
    assert any("no proof by its holder" in one for one in failures(with_device(entry)))
