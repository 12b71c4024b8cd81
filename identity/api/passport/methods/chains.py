"""Switching of chains: an account is the same on every one, so there is nothing to do."""

from typing import Final

from identity.api.passport.route import Asked, Method, Who


def _nothing(_: Asked) -> None:
    """What clients expect of a switch that worked (EIP-3326, EIP-3085)."""


METHODS: Final = tuple(
    Method(f"{prefix}_{verb}EthereumChain", Who.ANYBODY, _nothing, has_channel=False)
    for prefix in ("eth", "wallet")
    for verb in ("add", "switch")
)
