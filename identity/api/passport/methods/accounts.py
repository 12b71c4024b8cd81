"""The account that the server keeps for a user: one, on every chain."""

from typing import Final

from accounts.queries import managed_keys
from accounts.services import managed_keys as keys
from identity.api.passport.route import Asked, Method, Who


def addresses(asked: Asked) -> list[str]:
    """`eth_requestAccounts` and `eth_accounts`: the address, in the capitals of EIP-55."""
    caller = asked.caller
    found = managed_keys.of_user(caller.user_id)
    if found is not None:
        return [found.address]
    # Whoever came before there were accounts gets one now.
    return [keys.ensure(user_id=caller.user_id, by=caller.actor, now=asked.now).address]


METHODS: Final = (
    Method("eth_requestAccounts", Who.ACCOUNT, addresses),
    Method("eth_accounts", Who.ACCOUNT, addresses),
)
