"""An onboarding in the hands of one worker: what its steps read, write and call."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final, TypeVar
from uuid import UUID

from accounts import onboarding_secrets
from accounts.ledger import Lapsed, Ledger, Unavailable
from accounts.ledger.remote_signing import RemoteConfig
from accounts.ledger.signing import Signer
from accounts.models import (
    Credential,
    DidDocument,
    LedgerAccount,
    Onboarding,
    OnboardingStep,
    RegistryMembership,
    User,
)
from accounts.onboarding_secrets import Secrets
from accounts.services import (
    ledger_accounts,
    onboarding_leases,
    registries,
    writing,
)
from accounts.services.onboarding_pace import Pace
from identity import actor, errors
from identity.actor import Actor
from identity.scoping import inserts, prepared

T = TypeVar("T")
Role = registries.Role
MOST_LAPSES: Final = 3
_ROW: Final = prepared.prepare(
    lambda onboarding: Onboarding.objects.filter(id=onboarding), "onboarding"
)
_STEPS: Final = prepared.prepare(
    lambda onboarding: OnboardingStep.objects.filter(onboarding_id=onboarding).order_by("number"),
    "onboarding",
)


def read(onboarding_id: UUID) -> tuple[Onboarding, dict[int, OnboardingStep]]:
    """An onboarding of the scope in force, and its steps by their numbers."""
    found = _ROW.instance_ahead(Onboarding, onboarding=onboarding_id)
    steps = steps_of(onboarding_id)
    return found[0], steps


def steps_of(onboarding_id: UUID) -> dict[int, OnboardingStep]:
    """The steps of an onboarding of the scope in force, by their numbers."""
    return {
        step.number: step for step in _STEPS.instances(OnboardingStep, onboarding=onboarding_id)
    }


@dataclass
class Case:
    """One onboarding, read after its lease was taken. All of it happens in its scope."""

    row: Onboarding
    lease: str
    ledger: Ledger
    clock: Callable[[], datetime]
    pace: Pace
    steps: dict[int, OnboardingStep]
    step: OnboardingStep = field(init=False)
    credential: Credential = field(init=False)
    is_joining: bool = True
    """Whether what asks no ledger is joined to the end of the step before."""
    prepared: set[int] = field(default_factory=set)
    """Steps whose beginning was written by this worker."""

    def reload(self) -> None:
        """Read what is stored: a transaction that was undone has left other values here."""
        self.row.refresh_from_db()
        self.steps = steps_of(self.row.id)
        self.prepared.clear()
        for name in ("did", "parent", "signer", "publisher", "seed"):
            self.__dict__.pop(name, None)

    @cached_property
    def secrets(self) -> Secrets:
        """What was asked for. Raises SealBroken, SealUnavailable."""
        return onboarding_secrets.unseal(self.row)

    @property
    def by(self) -> Actor:
        """Workers act for the platform; the event of the request says who asked."""
        return actor.system(self.row.scope_id)

    @property
    def is_registry(self) -> bool:
        """Whether the new user will be a registry."""
        return self.row.role == Role.STANDARD_REGISTRY

    @contextmanager
    def writing(self, **more: int) -> Iterator[datetime]:
        """One transaction of this worker, at the time that it gives. Raises LeaseLost."""
        now = self.clock()
        with writing.whole(self.by):
            onboarding_leases.keep(self.row.id, self.lease, now=now, pace=self.pace, **more)
            yield now

    def progress(self) -> AbstractContextManager[datetime]:
        """A transaction in which a step ends: what counts is how often the next one is tried."""
        self.row.attempts, self.row.outages = 1, 0
        return self.writing(attempts=1, outages=0)

    def call(self, name: str, act: Callable[[str], T]) -> T:
        """Ask the ledger to write something under the transaction id that the step keeps for it.

        The id is stored before the call, so a repeat after a crash has no second effect. Raises
        what the ledger raises.
        """
        for _ in range(MOST_LAPSES):
            try:
                return act(self._transaction(name))
            except Lapsed:
                del self.step.transactions[name]
        raise Unavailable

    def begin(self, names: tuple[str, ...]) -> None:
        """Make the transaction ids that the present step lacks; the caller stores them."""
        for name in names:
            self.step.transactions.setdefault(name, self.ledger.begin())

    def outcome(self, number: int, name: str) -> str:
        """What an earlier step came to."""
        return str(self.steps[number].outcome[name])

    @property
    def user(self) -> User:
        """The user that is made or connected. Raises `Missing` if it was removed meanwhile."""
        user = self.row.user
        if user is None or user.deleted_at is not None:
            raise errors.Missing("There is no such user.")
        return user

    @cached_property
    def parent(self) -> RegistryMembership:
        """The registry of a user. Raises `ParentUnknown`, `ParentNotReady`: it may have changed."""
        if self.row.parent_id is None:
            raise errors.Missing("A registry belongs to nobody.")
        return registries.of_user(self.row.parent_id)

    @property
    def account(self) -> LedgerAccount:
        """The ledger account, which step 1 or 3 has kept."""
        if self.row.account is None:
            raise errors.Missing("There is no ledger account yet.")
        return self.row.account

    @cached_property
    def signer(self) -> Signer:
        """Who signs for the user's ledger account. Raises SealBroken, SealUnavailable."""
        return ledger_accounts.signer_of(self.account)

    @cached_property
    def seed(self) -> bytes:
        """The private key of the account, which is that of the DID. Raises SealBroken."""
        return ledger_accounts.open_key(self.account)

    @cached_property
    def publisher(self) -> Signer:
        """Who may write to the topic: a registry itself, and for a user its registry."""
        if self.is_registry:
            return self.signer
        if self.parent.account_id is None:
            raise errors.Missing("The registry has no ledger account.")
        return ledger_accounts.signer_of(ledger_accounts.named(self.parent.account_id))

    @cached_property
    def did(self) -> DidDocument:
        """The user's ledger DID, which step 5 has stored."""
        return DidDocument.objects.get(
            user=self.user,
            method=DidDocument.Method.LEDGER,
            deactivated_at__isnull=True,
        )

    @property
    def remote(self) -> RemoteConfig | None:
        """Where transactions are signed, if that is elsewhere."""
        config = self.secrets.remote_signing
        return None if config is None else RemoteConfig(**config)

    def keep_account(self, account_id: str, *, now: datetime) -> None:
        """Keep an account whose key was proven to be ours; it is handed to the user at the end."""
        account = ledger_accounts.keep(
            network=self.ledger.network,
            account_id=account_id,
            seed=bytes.fromhex(self.secrets.seed),
            remote=self.remote,
            by=self.by,
            now=now,
        )
        self.row.account = account
        inserts.update_held_later(self.row, ("account",))

    def give_account(self, user: User, *, now: datetime) -> LedgerAccount:
        """Hand the account to its user. Raises AccountTaken if it is somebody else's by now."""
        return ledger_accounts.give(account=self.account, user=user, by=self.by, now=now)

    def _transaction(self, name: str) -> str:
        if name not in self.step.transactions:
            self.begin((name,))
            with self.writing():
                inserts.update_held_later(self.step, ("transactions",))
        return str(self.step.transactions[name])
