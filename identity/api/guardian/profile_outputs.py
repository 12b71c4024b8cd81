"""Profiles in the words of this protocol."""

from typing import Any, Final

from accounts.queries.dids import DidFacts
from accounts.queries.memberships import Member
from accounts.queries.registry_profiles import CredentialFacts, Profile
from identity.api.guardian import outputs

_STATUS: Final = {"new": "NEW", "published": "CREATE", "failed": "FAILED"}
_ISSUED: Final = {"new": "NEW", "published": "ISSUE", "failed": "FAILED"}


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
        "vcDocument": None if found.credential is None else vc_document(found.credential),
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


def vc_document(held: CredentialFacts) -> dict[str, Any]:
    """A credential with where it was published."""
    issued_at = outputs.time(held.issued_at)
    return {
        "id": str(held.id),
        "hash": held.hash,
        "hederaStatus": "REVOKE" if held.is_revoked else _ISSUED[held.publication],
        "owner": held.owner,
        "type": held.type_name,
        "topicId": held.topic_id or None,
        "messageId": held.message_id or None,
        "document": held.document,
        "createDate": issued_at,
        "updateDate": issued_at,
    }


def aggregated(member: Member, held: CredentialFacts | None) -> dict[str, Any]:
    """A registry with what it says of itself; policies of its own it has none here."""
    return {
        "did": member.did,
        "vcDocument": None if held is None else vc_document(held),
        "policies": [],
        "username": member.username,
        "hederaAccountId": member.account_id,
    }
