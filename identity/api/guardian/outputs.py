"""Our rows in the words of this protocol."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from accounts.ledger.keys import encoded_private
from accounts.queries.memberships import Member
from accounts.services.demo_accounts import DemoAccount

LOCATION: Final = "local"
"""Where a user is known: nobody here is known elsewhere."""
_EVERYBODY: Final = (
    "ACCOUNTS_STANDARD_REGISTRY_READ",
    "DEMO_KEY_CREATE",
    "IPFS_FILE_READ",
    "IPFS_FILE_CREATE",
    "PROFILES_USER_READ",
    "PROFILES_USER_UPDATE",
    "PROFILES_BALANCE_READ",
)
_PERMISSIONS: Final = {
    "STANDARD_REGISTRY": (*_EVERYBODY, "ACCOUNTS_ACCOUNT_READ", "PROFILES_RESTORE_ALL"),
    "USER": _EVERYBODY,
    "AUDITOR": (
        *_EVERYBODY,
        "POLICIES_POLICY_AUDIT",
        "AUDIT_TRUST_CHAIN_READ",
        "LOG_LOG_READ",
    ),
}
_DEFAULT_GROUP: Final = "Default policy user"


def permissions(member: Member) -> Sequence[str]:
    """What clients look for before they offer something; what is allowed, each call decides."""
    return _PERMISSIONS[member.role]


def groups(member: Member) -> list[dict[str, Any]]:
    """The one group that a registry's users are in."""
    if member.role != "USER" or member.parent_did is None:
        return []
    role = uuid.uuid5(uuid.NAMESPACE_URL, f"{member.parent_did}#{_DEFAULT_GROUP}")
    return [
        {
            "uuid": str(uuid.uuid5(role, str(member.public_id))),
            "roleId": str(role),
            "roleName": _DEFAULT_GROUP,
            "owner": member.parent_did,
        }
    ]


def account(member: Member) -> dict[str, Any]:
    """An account as its owner, and who registered it, see it."""
    return {
        "id": str(member.public_id),
        "username": member.username,
        "role": member.role,
        "permissions": permissions(member),
        "permissionsGroup": groups(member),
        "location": LOCATION,
    }


def session(member: Member) -> dict[str, Any]:
    """Who is signed in; what there is not yet is left out."""
    more = {"did": member.did, "parent": member.parent_did, "hederaAccountId": member.account_id}
    return account(member) | present(more)


def user(member: Member) -> dict[str, Any]:
    """A line of a list of users."""
    more = {"parent": member.parent_did, "did": member.did}
    return {"username": member.username} | present(more)


def registry(member: Member) -> dict[str, Any]:
    """A line of the list of registries."""
    return {"username": member.username} | present({"did": member.did})


def demo_user(member: Member) -> dict[str, Any]:
    """A line of the list of a scope in demo mode."""
    more = {"parent": member.parent_did, "did": member.did}
    return {"username": member.username, "role": member.role, "policyRoles": []} | present(more)


def demo_key(made: DemoAccount) -> dict[str, str]:
    """An account with its private key, which nobody else has."""
    return {"id": made.account_id, "key": encoded_private(made.seed)}


def present(given: dict[str, Any]) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in given.items() if value is not None}


def time(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
