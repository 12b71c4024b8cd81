"""Libraries that let the whole process recurse a hundred times deeper when they are loaded.

JSON that is nested without end would then end the process, where it has to be refused. They are
also large: 0.4 s and tens of megabytes that most processes never need.
"""

import functools
import importlib
import sys
from types import ModuleType


@functools.cache
def loaded(name: str) -> ModuleType:
    """The module of this name, loaded when first used, with the limit of recursion as it was."""
    deepest = sys.getrecursionlimit()
    try:
        return importlib.import_module(name)
    finally:
        sys.setrecursionlimit(deepest)
