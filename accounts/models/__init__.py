"""Tables of users, their roles, groups, devices and recipients."""

from accounts.models.context import Context, ContextShare
from accounts.models.context_member import ContextMember, ContextTally
from accounts.models.credential import Credential, CredentialContext
from accounts.models.credential_status_list import CredentialStatusList
from accounts.models.device import Device, KnownKey
from accounts.models.did_document import DidDocument
from accounts.models.did_key import DidKey
from accounts.models.group import Group, GroupMember
from accounts.models.key_signature import KeySignature
from accounts.models.lambda_function import Lambda, LambdaExecution
from accounts.models.ledger_account import LedgerAccount
from accounts.models.ledger_message import LedgerMessage
from accounts.models.ledger_topic import LedgerTopic
from accounts.models.local_ledger import (
    LocalLedgerAccount,
    LocalLedgerHead,
    LocalLedgerTransaction,
)
from accounts.models.managed_key import ManagedKey
from accounts.models.onboarding import Onboarding
from accounts.models.onboarding_step import OnboardingStep
from accounts.models.passkey import Passkey
from accounts.models.profile import Avatar, Follow, Profile
from accounts.models.recipient import Recipient, RecipientGroup, RecipientGroupMember
from accounts.models.registry_membership import RegistryMembership
from accounts.models.remote import Remote, RemoteChange, RemoteContext
from accounts.models.role import Role, RoleAssignment, RoleRule, Rule
from accounts.models.role_credential import RoleCredential
from accounts.models.solution import Solution
from accounts.models.staff import OneTimePassword, RecoveryCode, StaffMembership
from accounts.models.stored_content import StoredContent
from accounts.models.user import User
from accounts.models.wallet import ExternalIdentity, Wallet

__all__ = [
    "Avatar",
    "Context",
    "ContextMember",
    "ContextShare",
    "ContextTally",
    "Credential",
    "CredentialContext",
    "CredentialStatusList",
    "Device",
    "DidDocument",
    "DidKey",
    "ExternalIdentity",
    "Follow",
    "Group",
    "GroupMember",
    "KeySignature",
    "KnownKey",
    "Lambda",
    "LambdaExecution",
    "LedgerAccount",
    "LedgerMessage",
    "LedgerTopic",
    "LocalLedgerAccount",
    "LocalLedgerHead",
    "LocalLedgerTransaction",
    "ManagedKey",
    "Onboarding",
    "OnboardingStep",
    "OneTimePassword",
    "Passkey",
    "Profile",
    "Recipient",
    "RecipientGroup",
    "RecipientGroupMember",
    "RecoveryCode",
    "RegistryMembership",
    "Remote",
    "RemoteChange",
    "RemoteContext",
    "Role",
    "RoleAssignment",
    "RoleCredential",
    "RoleRule",
    "Rule",
    "Solution",
    "StaffMembership",
    "StoredContent",
    "User",
    "Wallet",
]
