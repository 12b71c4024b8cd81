"""One network, one mirror and one maker of ids in a process, for the ledgers of all scopes."""

import functools
from dataclasses import dataclass
from uuid import UUID

from accounts.ledger.hedera.ledger import HederaLedger
from accounts.ledger.hedera.mirror import Mirror
from accounts.ledger.hedera.network import Network
from accounts.ledger.hedera.transaction_ids import Maker
from identity.ledger_environment import LedgerSettings


@dataclass(frozen=True, slots=True)
class _Shared:
    ids: Maker
    gate: Network
    mirror: Mirror


def open_hedera(scope_id: UUID, settings: LedgerSettings) -> HederaLedger:
    """The ledger of a scope on the network that the settings name. Calls nobody.

    Raises Refused for an operator's key that is none.
    """
    shared = _shared(settings)
    return HederaLedger(
        scope_id,
        network=settings.network,
        operator=settings.operator,
        ids=shared.ids,
        gate=shared.gate,
        mirror=shared.mirror,
    )


@functools.lru_cache(maxsize=4)
def _shared(settings: LedgerSettings) -> _Shared:
    return _Shared(Maker(settings.operator), Network(settings), Mirror(settings.mirror))
