"""What onboarding writes to topics: JSON that points to content, as Guardian's clients read it.

The same call gives the same bytes, so that it can be repeated under its transaction id.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from accounts.ledger.protocol import LONGEST_MESSAGE

_MESSAGES: Final = UUID("8a7c3f5e-3c1f-4d55-9d5e-6d2a7e4c1b90")
SCHEMAS: Final = ("STANDARD_REGISTRY", "USER", "RETIRE_TOKEN", "ROLE", "USER_PERMISSIONS")
"""The kinds of documents that every registry publishes a schema for."""
ROLES: Final = ("Policy Approver", "Policy Manager", "Policy User", "Default policy user")
"""The roles that every registry begins with."""


def did(transaction_id: str, *, did: str, cid: str, account_id: str) -> bytes:
    """That a DID's document stands under `cid`."""
    said = {"did": did, **_pointer(cid)}
    return _message(transaction_id, "DID-Document", "create-did-document", account_id, said)


def credential(transaction_id: str, *, issuer: str, cid: str, account_id: str) -> bytes:
    """That a credential stands under `cid`."""
    said = {"issuer": issuer, "encodedData": False, "documentStatus": "NEW", **_pointer(cid)}
    return _message(transaction_id, "VC-Document", "create-vc-document", account_id, said)


def topic(transaction_id: str, *, name: str, owner: str, child: str, account_id: str) -> bytes:
    """That a registry has a topic of its own."""
    said = {"name": name, "owner": owner, "messageType": "USER_TOPIC", "childId": child}
    return _message(transaction_id, "Topic", "create-topic", account_id, said)


def schema(transaction_id: str, *, entity: str, cid: str, account_id: str) -> bytes:
    """That the schema of a kind of document stands under `cid`."""
    said = {"name": entity, "entity": entity, "version": "1.0.0", **_pointer(cid)}
    return _message(transaction_id, "Schema", "publish-system-schema", account_id, said)


def role(transaction_id: str, *, name: str, issuer: str, cid: str, account_id: str) -> bytes:
    """That a role's document stands under `cid`."""
    said = {"issuer": issuer, "name": name, **_pointer(cid)}
    return _message(
        transaction_id, "Guardian-Role-Document", "create-vc-document", account_id, said
    )


def registration(
    transaction_id: str, *, did: str, topic_id: str, fields: Mapping[str, Any], account_id: str
) -> bytes:
    """That there is a registry, with its fields if they find room."""
    said = {"did": did, "topicId": topic_id, "attributes": dict(fields)}
    made = _message(transaction_id, "Standard Registry", "Init", account_id, said)
    if len(made) <= LONGEST_MESSAGE:
        return made
    said["attributes"] = {}
    return _message(transaction_id, "Standard Registry", "Init", account_id, said)


def content(document: Mapping[str, Any]) -> bytes:
    """A document as it is stored."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def schema_of(entity: str) -> Mapping[str, Any]:
    """The schema of a kind of document: a subject with an id and whatever else it says."""
    return {
        "$id": f"#{entity}",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": entity,
        "type": "object",
        "properties": {"id": {"type": "string"}, "type": {"type": "string"}},
        "required": ["id"],
        "additionalProperties": True,
    }


def _pointer(cid: str) -> dict[str, str]:
    return {"cid": cid, "uri": f"ipfs://{cid}"}


def _message(
    transaction_id: str, kind: str, action: str, account_id: str, said: Mapping[str, Any]
) -> bytes:
    head = {
        "id": str(uuid5(_MESSAGES, transaction_id)),
        "status": "ISSUE",
        "type": kind,
        "action": action,
        "lang": "en-US",
        "account": account_id,
    }
    return content({**head, **said})
