"""The conditions of a lambda, one after the other, until one is not met."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final

from accounts.lambdas import requests, sandbox, substitution
from accounts.lambdas.config import Code, Config, Fetch, OutputType
from accounts.lambdas.requests import Call
from accounts.lambdas.templates import Given

Run = Callable[[str, dict[str, Any]], Any]
"""Runs code on values, as `sandbox.run`."""

_KINDS: Final[dict[OutputType, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (bool, int),
    "string": (str,),
    "json": (object,),
}


def judged(
    config: Config, given: Given, *, hosts: Collection[str], call: Call, run: Run = sandbox.run
) -> Given | None:
    """What was given with the outputs of all conditions; None where one was not met.

    Nothing of what comes after a condition that was not met is run. Not to be called in a
    transaction: it waits for others. Raises `accounts.errors.LambdaFailed`, LambdaUnavailable.
    """
    for each in config.conditions:
        if isinstance(each, Code):
            output, is_met = _ran(each, given, run)
        else:
            output, is_met = _called(each, given, hosts, call)
        if not is_met:
            return None
        given = replace(given, outputs=(*given.outputs, output))
    return given


def _ran(code: Code, given: Given, run: Run) -> tuple[Any, bool]:
    text = substitution.named(code.code) if code.substitution else code.code
    output = run(text, given.values())
    is_of_kind = isinstance(output, _KINDS[code.output_type])
    # As JavaScript judges: nothing, false, 0 and the empty text are not met; objects are.
    return output, is_of_kind and (output not in (None, False, 0, ""))


def _called(fetch: Fetch, given: Given, hosts: Collection[str], call: Call) -> tuple[Any, bool]:
    answer = call(requests.made(fetch, given, hosts=hosts))
    return (answer.output, True) if answer.is_good else (None, False)
