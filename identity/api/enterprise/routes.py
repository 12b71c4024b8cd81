"""The table of routes: which action on which resource, with which permission, does what (§5.7)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from identity.api.enterprise import acts, reads, route
from identity.api.enterprise.asked import Asked
from identity.api.enterprise.details import catalogue, decisions, people
from identity.api.enterprise.inputs import Nothing
from identity.api.enterprise.route import Route
from identity.errors import Missing
from identity.permissions import PREDEFINED_ROLES
from invitations.services.governance import Step

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_LENGTH: Final = 36
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def find(action: str, resource: str) -> tuple[Route, Mapping[str, Any]]:
    """The route and the ids in the path. Raises `Missing`, also for ids that are no UUIDs."""
    fixed = _FIXED.get((action, resource))
    if fixed is not None:
        return fixed
    segments = resource.split("/")
    ids = [segment for segment in segments if len(segment) == _ID_LENGTH]
    shape = "/".join("{}" if len(segment) == _ID_LENGTH else segment for segment in segments)
    found = _SHAPED.get((action, shape))
    if found is None or not all(_ID.fullmatch(each) for each in ids):
        raise Missing
    found_route, names = found
    return found_route, {name: UUID(each) for name, each in zip(names, ids, strict=True)}


def _new_user(asked: Asked) -> Step:
    # Two kinds of users under one address: persons are invited, programs bring their keys (§4).
    given = asked.details.given()
    if isinstance(asked.details, people.CreateProgram):
        return Step(action="user.create", details=given | route.registration(asked))
    return Step(action="user.invite", details=given)


def _is_self(asked: Asked) -> bool:
    public_id = asked.call.actor.public_id
    return public_id is not None and asked.ids["user"] == public_id


def _is_mine(asked: Asked) -> bool:
    filters = asked.details.filters
    return filters is not None and filters.mine is True


def _asked_when_read(_: Asked) -> bool:
    # Whose proposal it is shows when it is read; `reads` refuses all others.
    return True


_USER: Final = "/users/{user}"
_DEVICES: Final = "/users/{user}/devices"
_DEVICE: Final = "/users/{user}/devices/{device}"
_ROLES_OF: Final = "/users/{user}/roles"
_MEMBERS: Final = "/groups/{group}/users"
_ON_LIST: Final = "/recipient-groups/{group}/recipients"
_ACCOUNT: Final = "/account-management"
_PROPOSAL: Final = "/proposals/{proposal}"

_PEOPLE: Final = (
    route.read("/me", "me:get", reads.me),
    route.page("/users", "users:list", reads.users, people.UserFilters),
    route.read(_USER, "users:get", reads.user, own=_is_self),
    route.change(
        "add", "/users", "users:create", "user.create", people.CreateProgram, brings_keys=True
    ),
    Route("add", "/users/invite", "users:invite", people.NewUser, step=_new_user),
    route.change("edit", _USER, "users:edit", "user.edit", people.EditUser),
    route.change("delete", _USER, "users:delete", "user.delete"),
    route.change("delete", "/users/{user}/password", "passwords:delete", "password.reset"),
    route.page(_DEVICES, "devices:list", reads.devices, people.DeviceFilters, own=_is_self),
    route.read(_DEVICE, "devices:list", reads.device, own=_is_self),
    route.change(
        "edit", _DEVICE, "devices:edit", "device.rotate", people.RotateKeys, brings_keys=True
    ),
    route.change("delete", _DEVICE, "devices:delete", "device.revoke", people.RevokeDevice),
    route.change(
        "add", f"{_DEVICES}/invite", "devices:invite", "device.invite", people.InviteDevice
    ),
    route.change("add", _ROLES_OF, "users:edit", "role.grant", catalogue.NameRole),
    route.change("delete", _ROLES_OF, "users:edit", "role.withdraw", catalogue.NameRole),
    route.page(
        "/invitations", "invitations:list", reads.invitations_page, people.InvitationFilters
    ),
    route.read("/invitations/{invitation}", "invitations:get", reads.invitation),
    route.change("delete", "/invitations/{invitation}", "invitations:delete", "invitation.revoke"),
    route.act(
        "add",
        f"{_ACCOUNT}/authorize",
        route.INVITED,
        people.Authorize,
        acts.authorize,
        is_alone=True,
    ),
    route.act(
        "add",
        f"{_ACCOUNT}/key-register",
        route.INVITED,
        people.RegisterKey,
        acts.authorize,
        is_alone=True,
    ),
    route.act(
        "edit",
        f"{_ACCOUNT}/password",
        route.SELF,
        people.ChangePassword,
        acts.change_password,
        is_alone=True,
    ),
)
_CATALOGUE: Final = (
    route.page("/roles", "roles:list", reads.roles, catalogue.RoleFilters),
    route.read("/roles/{role}", "roles:get", reads.role),
    route.change("add", "/roles", "roles:create", "role.create", catalogue.CreateRole),
    route.change("edit", "/roles/{role}", "roles:edit", "role.edit", catalogue.EditRole),
    route.change("delete", "/roles/{role}", "roles:delete", "role.delete"),
    route.page("/rules", "rules:list", reads.rules, catalogue.RuleFilters),
    route.read("/rules/{rule}", "rules:get", reads.rule),
    route.change("add", "/rules", "rules:create", "rule.create", catalogue.CreateRule),
    route.change("edit", "/rules/{rule}", "rules:edit", "rule.edit", catalogue.EditRule),
    route.change("delete", "/rules/{rule}", "rules:delete", "rule.delete"),
    route.page("/groups", "groups:list", reads.groups, catalogue.GroupFilters),
    route.read("/groups/{group}", "groups:get", reads.group),
    route.change("add", "/groups", "groups:create", "group.create", catalogue.CreateGroup),
    route.change("edit", "/groups/{group}", "groups:edit", "group.edit", catalogue.EditGroup),
    route.change("delete", "/groups/{group}", "groups:delete", "group.delete"),
    route.change("add", _MEMBERS, "groups:edit", "group.add_member", catalogue.NameUser),
    route.change("delete", _MEMBERS, "groups:edit", "group.remove_member", catalogue.NameUser),
)
_RECIPIENT: Final = "/recipients/{recipient}"
_LIST: Final = "/recipient-groups/{group}"
_ADDRESS_BOOK: Final = (
    route.page("/recipients", "recipients:list", reads.recipients, catalogue.RecipientFilters),
    route.read(_RECIPIENT, "recipients:get", reads.recipient),
    route.change(
        "add", "/recipients", "recipients:create", "recipient.create", catalogue.CreateRecipient
    ),
    route.change("edit", _RECIPIENT, "recipients:edit", "recipient.edit", catalogue.EditRecipient),
    route.change("delete", _RECIPIENT, "recipients:delete", "recipient.delete"),
    route.page(
        "/recipient-groups",
        "recipient-groups:list",
        reads.recipient_groups,
        catalogue.RecipientGroupFilters,
    ),
    route.read(_LIST, "recipient-groups:get", reads.recipient_group),
    route.change(
        "add",
        "/recipient-groups",
        "recipient-groups:create",
        "recipient-group.create",
        catalogue.CreateRecipientGroup,
    ),
    route.change(
        "edit", _LIST, "recipient-groups:edit", "recipient-group.edit", catalogue.EditGroup
    ),
    route.change("delete", _LIST, "recipient-groups:delete", "recipient-group.delete"),
    route.change(
        "add",
        _ON_LIST,
        "recipient-groups:edit",
        "recipient-group.add_recipient",
        catalogue.NameRecipient,
    ),
    route.change(
        "delete",
        _ON_LIST,
        "recipient-groups:edit",
        "recipient-group.remove_recipient",
        catalogue.NameRecipient,
    ),
)
_DECISIONS: Final = (
    route.page("/policies", "policies:list", reads.policies),
    route.read("/policies/{policy}", "policies:get", reads.policy),
    route.change("add", "/policies", "policies:create", "policy.create", decisions.CreatePolicy),
    route.change(
        "edit", "/policies/{policy}", "policies:edit", "policy.edit", decisions.EditPolicy
    ),
    route.change("delete", "/policies/{policy}", "policies:delete", "policy.delete"),
    route.page(
        "/proposals",
        "proposals:list",
        reads.proposals_page,
        decisions.ProposalFilters,
        own=_is_mine,
    ),
    route.read(_PROPOSAL, "proposals:get", reads.proposal, own=_asked_when_read),
    route.read(f"{_PROPOSAL}/evidence", "proposals:get", reads.evidence, own=_asked_when_read),
    route.act("approve", _PROPOSAL, "proposals:approve", decisions.Approve, acts.approve),
    route.act("reject", _PROPOSAL, "proposals:approve", decisions.Reject, acts.reject),
    route.act("retract", _PROPOSAL, route.VOTER, Nothing, acts.retract),
    route.act("cancel", _PROPOSAL, route.PROPOSER, Nothing, acts.cancel),
    Route("get", "/server-keys", "server-keys:get", Nothing, run=reads.server_keys, is_list=True),
    route.page("/audit", "audit:list", reads.audit, decisions.AuditFilters),
)
ROUTES: Final[tuple[Route, ...]] = (*_PEOPLE, *_CATALOGUE, *_ADDRESS_BOOK, *_DECISIONS)


def _keys(known: Route) -> Iterable[str]:
    # A list is asked for with both words (§1.3).
    return ("get", "list") if known.is_list else (known.action,)


_FIXED: Final[dict[tuple[str, str], tuple[Route, Mapping[str, Any]]]] = {
    (action, known.path): (known, {})
    for known in ROUTES
    for action in _keys(known)
    if not _PLACEHOLDER.search(known.path)
} | {
    (known.action, f"/roles/{name}"): (known, {"role": name})
    for known in ROUTES
    for name in PREDEFINED_ROLES
    if known.action == "get" and known.path == "/roles/{role}"
}
_SHAPED: Final[dict[tuple[str, str], tuple[Route, tuple[str, ...]]]] = {
    (action, _PLACEHOLDER.sub("{}", known.path)): (
        known,
        tuple(_PLACEHOLDER.findall(known.path)),
    )
    for known in ROUTES
    for action in _keys(known)
    if _PLACEHOLDER.search(known.path)
}
