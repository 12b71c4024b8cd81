"""One example of each route: ids for its path and details that have the right shape."""

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from accounts.services import device_keys
from identity.api.enterprise.route import Route
from identity.sdk.keys import DeviceKeys
from tests.faces.enterprise.desk import Desk, Person, keys, signed

Details = dict[str, Any]
HASH = "0" * 64
ME = {"action": "get", "resource": "/me", "details": {}}
MISSING = {"action": "get", "resource": "/nothing"}


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Things:
    """Ids of one thing of each kind, as they stand in paths and details."""

    user: str
    device: str
    invitation: str
    role: str
    rule: str
    group: str
    recipient: str
    recipient_group: str
    policy: str
    proposal: str

    @classmethod
    def unknown(cls) -> "Things":
        """Ids that nothing has."""
        return cls(*(new_id() for _ in cls.__dataclass_fields__))

    @classmethod
    def of(cls, desk: Desk, owner: Person) -> "Things":
        """Things that exist in the scope of this desk, made by its owner."""
        subject = desk.person("subject", "member")
        invited = owner.done("add", "/users/invite", person_details(new_id()))
        made = {
            "rule": owner.done("add", "/rules", rule_details(new_id()))["rlid"],
            "group": owner.done("add", "/groups", group_details(new_id()))["gid"],
            "policy": owner.done("add", "/policies", policy_details(new_id()))["plid"],
            "recipient": owner.done("add", "/recipients", recipient_details(new_id()))["id"],
        }
        role = owner.done("add", "/roles", {"rid": new_id(), "name": "guest", "rules": []})
        listed = {"id": new_id(), "type": "whitelist", "name": "banks"}
        book = owner.done("add", "/recipient-groups", listed)
        return cls(
            user=subject.uid,
            device=subject.did,
            invitation=invited["invitation_id"],
            role=role["rid"],
            recipient_group=book["id"],
            proposal=new_id(),
            **made,
        )

    def path(self, route: Route) -> str:
        """The resource of a route with these ids in it."""
        names = dict(vars(self))
        if route.path.startswith("/recipient-groups"):
            names["group"] = self.recipient_group
        return route.path.format_map(names)


def person_details(uid: str, **more: Any) -> Details:
    return {
        "uid": uid,
        "email": f"{uid[:8]}@example.test",
        "first_name": "New",
        "last_name": "Person",
        "user_category": "regular",
    } | more


def program_details(uid: str, number: int = 30, **more: Any) -> Details:
    return {
        "uid": uid,
        "email": f"{uid[:8]}@example.test",
        "ecdsa_pubkey": keys(number).signature_pubkey,
        "rsa_pubkey": keys(number).encryption_pubkey,
    } | more


def rule_details(rlid: str, **more: Any) -> Details:
    return {"rlid": rlid, "name": "see users", "resource": "/users", "action": "list"} | more


def group_details(gid: str, **more: Any) -> Details:
    return {"gid": gid, "name": f"circle {gid[:4]}"} | more


def add_group(gid: str, **more: object) -> dict[str, Any]:
    """A request that makes a group."""
    return {"action": "add", "resource": "/groups", "details": group_details(gid, **more)}


def recipient_details(rid: str, **more: Any) -> Details:
    payment = {"name": "main", "type": "address", "value": "bc1qexample"}
    return {"id": rid, "type": "company", "name": "A bank", "payment_details": [payment]} | more


def policy_details(plid: str, **more: Any) -> Details:
    return {
        "plid": plid,
        "name": "No changes of one address",
        "resource": "/recipients",
        "action": "add",
        "priority": 5,
        "expression": 'details.name == "nobody"',
        "decision_on_true": "DENY",
    } | more


def rotation(person: Person, fresh: DeviceKeys) -> Details:
    """Details that give a person's device these keys."""
    proof = device_keys.proof_payload(
        device_id=person.device.id,
        signature_key=fresh.signature_pubkey,
        encryption_key=fresh.encryption_pubkey,
    )
    sign1 = signed(orjson.loads(proof), person.device.id, fresh.signature, person.now)
    return {
        "ecdsa_pubkey": fresh.signature_pubkey,
        "rsa_pubkey": fresh.encryption_pubkey,
        "proof": base64.b64encode(sign1).decode(),
    }


# By action and path. Routes that are missing here take no details.
DETAILS: Mapping[tuple[str, str], Callable[[Things], Details]] = {
    ("add", "/users"): lambda things: program_details(new_id()),
    ("add", "/users/invite"): lambda things: person_details(new_id()),
    ("edit", "/users/{user}"): lambda things: {"first_name": "Another"},
    ("edit", "/users/{user}/devices/{device}"): lambda things: {
        "ecdsa_pubkey": keys(31).signature_pubkey,
        "rsa_pubkey": keys(31).encryption_pubkey,
        "proof": "AAAA",
    },
    ("add", "/users/{user}/roles"): lambda things: {"rid": "member"},
    ("delete", "/users/{user}/roles"): lambda things: {"rid": "member"},
    ("add", "/account-management/authorize"): lambda things: {
        "invite_string": "inv_x",
        "device_name": "x",
        "device_signature_pubkey": keys(31).signature_pubkey,
        "device_encryption_pubkey": keys(31).encryption_pubkey,
    },
    ("add", "/account-management/key-register"): lambda things: {
        "nonce": "inv_x",
        "device_name": "x",
        "device_signature_pubkey": keys(31).signature_pubkey,
        "device_encryption_pubkey": keys(31).encryption_pubkey,
    },
    ("add", "/roles"): lambda things: {"rid": new_id(), "name": "other", "rules": []},
    ("edit", "/roles/{role}"): lambda things: {"description": "changed"},
    ("add", "/rules"): lambda things: rule_details(new_id()),
    ("edit", "/rules/{rule}"): lambda things: {"description": "changed"},
    ("add", "/groups"): lambda things: group_details(new_id()),
    ("edit", "/groups/{group}"): lambda things: {"description": "changed"},
    ("add", "/groups/{group}/users"): lambda things: {"uid": things.user},
    ("delete", "/groups/{group}/users"): lambda things: {"uid": things.user},
    ("add", "/recipients"): lambda things: recipient_details(new_id()),
    ("edit", "/recipients/{recipient}"): lambda things: {"name": "Another bank"},
    ("add", "/recipient-groups"): lambda things: {
        "id": new_id(),
        "type": "whitelist",
        "name": "others",
    },
    ("edit", "/recipient-groups/{group}"): lambda things: {"description": "changed"},
    ("add", "/recipient-groups/{group}/recipients"): lambda things: {"id": things.recipient},
    ("delete", "/recipient-groups/{group}/recipients"): lambda things: {"id": things.recipient},
    ("add", "/policies"): lambda things: policy_details(new_id()),
    ("edit", "/policies/{policy}"): lambda things: {"priority": 7},
    ("approve", "/proposals/{proposal}"): lambda things: {"proposal_hash": HASH},
    ("reject", "/proposals/{proposal}"): lambda things: {"proposal_hash": HASH, "reason": "no"},
}


def details(route: Route, things: Things) -> Details:
    """Details of the right shape for a route."""
    made = DETAILS.get((route.action, route.path))
    return made(things) if made else {}
