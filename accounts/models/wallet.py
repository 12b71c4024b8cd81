"""Wallets, and accounts at providers: what a user proves control of to sign in."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Wallet(ScopeOwned):
    """A key outside this platform under which a user signs in; the server knows its public half.

    `address` is the canonical text of the kind: a DID's address, `0x…` with its checksum, or
    base58. `public_key` is lower hex, empty where only the address is known (it is recovered from
    signatures). `is_keyless`: nobody holds the private half; the address only names the user.
    """

    class Kind(models.TextChoices):
        ED25519 = "ed25519"
        SECP256K1 = "secp256k1"
        ETHEREUM = "ethereum"
        P256 = "p256"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="wallets")
    kind = models.CharField(max_length=9, choices=Kind)
    address = models.CharField(max_length=128)
    public_key = models.CharField(max_length=132, blank=True)
    is_keyless = models.BooleanField(default=False)
    wallet_os = models.CharField(max_length=32, blank=True)
    added_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "address"], name="wallet_address"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["ed25519", "secp256k1", "ethereum", "p256"]),
                name="wallet_kind_known",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["scope", "user", "added_at"], name="wallet_user")]

    def __str__(self) -> str:
        return self.address


class ExternalIdentity(ScopeOwned):
    """A user's account at a provider: issuer and subject, which no provider gives to another.

    `email` is what the provider said, for people to recognise it by; nothing is looked up by it.
    `wallet` is the keyless address that clients know this account by.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="external_identities")
    provider = models.CharField(max_length=64)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=200, blank=True)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    linked_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "issuer", "subject"], name="external_identity_subject"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "linked_at"], name="external_identity_user")
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.subject}"
