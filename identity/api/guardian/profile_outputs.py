"""Profiles in the words of this protocol."""

from typing import Any, Final

from accounts.queries.dids import DidFacts
from accounts.queries.registry_profiles import Profile
from identity.api.guardian import outputs

_STATUS: Final = {"new": "NEW", "published": "CREATE", "failed": "FAILED"}


def profile(found: Profile) -> dict[str, Any]:
    """All that a user sees of the own profile."""
    member, did = found.member, found.did
    account = outputs.account(member)
    return {
        **{name: account[name] for name in ("username", "role", "permissions", "permissionsGroup")},
        "did": member.did,
        "parent": member.parent_did,
        "hederaAccountId": member.account_id,
        "location": outputs.LOCATION,
        "confirmed": member.did is not None and did is not None and did.status == "published",
        "failed": did is not None and did.status == "failed",
        "topicId": member.topic_id,
        "parentTopicId": member.parent_topic_id,
        "didDocument": None if did is None else did_document(did),
        "vcDocument": None,
    }


def did_document(did: DidFacts) -> dict[str, Any]:
    """A DID with its document and where it was published."""
    return {
        "id": str(did.id),
        "did": did.did,
        "document": did.document,
        "status": _STATUS[did.status],
        "messageId": did.message_id or None,
        "topicId": did.topic_id or None,
        "verificationMethods": {
            each["type"]: each["id"] for each in did.document.get("verificationMethod", ())
        },
        "createDate": outputs.time(did.created_at),
        "updateDate": outputs.time(did.updated_at),
    }
