"""Signed requests as they come into the domain: who asked for what, in bytes that can be kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """A COSE_Sign1 over what was asked.

    `is_attested` is true where the server signed a statement in place of the person's device:
    a staff act in the admin, or a request that may not be kept because it held a password.
    """

    sign1: bytes
    is_attested: bool = False
