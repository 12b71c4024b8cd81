"""Tables of the ground floor: scopes, server keys, audit, replay protection."""

from identity.models.api_key import ApiKey
from identity.models.audit_check import AuditCheck
from identity.models.audit_event import AuditEvent, AuditHead, SignedHead
from identity.models.developer_key import DeveloperKey
from identity.models.idempotency_record import IdempotencyRecord
from identity.models.scope import Scope, ScopeHost
from identity.models.seen_nonce import SeenNonce
from identity.models.sent_mail import SentMail
from identity.models.server_key import ServerKey
from identity.models.signed_configuration import SignedConfiguration
from identity.models.webhook import Webhook, WebhookAttempt, WebhookDelivery, WebhookKey

__all__ = [
    "ApiKey",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "DeveloperKey",
    "IdempotencyRecord",
    "Scope",
    "ScopeHost",
    "SeenNonce",
    "SentMail",
    "ServerKey",
    "SignedConfiguration",
    "SignedHead",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookKey",
]
