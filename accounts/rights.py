"""What roles and rules mean: the permission words they give and the proposals they let decide."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts import errors
from identity import permissions

_PLACEHOLDER = re.compile(r"\{[a-z_]{1,32}\}")
_APPROVE = "approve"

# A resource as rules write it, with every placeholder as `{}`, and the noun of its permissions.
_NOUNS: Mapping[str, str] = {
    "/users": "users",
    "/users/{}": "users",
    "/users/{}/roles": "users",
    "/users/{}/lock": "users",
    "/users/{}/sessions": "sessions",
    "/users/{}/devices": "devices",
    "/users/{}/devices/{}": "devices",
    "/users/{}/devices/invite": "devices",
    "/users/{}/passkeys": "passkeys",
    "/users/{}/passkeys/{}": "passkeys",
    "/users/{}/password": "passwords",
    "/account-management/password": "passwords",
    "/invitations": "invitations",
    "/invitations/{}": "invitations",
    "/roles": "roles",
    "/roles/{}": "roles",
    "/rules": "rules",
    "/rules/{}": "rules",
    "/groups": "groups",
    "/groups/{}": "groups",
    "/groups/{}/users": "groups",
    "/policies": "policies",
    "/policies/{}": "policies",
    "/recipients": "recipients",
    "/recipients/{}": "recipients",
    "/recipient-groups": "recipient-groups",
    "/recipient-groups/{}": "recipient-groups",
    "/recipient-groups/{}/recipients": "recipient-groups",
    "/proposals": "proposals",
    "/proposals/{}": "proposals",
    "/server-keys": "server-keys",
    "/server-keys/{}": "server-keys",
    "/scopes": "scopes",
    "/scopes/{}": "scopes",
    "/staff": "staff",
    "/staff/{}": "staff",
    "/webhooks": "webhooks",
    "/webhooks/{}": "webhooks",
    "/sessions": "sessions",
    "/sessions/{}": "sessions",
    "/sign-ins": "sessions",
    "/api-keys": "api-keys",
    "/api-keys/{}": "api-keys",
    "/api-keys/{}/secret": "api-keys",
    "/api-keys/{}/state": "api-keys",
    "/api-keys/{}/sessions": "sessions",
    "/api-keys/{}/sessions/{}": "sessions",
    "/developer-keys": "developer-keys",
    "/developer-keys/{}": "developer-keys",
    "/lambdas": "lambdas",
    "/lambdas/{}": "lambdas",
    "/managed-keys": "managed-keys",
    "/managed-keys/{}": "managed-keys",
    "/managed-keys/{}/signatures": "managed-keys",
    "/onboardings": "onboardings",
    "/onboardings/{}": "onboardings",
    "/registries": "registries",
    "/registries/{}": "registries",
    "/dids": "dids",
    "/dids/{}": "dids",
    "/providers": "providers",
    "/providers/{}": "providers",
    "/applications": "applications",
    "/applications/{}": "applications",
    "/role-credentials": "role-credentials",
    "/role-credentials/{}": "role-credentials",
    "/credentials": "credentials",
    "/credentials/{}": "credentials",
    "/solutions": "solutions",
    "/solutions/{}": "solutions",
    "/contexts": "contexts",
    "/contexts/{}": "contexts",
    "/contexts/{}/members": "members",
    "/contexts/{}/members/{}": "members",
    "/channels": "channels",
    "/remotes": "remotes",
    "/remotes/{}": "remotes",
    "/audit": "audit",
    "/mails": "mails",
    "/me": "me",
}


@dataclass(frozen=True, slots=True)
class Rights:
    """Permission words, and the resource roots whose proposals may be decided (`*`: all)."""

    permissions: frozenset[str] = frozenset()
    approves: frozenset[str] = frozenset()

    def exceed(self, others: "Rights") -> bool:
        """Whether there is anything here that the others do not hold."""
        if not self.permissions <= others.permissions:
            return True
        if permissions.EVERY_RESOURCE in others.approves:
            return False
        return not self.approves <= others.approves

    def decides(self, resource_root: str) -> bool:
        """Whether proposals about this resource root (`/users`) may be decided."""
        return "proposals:approve" in self.permissions and not self.approves.isdisjoint(
            {permissions.EVERY_RESOURCE, resource_root}
        )


def together(parts: Iterable[Rights]) -> Rights:
    """All rights of the parts."""
    words: set[str] = set()
    approves: set[str] = set()
    for part in parts:
        words |= part.permissions
        approves |= part.approves
    return Rights(frozenset(words), frozenset(approves))


def of_predefined(name: str) -> Rights:
    """The rights of a predefined role; none for a name that this version does not know."""
    role = permissions.PREDEFINED_ROLES.get(name)
    return Rights(role.permissions, role.approves) if role else Rights()


@functools.lru_cache(maxsize=1024)
def of_rule(resource: str, action: str, proposal_resource: str = "") -> Rights:
    """The rights of one rule. Raises `accounts.errors.RuleUnknown` for unknown words.

    A rule to `approve` on `/proposals` decides proposals about `proposal_resource`, or about every
    resource if that is empty; other rules have no such filter.
    """
    noun = _NOUNS.get(_PLACEHOLDER.sub("{}", resource))
    word = f"{noun}:{action}"
    if noun is None or word not in permissions.ALL:
        raise errors.RuleUnknown(resource=resource, action=action)
    if word != f"proposals:{_APPROVE}":
        if proposal_resource:
            raise errors.RuleUnknown("Only approving proposals can be narrowed to a resource.")
        return Rights(frozenset({word}))
    root = proposal_resource or permissions.EVERY_RESOURCE
    if root not in permissions.APPROVABLE and root != permissions.EVERY_RESOURCE:
        raise errors.RuleUnknown("There are no proposals about this resource.", resource=root)
    return Rights(frozenset({word}), frozenset({root}))


def choices() -> Sequence[tuple[str, str]]:
    """Every right once, as a rule writes it: the shortest resource of each noun, and the action."""
    resources: dict[str, str] = {}
    for resource, noun in _NOUNS.items():
        resources.setdefault(noun, resource.replace("{}", "{user}"))
    return [
        (resource, verb) for noun, resource in resources.items() for verb in permissions.NOUNS[noun]
    ]


def of_stored_rule(resource: str, action: str, proposal_resource: str) -> Rights:
    """As `of_rule`, but a stored rule whose words are gone gives nothing: closed by default."""
    try:
        return of_rule(resource, action, proposal_resource)
    except errors.RuleUnknown:
        return Rights()
