"""One file for each noun: what it takes, what it shows, and its routes."""

from types import ModuleType
from typing import Final

from identity.api.v1.nouns import devices, groups

NOUNS: Final[tuple[ModuleType, ...]] = (devices, groups)
