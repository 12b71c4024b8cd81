"""A password hash that costs little: of the same kind, with fewer rounds and less memory.

The real one is a fifth of a run that signs in all the time. What depends on its cost names it.
"""

from accounts.passwords import Argon2idHasher

REAL = "accounts.passwords.Argon2idHasher"


class QuickHasher(Argon2idHasher):
    """Argon2id, 256 KiB, one pass."""

    time_cost = 1
    memory_cost = 256


def forget() -> None:
    """The verifier of nobody is made once in a process, at the cost of the hasher of that time."""
    # Settings name this module, so it loads no models by itself.
    from accounts.services import passwords

    passwords._nobodys_verifier.cache_clear()
