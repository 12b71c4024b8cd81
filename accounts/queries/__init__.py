"""What faces, pages, the admin and rooms above read about people and what belongs to them."""

from accounts.queries.address_book import (
    protecting_kinds,
    recipient,
    recipient_group,
    recipient_groups,
    recipients,
)
from accounts.queries.catalogue import group, groups, role, roles, rule, rules
from accounts.queries.grants import Grants, actor_of_user, grants_of, operator, staff_actor
from accounts.queries.own import own
from accounts.queries.people import (
    device,
    device_of,
    devices,
    devices_of,
    public_id_of,
    user,
    user_by_name,
    user_id_of,
    user_version,
    users,
)
from accounts.queries.rows import (
    DeviceRow,
    GroupRow,
    RecipientGroupRow,
    RecipientRow,
    RoleRow,
    RuleRow,
    UserRow,
    described,
)
from accounts.queries.senders import Sender, device_actor, sender_of, verifying_key

__all__ = [
    "DeviceRow",
    "Grants",
    "GroupRow",
    "RecipientGroupRow",
    "RecipientRow",
    "RoleRow",
    "RuleRow",
    "Sender",
    "UserRow",
    "actor_of_user",
    "described",
    "device",
    "device_actor",
    "device_of",
    "devices",
    "devices_of",
    "grants_of",
    "group",
    "groups",
    "operator",
    "own",
    "protecting_kinds",
    "public_id_of",
    "recipient",
    "recipient_group",
    "recipient_groups",
    "recipients",
    "role",
    "roles",
    "rule",
    "rules",
    "sender_of",
    "staff_actor",
    "user",
    "user_by_name",
    "user_id_of",
    "user_version",
    "users",
    "verifying_key",
]
