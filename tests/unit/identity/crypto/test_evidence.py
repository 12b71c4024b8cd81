"""Evidence bundles: what a good one proves and what each fault is called."""

import ast
import base64
import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat

from identity.crypto import evidence
from tests.unit.identity.crypto import bundles

SOURCE = Path(evidence.__file__)
VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
SERVER_KEY = bundles.public_hex(bundles.SERVER)


def failures(made: dict[str, Any], **options: Any) -> list[str]:
    with pytest.raises(evidence.EvidenceInvalid) as caught:
        evidence.verify_bundle(made, **options)
    return caught.value.failures


def resealed(made: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The finished bundle, changed and then sealed again by a lying server."""
    copied = copy.deepcopy({name: made[name] for name in made if name != "statement"})
    change(copied)
    return evidence.seal_bundle(copied, bundles.signer(bundles.SERVER), SERVER_KEY)


GOOD = bundles.sealed(bundles.bundle())


def test_makes_the_hash_of_the_vectors() -> None:
    vector = VECTORS["proposal"]
    made = evidence.proposal_hash(
        scope=UUID(vector["tenant"]),
        proposal=UUID(vector["proposal_id"]),
        request_sign1=bytes.fromhex(vector["request_sign1"]),
        policy=UUID(vector["policy_id"]),
        policy_version=vector["policy_version"],
        review_expression=vector["review"],
        expires_at=vector["expires_at"],
    )
    assert made.hex() == vector["proposal_hash"]
    assert hashlib.sha256(bytes.fromhex(vector["hash_input_cbor"])).digest() == made


def vector_bundle(**changes: Any) -> dict[str, Any]:
    vector, keys = VECTORS["proposal"], VECTORS["keys"]
    registered = {"registered_at": 1, "registration": {"kind": "bootstrap"}}
    maker, approver = bundles.USERS["maker"], bundles.USERS["alice"]
    proposer_device, approver_device = keys["device"]["uuid"], keys["other_device"]["uuid"]
    return {
        "format": evidence.FORMAT,
        "scope": vector["tenant"],
        "proposal": {
            "id": vector["proposal_id"],
            "action": "add",
            "resource": "/users/invite",
            "hash": vector["proposal_hash"],
            "state": "pending",
            "policy": {"id": vector["policy_id"], "version": 7, "snapshot": {}},
            "review_expression": vector["review"],
            "expires_at": vector["expires_at"],
            "created_at": 1_790_000_000,
            "decided_at": None,
        },
        "request": bundles.encoded(bytes.fromhex(vector["request_sign1"])),
        "proposer": {"user": maker, "device": proposer_device},
        "votes": [
            {
                "user": approver,
                "device": approver_device,
                "decision": "approve",
                "sign1": bundles.encoded(bytes.fromhex(vector["approval_sign1"])),
                "cast_at": 1_790_000_060,
            }
        ],
        "devices": [
            {
                "device": proposer_device,
                "user": maker,
                "signature_key": keys["device"]["device_signature_pubkey"],
                **registered,
            },
            {
                "device": approver_device,
                "user": approver,
                "signature_key": vector["approver_public"],
                **registered,
            },
        ],
        "standing": [bundles.standing("alice", "workspace-owner")],
        **changes,
    }


def seal_vector(made: dict[str, Any]) -> dict[str, Any]:
    secret = int(VECTORS["keys"]["server"]["ecdsa_private"], 16)
    return evidence.seal_bundle(made, bundles.signer(secret), bundles.public_hex(secret))


def test_verifies_the_messages_of_the_vectors() -> None:
    expected = VECTORS["keys"]["server"]["server_ecdsa_pub_key"]
    report = evidence.verify_bundle(seal_vector(vector_bundle()), expected_server_key=expected)
    alice = bundles.USERS["alice"]
    assert report.votes == (evidence.VoteFinding(alice, "approve", "device", is_counted=True),)
    assert report.state == "pending"


def test_refuses_the_vectors_as_a_decision_that_needs_two() -> None:
    made = vector_bundle()
    made["proposal"] |= {"state": "executed", "decided_at": 1_790_000_100}
    assert failures(seal_vector(made)) == ["the decision lacks the approvals it claims"]


def test_reports_who_decided_what() -> None:
    report = evidence.verify_bundle(GOOD, expected_server_key=SERVER_KEY)
    assert report == evidence.Report(
        scope=str(bundles.SCOPE),
        proposal=str(bundles.PROPOSAL),
        action="add",
        resource="/users/invite",
        state="executed",
        proposer=bundles.USERS["maker"],
        request_signed_by="device",
        votes=tuple(
            evidence.VoteFinding(bundles.USERS[name], "approve", "device", is_counted=True)
            for name in ("alice", "bob")
        ),
        server_key=SERVER_KEY,
        notes=(),
    )


def test_says_when_the_server_key_was_taken_from_the_bundle() -> None:
    assert evidence.verify_bundle(GOOD).notes == (
        "the server key was not compared with one known from elsewhere",
    )


def test_refuses_another_server_key() -> None:
    other = bundles.public_hex(bundles.FORMER_SERVER)
    assert failures(GOOD, expected_server_key=other) == ["the server key is not the expected one"]


def test_refuses_anything_changed_after_sealing() -> None:
    made = copy.deepcopy(GOOD)
    made["standing"][0]["roles"].append("super-admin")
    assert failures(made) == ["the statement is about another bundle"]


def test_refuses_a_statement_signed_by_another_key_in_the_name_of_the_first() -> None:
    body = {name: GOOD[name] for name in GOOD if name != "statement"}
    forged = evidence.seal_bundle(body, bundles.signer(bundles.FORMER_SERVER), SERVER_KEY)
    assert failures(forged) == ["the statement is not signed by the key it names"]


def test_accepts_a_high_s_signature() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    item = cbor2.loads(base64.b64decode(GOOD["statement"]))
    protected, _, payload, signature = item.value
    flipped = signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    statement = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, flipped]))
    made = {**GOOD, "statement": bundles.encoded(statement)}
    evidence.verify_bundle(made, expected_server_key=SERVER_KEY)


def maker_votes(made: dict[str, Any]) -> None:
    made["votes"].append(bundles.vote("maker"))


BEFORE_SEALING: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("own vote", maker_votes, "is the proposer's own"),
    (
        "the same person twice",
        lambda made: made["votes"].append(bundles.vote("bob", at=bundles.CREATED + 101)),
        "is there twice",
    ),
    (
        "too few approvals",
        lambda made: made["votes"].pop(),
        "the decision lacks the approvals it claims",
    ),
    (
        "an approver without standing",
        lambda made: made["standing"].pop(),
        "the decision lacks the approvals it claims",
    ),
    (
        "a standing named twice",
        lambda made: made["standing"].append(bundles.standing("bob", "workspace-owner")),
        "names a user twice",
    ),
    (
        "a rejection beside the approvals",
        lambda made: made["votes"].__setitem__(1, bundles.vote("bob", "reject")),
        "was ended by rejections",
    ),
    (
        "a vote signed with another key",
        lambda made: made["votes"].__setitem__(
            1, bundles.vote("bob", secret=bundles.KEYS["alice"])
        ),
        "is not signed by the key it names",
    ),
    (
        "a vote after the decision",
        lambda made: made["votes"].__setitem__(1, bundles.vote("bob", at=bundles.CREATED + 201)),
        "was not cast in time",
    ),
    (
        "a vote before the proposal",
        lambda made: made["votes"].__setitem__(1, bundles.vote("bob", at=bundles.CREATED - 1)),
        "was not cast in time",
    ),
    (
        "a vote whose time is not that of its signature",
        lambda made: made["votes"][1].update(cast_at=bundles.CREATED + 190 + 60),
        "was signed at another time",
    ),
    (
        "a vote of a device that came later",
        lambda made: made["devices"][2].update(registered_at=bundles.CREATED + 150),
        "is not signed by the key it names",
    ),
    (
        "a vote by somebody else's device",
        lambda made: made["votes"][1].update(device=bundles.DEVICES["alice"]),
        "is by a device of another user",
    ),
    (
        "a vote by a device that is not there",
        lambda made: made["devices"].pop(),
        "is by a device that is not in the bundle",
    ),
    (
        "a request for something else",
        lambda made: made["proposal"].update(resource="/users"),
        "the request asks for something else",
    ),
    (
        "another time of making",
        lambda made: made["proposal"].update(created_at=bundles.CREATED + 121),
        "the request was signed at another time",
    ),
    (
        "a decision after the end",
        lambda made: made["proposal"].update(decided_at=bundles.EXPIRES + 1),
        "was decided after it had expired",
    ),
    (
        "a decision before the beginning",
        lambda made: made["proposal"].update(decided_at=bundles.CREATED - 1),
        "was decided before it was made",
    ),
    (
        "no decision",
        lambda made: made["proposal"].update(decided_at=None),
        "has no time of decision",
    ),
    (
        "one key on two devices",
        lambda made: made["devices"].append(
            bundles.device("bob", device=str(UUID(int=0x777)), user=bundles.USERS["bob"])
        ),
        "has a key that is listed twice",
    ),
    (
        "one device of two users",
        lambda made: made["devices"].append(
            bundles.device("bob", signature_key=bundles.public_hex(1), user=bundles.USERS["alice"])
        ),
        "belongs to several users",
    ),
    (
        "a registration that names another key",
        lambda made: made["devices"][2].update(
            registration=bundles.device("alice")["registration"]
        ),
        "has a registration that does not name its key",
    ),
    (
        "a registration by another one-time key",
        lambda made: made["devices"][2]["registration"].update(
            one_time_key=bundles.public_hex(bundles.KEYS["other"])
        ),
        "is not signed by the key it names",
    ),
    (
        "an authorization without its request",
        lambda made: made["devices"][2]["registration"].pop("sign1"),
        "lacks the signed request of kind authorize",
    ),
    (
        "an authorization without its one-time key",
        lambda made: made["devices"][2]["registration"].pop("one_time_key"),
        "is not attested by a known server key",
    ),
    (
        "a rotation without the key that signed it",
        lambda made: made["devices"][2].update(
            registration={"kind": "rotation", "sign1": bundles.encoded(b"x")}
        ),
        "does not say which key signed its registration",
    ),
    (
        "a registration that is older than its request",
        lambda made: made["devices"][2].update(registered_at=bundles.CREATED - 5061),
        "was asked for after its registration",
    ),
    (
        "an invitation's key with a signed request",
        lambda made: made["devices"][2]["registration"].update(kind="invitation"),
        "of kind invitation has no signed request",
    ),
    (
        "a vote by an invitation's key",
        lambda made: made["devices"][2].update(registration={"kind": "invitation"}),
        "is by the one-time key of an invitation",
    ),
    (
        "a review expression nobody can read",
        lambda made: made["proposal"].update(review_expression='{"all":[{"min":0,"role":"a"}]}'),
        "the decision rests on an unreadable review expression",
    ),
    (
        "a review expression that asks for nobody",
        lambda made: made["proposal"].update(review_expression='{"all":[]}'),
        "the decision rests on a review that asks for nobody",
    ),
    (
        "a clause for a role and a group at once",
        lambda made: made["proposal"].update(
            review_expression='{"all":[{"group":"g","min":1,"role":"r"}]}'
        ),
        "rests on a clause that does not name one role or group",
    ),
    (
        "a rejection that did not happen",
        lambda made: made["proposal"].update(state="rejected"),
        "the decision lacks the rejections it claims",
    ),
    (
        "another decision in the record than in the signature",
        lambda made: made["votes"].__setitem__(
            1, {**bundles.vote("bob", "reject"), "decision": "approve"}
        ),
        "says the opposite",
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"),
    [case[1:] for case in BEFORE_SEALING],
    ids=[case[0] for case in BEFORE_SEALING],
)
def test_refuses_what_a_lying_server_sealed(
    change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    made = bundles.bundle()
    change(made)
    found = failures(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert any(expected in failure for failure in found), found


AFTER_SIGNING: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    (
        "content swapped after the votes",
        lambda made: made["proposal"]["policy"].update(version=8),
        "the proposal has another hash than its content",
    ),
    (
        "quorum lowered after the votes",
        lambda made: made["proposal"].update(
            review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'
        ),
        "the proposal has another hash than its content",
    ),
    (
        "another scope",
        lambda made: made.update(scope=str(UUID(int=5))),
        "the proposal has another hash than its content",
    ),
    (
        "another request and its hash",
        lambda made: made["proposal"].update(hash="00" * 32),
        "is about another content",
    ),
    (
        "another proposal",
        lambda made: made["proposal"].update(id=str(UUID(int=6))),
        "is not one vote on this proposal",
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"),
    [case[1:] for case in AFTER_SIGNING],
    ids=[case[0] for case in AFTER_SIGNING],
)
def test_refuses_content_that_the_voters_did_not_sign(
    change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    found = failures(resealed(GOOD, change), expected_server_key=SERVER_KEY)
    assert any(expected in failure for failure in found), found


def test_names_everything_that_failed() -> None:
    made = bundles.bundle()
    maker_votes(made)
    made["standing"].pop()
    found = failures(bundles.sealed(made))
    assert len(found) == 2


def test_accepts_a_rejection() -> None:
    made = bundles.with_proposal(bundles.bundle(), state="rejected")
    made["votes"] = [bundles.vote("alice"), bundles.vote("bob", "reject")]
    report = evidence.verify_bundle(bundles.sealed(made))
    assert [found.decision for found in report.votes] == ["approve", "reject"]


@pytest.mark.parametrize("state", ["pending", "expired"])
def test_accepts_what_is_not_decided(state: str) -> None:
    made = bundles.with_proposal(bundles.bundle(votes=[]), state=state, decided_at=None)
    assert evidence.verify_bundle(bundles.sealed(made)).state == state


@pytest.mark.parametrize("state", ["cancelled", "stale", "expired"])
def test_accepts_an_end_without_a_quorum(state: str) -> None:
    made = bundles.with_proposal(bundles.bundle(votes=[]), state=state)
    assert evidence.verify_bundle(bundles.sealed(made)).state == state


def test_names_votes_and_requests_that_only_the_server_attests() -> None:
    attested = {**bundles.PAYLOAD, "user": bundles.USERS["maker"]}
    made = bundles.bundle(
        request=bundles.attested(attested, evidence.STAFF_REQUEST_TYPE),
        proposer={"user": bundles.USERS["maker"], "device": None},
        votes=[bundles.vote("alice"), bundles.staff_vote("bob")],
    )
    report = evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert report.request_signed_by == "server"
    assert [found.signed_by for found in report.votes] == ["device", "server"]
    assert report.notes == (
        "the request is attested by the server, not signed by a device",
        f"the vote of {bundles.USERS['bob']} is attested by the server, not by a device",
    )


def test_accepts_what_a_former_server_key_attested() -> None:
    votes = [bundles.vote("alice"), bundles.staff_vote("bob", secret=bundles.FORMER_SERVER)]
    made = bundles.bundle(votes=votes)
    failed = failures(bundles.sealed(made))
    assert any("is not attested by a known server key" in failure for failure in failed)
    made["former_server_keys"] = [bundles.public_hex(bundles.FORMER_SERVER)]
    evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)


def test_refuses_an_attestation_for_another_user() -> None:
    other = {**bundles.staff_vote("bob"), "user": bundles.USERS["alice"]}
    found = failures(bundles.sealed(bundles.bundle(votes=[other])))
    assert any("was attested for another user" in failure for failure in found)


def test_refuses_a_device_signature_as_an_attestation() -> None:
    posing = {**bundles.vote("bob"), "device": None}
    found = failures(bundles.sealed(bundles.bundle(votes=[bundles.vote("alice"), posing])))
    assert any("is not attested by a known server key" in failure for failure in found)


def test_accepts_a_vote_inside_a_batch() -> None:
    voted = bundles.vote("bob")
    voted["sign1"] = lambda digest: bundles.request(
        {"batch": [{"action": "get", "resource": "/me"}, bundles.ballot("approve", digest)]},
        device=bundles.DEVICES["bob"],
        secret=bundles.KEYS["bob"],
        at=bundles.CREATED + 100,
    )
    made = bundles.bundle(votes=[bundles.vote("alice"), voted])
    assert len(evidence.verify_bundle(bundles.sealed(made)).votes) == 2


def test_refuses_two_votes_in_one_message() -> None:
    voted = bundles.vote("bob")
    voted["sign1"] = lambda digest: bundles.request(
        {"batch": [bundles.ballot("reject", digest), bundles.ballot("approve", digest)]},
        device=bundles.DEVICES["bob"],
        secret=bundles.KEYS["bob"],
        at=bundles.CREATED + 100,
    )
    found = failures(bundles.sealed(bundles.bundle(votes=[bundles.vote("alice"), voted])))
    assert any("is not one vote on this proposal" in failure for failure in found)


def rotated(at: int, *, sender: str = bundles.DEVICES["bob"]) -> dict[str, Any]:
    key = bundles.public_hex(bundles.KEYS["other"], PublicFormat.UncompressedPoint)
    payload = {
        "action": "edit",
        "resource": f"/users/{bundles.USERS['bob']}/devices/{bundles.DEVICES['bob']}",
        "details": {"ecdsa_pubkey": key},
    }
    signed = bundles.request(payload, device=sender, secret=bundles.KEYS["bob"], at=at)
    return bundles.device(
        "bob",
        signature_key=bundles.public_hex(bundles.KEYS["other"]),
        registered_at=at,
        registration={
            "kind": "rotation",
            "sign1": bundles.encoded(signed),
            "signer_key": bundles.public_hex(bundles.KEYS["bob"]),
        },
    )


def test_accepts_a_vote_with_a_rotated_key() -> None:
    devices = [*bundles.bundle()["devices"], rotated(bundles.CREATED + 50)]
    votes = [bundles.vote("alice"), bundles.vote("bob", secret=bundles.KEYS["other"])]
    made = bundles.bundle(devices=devices, votes=votes)
    report = evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert report.notes == ()


def test_accepts_a_vote_cast_before_the_key_was_rotated() -> None:
    devices = [*bundles.bundle()["devices"], rotated(bundles.CREATED + 150)]
    evidence.verify_bundle(bundles.sealed(bundles.bundle(devices=devices)))


def test_refuses_a_vote_with_the_key_from_before_the_rotation() -> None:
    devices = [*bundles.bundle()["devices"], rotated(bundles.CREATED + 50)]
    found = failures(bundles.sealed(bundles.bundle(devices=devices)))
    assert any("is not signed by the key it names" in failure for failure in found)


def test_refuses_a_rotation_sent_by_another_device() -> None:
    entry = rotated(bundles.CREATED + 150, sender=bundles.DEVICES["alice"])
    devices = [*bundles.bundle()["devices"], entry]
    found = failures(bundles.sealed(bundles.bundle(devices=devices)))
    assert found == [f"device {bundles.DEVICES['bob']} was rotated by another device"]


def test_says_when_a_key_was_registered_by_a_key_outside_the_bundle() -> None:
    devices = [bundles.device("maker"), bundles.device("alice"), rotated(bundles.CREATED + 50)]
    votes = [bundles.vote("alice"), bundles.vote("bob", secret=bundles.KEYS["other"])]
    made = bundles.sealed(bundles.bundle(devices=devices, votes=votes))
    report = evidence.verify_bundle(made, expected_server_key=SERVER_KEY)
    bob = bundles.DEVICES["bob"]
    assert report.notes == (f"device {bob}: registered by a key outside the bundle",)


def creation(key: str) -> dict[str, Any]:
    return {"action": "add", "resource": "/users", "details": {"ecdsa_pubkey": key}}


def test_accepts_keys_given_at_creation_by_a_device_and_by_staff() -> None:
    made = bundles.bundle()
    for index, name in ((1, "alice"), (2, "bob")):
        payload = creation(bundles.public_hex(bundles.KEYS[name]))
        by_device = bundles.request(
            payload,
            device=bundles.DEVICES["maker"],
            secret=bundles.KEYS["maker"],
            at=bundles.CREATED - 4000,
        )
        registration = {
            "kind": "keys-at-creation",
            "sign1": bundles.encoded(by_device),
            "signer_key": bundles.public_hex(bundles.KEYS["maker"]),
        }
        if name == "bob":
            attested = bundles.attested(payload, evidence.STAFF_REQUEST_TYPE)
            registration = {"kind": "keys-at-creation", "sign1": attested}
        made["devices"][index]["registration"] = registration
    report = evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert report.notes == (
        f"device {bundles.DEVICES['bob']}: keys-at-creation, attested by the server",
    )


def test_names_an_authorization_that_only_the_server_attests() -> None:
    key = bundles.public_hex(bundles.KEYS["bob"])
    payload = {
        "action": "add",
        "resource": "/account-management/authorize",
        "details": {"device_signature_pubkey": key},
    }
    made = bundles.bundle()
    made["devices"][2]["registration"] = {
        "kind": "authorize",
        "sign1": bundles.attested(payload, evidence.STAFF_REQUEST_TYPE),
    }
    report = evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert report.notes == (f"device {bundles.DEVICES['bob']}: authorize, attested by the server",)


def test_accepts_a_proposal_of_the_invited_person() -> None:
    key = bundles.KEYS["one-time"]
    temporary = str(UUID(int=0x900))
    payload = {"action": "add", "resource": "/account-management/authorize", "details": {}}
    signed = bundles.request(payload, device=temporary, secret=key, at=bundles.CREATED)
    made = bundles.bundle(
        request=bundles.encoded(signed),
        proposer={"user": bundles.USERS["maker"], "device": temporary},
    )
    made["devices"][0] = bundles.device(
        "maker",
        device=temporary,
        signature_key=bundles.public_hex(key),
        registration={"kind": "invitation", "invitation": "1"},
    )
    made = bundles.with_proposal(made, resource="/account-management/authorize")
    report = evidence.verify_bundle(bundles.sealed(made), expected_server_key=SERVER_KEY)
    assert report.notes == (f"device {temporary}: invitation, on the server's word alone",)


def counted(review: str, standing: list[dict[str, Any]]) -> bool:
    made = bundles.with_proposal(bundles.bundle(standing=standing), review_expression=review)
    try:
        evidence.verify_bundle(bundles.sealed(made))
    except evidence.EvidenceInvalid as error:
        assert error.failures == ["the decision lacks the approvals it claims"]
        return False
    return True


@pytest.mark.parametrize(
    ("review", "alice", "bob", "expected"),
    [
        ('{"all":[],"min":2}', {}, {}, True),
        ('{"all":[],"min":2}', {}, {"is_program": True}, False),
        ('{"all":[],"api":true,"min":2}', {}, {"is_program": True}, True),
        ('{"all":[],"api":true,"min":2}', {"is_program": True}, {"is_program": True}, False),
        ('{"all":[{"group":"g","min":1}],"min":2}', {"groups": ["g"]}, {}, False),
        ('{"all":[{"group":"g","min":2}]}', {"groups": ["g"]}, {"groups": ["g"]}, True),
        ('{"and":[{"all":[],"min":2},{"all":[{"group":"g","min":1}]}]}', {}, {}, False),
        (
            '{"and":[{"all":[],"min":2},{"all":[{"group":"g","min":1}]}]}',
            {},
            {"groups": ["g"]},
            True,
        ),
    ],
)
def test_counts_as_the_review_expression_says(
    review: str, alice: dict[str, Any], bob: dict[str, Any], expected: bool
) -> None:
    standing = [bundles.standing("alice", **alice), bundles.standing("bob", **bob)]
    assert counted(review, standing) is expected


AT = bundles.CREATED + 100
OTHER_HEADER = "has another header than a request"


def claims(**changes: Any) -> dict[int, Any]:
    base = {"aud": bundles.AUDIENCE, "exp": AT + 60, "iat": AT, "cti": b"n" * 16}
    made = {**base, **changes}
    return {3: made["aud"], 4: made["exp"], 6: made["iat"], 7: made["cti"]}


def header_failures(change: dict[Any, Any]) -> list[str]:
    header = {1: -7, 3: 50, 4: UUID(bundles.DEVICES["bob"]).bytes, 15: claims()}
    header |= {16: evidence.REQUEST_TYPE, **change}
    voted = bundles.vote("bob")
    voted["sign1"] = lambda digest: bundles.sign1(
        header, json.dumps(bundles.ballot("approve", digest)).encode(), bundles.KEYS["bob"]
    )
    made = bundles.sealed(bundles.bundle(votes=[bundles.vote("alice"), voted]))
    try:
        evidence.verify_bundle(made)
    except evidence.EvidenceInvalid as error:
        return error.failures
    return []


HEADERS: list[tuple[dict[Any, Any], str]] = [
    ({1: -35}, OTHER_HEADER),
    ({3: 51}, OTHER_HEADER),
    ({16: "application/vnd.ecs.reply.v1+cose"}, OTHER_HEADER),
    ({99: 1}, OTHER_HEADER),
    ({15: {3: bundles.AUDIENCE, 4: AT + 60, 6: AT}}, OTHER_HEADER),
    ({15: {**claims(), 99: 1}}, OTHER_HEADER),
    ({15: claims(exp=float(AT + 60))}, OTHER_HEADER),
    ({15: claims(iat=True)}, OTHER_HEADER),
    ({15: claims(aud=b"x")}, OTHER_HEADER),
    ({15: claims(cti=b"n" * 15)}, OTHER_HEADER),
    ({15: 5}, OTHER_HEADER),
    ({4: "text"}, OTHER_HEADER),
    ({4: b"short"}, OTHER_HEADER),
    ({4: UUID(bundles.DEVICES["alice"]).bytes}, "was signed by another device"),
    ({15: claims(exp=AT + 301)}, "was to live too long"),
    ({15: claims(exp=AT)}, "was to live too long"),
    ({15: claims(iat=AT - 200, exp=AT - 61)}, "was signed at another time"),
    ({15: claims(iat=AT + 61, exp=AT + 100)}, "was signed at another time"),
]


@pytest.mark.parametrize(("change", "expected"), HEADERS, ids=repr)
def test_refuses_any_other_header(change: dict[Any, Any], expected: str) -> None:
    assert f"the vote of {bundles.USERS['bob']} {expected}" in header_failures(change)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {15: claims(exp=AT + 300)},
        {15: claims(exp=AT + 1)},
        {15: claims(iat=AT - 100, exp=AT - 60)},
        {15: claims(iat=AT + 60, exp=AT + 100)},
    ],
    ids=repr,
)
def test_accepts_a_header_at_the_edge(change: dict[Any, Any]) -> None:
    assert header_failures(change) == []


def parts() -> tuple[bytes, bytes, bytes]:
    item = cbor2.loads(base64.b64decode(GOOD["votes"][1]["sign1"]))
    return item.value[0], item.value[2], item.value[3]


def message(*value: Any, tag: int = 18) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(tag, list(value)))


PROTECTED, BODY, SIGNATURE = parts()
MESSAGES: list[tuple[bytes, str]] = [
    (b"", "is not CBOR"),
    (b"\xff", "is not CBOR"),
    (cbor2.dumps([PROTECTED, {}, BODY, SIGNATURE]), "is not a COSE_Sign1"),
    (cbor2.dumps(cbor2.CBORTag(18, 5)), "is not a COSE_Sign1"),
    (message(PROTECTED, {}, BODY), "is not a COSE_Sign1"),
    (message(PROTECTED, {}, None, SIGNATURE), "is not a COSE_Sign1"),
    (message(PROTECTED, b"", BODY, SIGNATURE), "is not a COSE_Sign1"),
    (message(PROTECTED, {1: -7}, BODY, SIGNATURE), "is not encoded deterministically"),
    (message(PROTECTED, {}, BODY, SIGNATURE, tag=98), "is not encoded deterministically"),
    (message(PROTECTED, {}, BODY, SIGNATURE) + b"\x00", "is not"),
    (b"\xd8\x12" + message(PROTECTED, {}, BODY, SIGNATURE)[1:], "is not encoded determin"),
    (message(PROTECTED, {}, BODY, SIGNATURE + b"\x00"), "has a signature of another length"),
    (message(PROTECTED, {}, BODY, b""), "has a signature of another length"),
    (message(PROTECTED, {}, BODY, bytes(64)), "is not signed by the key it names"),
    (message(b"", {}, BODY, SIGNATURE), OTHER_HEADER),
    (message(cbor2.dumps([]), {}, BODY, SIGNATURE), OTHER_HEADER),
    (message(b"\xd8\x24\x61a", {}, BODY, SIGNATURE), OTHER_HEADER),
]


@pytest.mark.parametrize(("sign1", "expected"), MESSAGES)
def test_refuses_any_other_message(sign1: bytes, expected: str) -> None:
    def change(made: dict[str, Any]) -> None:
        made["votes"][1]["sign1"] = bundles.encoded(sign1)

    found = failures(resealed(GOOD, change))
    assert any(f"{bundles.USERS['bob']} {expected}" in failure for failure in found), found


NOT_JSON, NO_COMMAND = "is not strict JSON", "has no command"
UNNAMED = "has a command without action, resource or details"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"[]", "is not a JSON object"),
        (b"\xff", NOT_JSON),
        (b"[" * 100_000, NOT_JSON),
        (b'{"action":NaN}', "holds the number NaN"),
        (b'{"action":"approve","action":"reject"}', "names something twice"),
        (b"{}", NO_COMMAND),
        (b'{"batch":{}}', NO_COMMAND),
        (b'{"batch":5}', NO_COMMAND),
        (b'{"action":"approve","resource":"/x","batch":[]}', NO_COMMAND),
        (b'{"batch":[1]}', "has a command that is not an object"),
        (b'{"batch":[],"atomicBatch":[{}]}', UNNAMED),
        (b'{"action":5,"resource":"/x","details":{}}', UNNAMED),
        (b'{"action":"approve","resource":1,"details":{}}', UNNAMED),
        (b'{"action":"approve","resource":"/x","details":[]}', UNNAMED),
        (b'{"batch":[]}', "is not one vote on this proposal"),
        (b'{"action":"approve","resource":"/proposals/1"}', "is not one vote on this proposal"),
    ],
)
def test_refuses_a_signed_payload_that_is_no_vote(payload: bytes, expected: str) -> None:
    voted = bundles.vote("bob")
    voted["sign1"] = lambda digest: bundles.request(
        payload, device=bundles.DEVICES["bob"], secret=bundles.KEYS["bob"], at=AT
    )
    found = failures(bundles.sealed(bundles.bundle(votes=[bundles.vote("alice"), voted])))
    assert f"the vote of {bundles.USERS['bob']} {expected}" in found


def test_refuses_a_registration_of_another_kind_of_request() -> None:
    details = {"device_signature_pubkey": bundles.public_hex(bundles.KEYS["bob"])}
    for action, resource in (
        ("edit", "/account-management/authorize"),
        ("add", "/account-management/password"),
    ):
        signed = bundles.request(
            {"action": action, "resource": resource, "details": details},
            device=str(UUID(int=0x900)),
            secret=bundles.KEYS["one-time"],
            at=bundles.CREATED - 5000,
        )
        made = bundles.bundle()
        made["devices"][2]["registration"]["sign1"] = bundles.encoded(signed)
        found = failures(bundles.sealed(made))
        assert found == [
            f"device {bundles.DEVICES['bob']} has a registration that does not name its key"
        ]


def test_refuses_a_request_attested_for_another_user() -> None:
    payload = {**bundles.PAYLOAD, "user": bundles.USERS["alice"]}
    made = bundles.bundle(
        request=bundles.attested(payload, evidence.STAFF_REQUEST_TYPE),
        proposer={"user": bundles.USERS["maker"], "device": None},
    )
    assert failures(bundles.sealed(made)) == ["the request is by another user"]


def test_refuses_a_vote_attestation_as_a_request() -> None:
    payload = {**bundles.PAYLOAD, "user": bundles.USERS["maker"]}
    made = bundles.bundle(
        request=bundles.attested(payload, evidence.STAFF_VOTE_TYPE),
        proposer={"user": bundles.USERS["maker"], "device": None},
    )
    found = failures(bundles.sealed(made))
    assert found == ["the request is not attested by a known server key"]


def test_accepts_everything_in_one_second() -> None:
    created = bundles.CREATED
    made = bundles.with_proposal(
        bundles.bundle(votes=[bundles.vote("alice", at=created), bundles.vote("bob", at=created)]),
        decided_at=created,
    )
    for entry in made["devices"]:
        entry["registered_at"] = created
    assert evidence.verify_bundle(bundles.sealed(made)).state == "executed"


def test_accepts_a_decision_in_the_last_second() -> None:
    made = bundles.with_proposal(bundles.bundle(), decided_at=bundles.EXPIRES)
    made["votes"][1] = bundles.vote("bob", at=bundles.EXPIRES)
    assert evidence.verify_bundle(bundles.sealed(made)).state == "executed"


def test_accepts_a_registration_whose_request_came_from_a_fast_clock() -> None:
    made = bundles.bundle()
    made["devices"][2]["registered_at"] = bundles.CREATED - 5060
    evidence.verify_bundle(bundles.sealed(made))


def test_accepts_both_keys_in_the_second_of_a_rotation() -> None:
    devices = [*bundles.bundle()["devices"], rotated(AT)]
    for secret in (bundles.KEYS["bob"], bundles.KEYS["other"]):
        votes = [bundles.vote("alice"), bundles.vote("bob", at=AT, secret=secret)]
        evidence.verify_bundle(bundles.sealed(bundles.bundle(devices=devices, votes=votes)))


SHAPES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("format", lambda made: made.update(format="countersign-evidence/2"), "bundle.format"),
    ("unknown member", lambda made: made.update(extra=1), "unknown member extra"),
    ("missing member", lambda made: made.pop("standing"), "bundle lacks standing"),
    ("no object", lambda made: made.update(proposal=[]), "bundle.proposal is not an object"),
    ("no list", lambda made: made.update(votes={}), "bundle.votes is not a list"),
    ("too many", lambda made: made.update(standing=[{}] * 1001), "list of at most 1000"),
    ("many", lambda made: made.update(standing=[{}] * 1000), "bundle.standing[0] lacks user"),
    ("upper case", lambda made: made.update(scope=made["scope"].upper()), "bundle.scope"),
    ("flag", lambda made: made["standing"][0].update(is_program=0), "is_program"),
    ("boolean time", lambda made: made["proposal"].update(created_at=True), "created_at"),
    ("negative time", lambda made: made["proposal"].update(created_at=-1), "created_at"),
    ("state", lambda made: made["proposal"].update(state="done"), "bundle.proposal.state"),
    ("state list", lambda made: made["proposal"].update(state=["x"]), "bundle.proposal.state"),
    ("base64", lambda made: made.update(request="****"), "bundle.request"),
    ("loose base64", lambda made: made.update(request="QR=="), "bundle.request"),
    ("point", lambda made: made.update(server_key="02" + "ff" * 32), "bundle.server_key"),
    ("decision", lambda made: made["votes"][0].update(decision="abstain"), "decision"),
    ("kind", lambda made: made["devices"][0]["registration"].update(kind="magic"), "kind"),
]


@pytest.mark.parametrize(
    ("change", "expected"), [case[1:] for case in SHAPES], ids=[case[0] for case in SHAPES]
)
def test_refuses_another_shape(change: Callable[[dict[str, Any]], Any], expected: str) -> None:
    made = copy.deepcopy(GOOD)
    made["proposal"]["id"] = str(UUID(int=0xAB))
    made["scope"] = str(UUID(int=0xAB))
    change(made)
    assert any(expected in failure for failure in failures(made))


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1, 2}, "\ud800"])
def test_refuses_what_is_not_plain_json(value: Any) -> None:
    made = copy.deepcopy(GOOD)
    made["proposal"]["policy"]["snapshot"]["odd"] = value
    failures(made)


def test_refuses_a_bundle_nested_without_end() -> None:
    made = copy.deepcopy(GOOD)
    made["proposal"]["policy"]["snapshot"]["self"] = made
    assert failures(made) == ["the bundle is not plain JSON"]


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"a":1,"a":2}', b'{"a":1.0}', b"\xff", b'{"a":NaN}', b"[" * 100_000]
)
def test_refuses_a_file_that_is_not_one_strict_object(text: bytes) -> None:
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.read_bundle(text)


def test_refuses_a_file_of_any_size() -> None:
    with pytest.raises(evidence.EvidenceInvalid, match="larger"):
        evidence.read_bundle(b" " * (evidence.MAX_BYTES + 1))
    assert evidence.read_bundle(b"{}" + b" " * (evidence.MAX_BYTES - 2)) == {}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_runs_as_a_single_file_far_from_the_project(tmp_path: Path) -> None:
    script, bundle = tmp_path / "evidence.py", tmp_path / "bundle.json"
    script.write_text(SOURCE.read_text())
    bundle.write_text(json.dumps(GOOD))
    done = run("-I", str(script), str(bundle), "--server-key", SERVER_KEY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "executed"


def test_says_on_the_command_line_what_failed(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps({**GOOD, "scope": str(UUID(int=5))}))
    done = run(str(SOURCE), str(bundle))
    assert done.returncode == 1
    assert "FAILED: the statement is about another bundle" in done.stderr
    assert "FAILED: the proposal has another hash than its content" in done.stderr


def test_says_on_the_command_line_that_there_is_no_such_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        evidence.main([str(tmp_path / "missing.json")])
    assert caught.value.code == 2
    assert "missing.json" in capsys.readouterr().err


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports tie the file to its package"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("name", ["evidence.py", "audit_chain.py"])
def test_needs_only_cryptography_cbor2_and_the_standard_library(name: str) -> None:
    foreign = imported(SOURCE.with_name(name)) - set(sys.stdlib_module_names)
    assert foreign == {"cryptography", "cbor2"}
