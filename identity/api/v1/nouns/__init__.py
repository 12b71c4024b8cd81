"""One file for each noun: what it takes, what it shows, and its routes."""

from types import ModuleType
from typing import Final

from identity.api.v1.nouns import (
    api_keys,
    audit,
    decisions,
    devices,
    groups,
    invitation_batches,
    invitations,
    joining,
    mails,
    me,
    policies,
    proposals,
    roles,
    rules,
    scopes,
    server_keys,
    sessions,
    staff,
    token,
    users,
    webhooks,
)

NOUNS: Final[tuple[ModuleType, ...]] = (
    me,
    users,
    groups,
    roles,
    rules,
    devices,
    invitations,
    invitation_batches,
    joining,
    proposals,
    policies,
    decisions,
    audit,
    server_keys,
    scopes,
    webhooks,
    mails,
    staff,
    sessions,
    token,
    api_keys,
)
