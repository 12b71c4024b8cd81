"""Registries, requests, workers and troubled ledgers for tests of onboardings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts import ledger as ledgers
from accounts.ledger import Ledger, Unavailable
from accounts.models import Onboarding, RegistryMembership, User
from accounts.services import ledger_accounts, onboarding_work, onboardings, registries
from accounts.services.onboarding_pace import USUAL, Pace
from accounts.services.onboardings import Request
from identity.crypto import ed25519
from tests import cast

PASSWORD = "examplePassword123"
WRITES = ("create_account", "create_topic", "submit_message")
CALLS = (*WRITES, "account_key", "put")


def registry(
    world: cast.World, name: str = "registry", *, is_ready: bool = True, seed: bytes = b"\7" * 32
) -> cast.Member:
    """A user who is a registry with an account and a topic; unless it is ready, without a topic."""
    member = world.member(name, "standard-registry")
    now, by = datetime.now(UTC), world.system
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(username=name, username_folded=name)
        member.user.refresh_from_db()
        role = RegistryMembership.Role.STANDARD_REGISTRY
        registries.enrol(user=member.user, role=role, by=by, now=now)
        if not is_ready:
            return member
        ledger = ledgers.open_ledger(world.scope.id)
        account_id = ledger.create_account(
            transaction_id=ledger.begin(),
            public_key=ed25519.parse_private(seed).public.raw,
            balance=1,
            memo="",
        )
        account = ledger_accounts.keep(
            network=ledger.network,
            account_id=account_id,
            seed=seed,
            user=member.user,
            by=by,
            now=now,
        )
        signer = ledger_accounts.signer_of(account)
        topic_id = ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=signer)
        registries.complete(
            user=member.user,
            role=role,
            parent_id=None,
            account=account,
            topic_id=topic_id,
            did=f"did:example:{name}",
            by=by,
            now=now,
        )
    return member


def request(username: str = "newcomer", parent: str = "registry", **more: Any) -> Request:
    """A request for a user of a registry."""
    return Request(role="USER", username=username, password=PASSWORD, parent=parent, **more)


def registry_request(username: str = "further", **more: Any) -> Request:
    """A request for a further registry."""
    return Request(role="STANDARD_REGISTRY", username=username, password=PASSWORD, **more)


@dataclass
class Clock:
    """A time that goes on when it is told to."""

    now: datetime = datetime(2026, 11, 29, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def work(
    world: cast.World,
    row: Onboarding,
    *,
    clock: Callable[[], datetime],
    open_ledger: Callable[[UUID], Ledger] = ledgers.open_ledger,
    pace: Pace = USUAL,
) -> Onboarding:
    """Let one worker have a go; the row as it is afterwards."""
    with cast.in_scope(world):
        onboarding_work.work(row.id, clock=clock, holder="test", pace=pace, open_ledger=open_ledger)
        return Onboarding.objects.get(id=row.id)


@dataclass
class Troubled:
    """A ledger behind a line that may break: before a call, or after it was carried out.

    `at` is called with the name of each call and when, `before` or `after`.
    """

    inner: Ledger
    at: Callable[[str, str], None]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in CALLS:
            return found

        def called(*args: Any, **given: Any) -> Any:
            self.at(name, "before")
            answer = found(*args, **given)
            self.at(name, "after")
            return answer

        return called


@dataclass
class Line:
    """Opens ledgers whose line is cut at the calls that were named by their number, from 1.

    `when` says whether the call was carried out before it broke. `is_down` cuts all of them.
    """

    cut_at: int = 0
    when: str = "before"
    is_down: bool = False
    calls: list[str] = field(default_factory=list)

    def __call__(self, scope_id: UUID) -> Any:
        return Troubled(ledgers.open_ledger(scope_id), self._at)

    def _at(self, name: str, when: str) -> None:
        if when == "before":
            self.calls.append(name)
        if self.is_down or (len(self.calls) == self.cut_at and when == self.when):
            raise Unavailable


def waiting(world: cast.World) -> str:
    """The id of an onboarding that waits for its turn; its user name is nobody's."""
    now = datetime.now(UTC)
    with cast.in_scope(world):
        return str(onboardings.make_key(by=world.system, now=now).id)
