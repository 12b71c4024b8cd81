"""Keeps the limit of recursion in a test process what it is in a server.

`eth_account`, with which tests compare, lets the whole process recurse a hundred times deeper on
its import; JSON that is nested without end then ends the process instead of being refused.
`identity.crypto.evm_typed_data` keeps it away from servers.
"""

import importlib
import sys


def install() -> None:
    deepest = sys.getrecursionlimit()
    try:
        importlib.import_module("eth_account")
    finally:
        sys.setrecursionlimit(deepest)
