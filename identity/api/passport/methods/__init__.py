"""The table of methods, each found by its name on the wire."""

from collections.abc import Iterable, Mapping
from typing import Final

from identity.api.passport.methods import (
    accounts,
    chains,
    delegated,
    lambdas,
    passkeys,
    scopes,
    signing,
)
from identity.api.passport.route import Method


def _table(*parts: Iterable[Method]) -> Mapping[str, Method]:
    table: dict[str, Method] = {}
    for method in (each for part in parts for each in part):
        if method.name in table:
            raise ValueError(f"{method.name} is there twice")
        table[method.name] = method
    return table


METHODS: Final = _table(
    accounts.METHODS,
    chains.METHODS,
    delegated.METHODS,
    lambdas.METHODS,
    passkeys.METHODS,
    scopes.METHODS,
    signing.METHODS,
)
