"""`solution/…`: the applications of a scope."""

from typing import Any, Final

from accounts.queries import contexts
from identity.api.bridge import inputs, outputs, route
from identity.api.bridge.inputs import shape, text
from identity.api.bridge.outputs import OK
from identity.api.bridge.route import Asked, Method
from identity.api.bridge.scope_words import SOLUTION

_ID: Final = text(inputs.ID, 1)
_NAME: Final = text(inputs.SOLUTION_NAME)


def _create(asked: Asked) -> dict[str, Any]:
    done = asked.submit("solution.create", {"name": asked.params["name"]})
    return {"solutionId": done["solution"]["id"]}


def _get(asked: Asked) -> dict[str, Any]:
    found = contexts.solution(asked.params["id"], limits=asked.caller.bounds)
    return {"solution": outputs.solution(found)}


def _list(asked: Asked) -> dict[str, Any]:
    found = contexts.solutions(limits=asked.caller.bounds)
    return {"list": [outputs.solution(each) for each in found]}


def _update(asked: Asked) -> str:
    params = asked.params
    asked.submit("solution.edit", {"solution": params["id"], "name": params["name"]})
    return OK


def _delete(asked: Asked) -> str:
    asked.submit("solution.delete", {"solution": asked.params["id"]})
    return OK


def _method(name: str, takes: inputs.Check, run: route.Handler, verb: str) -> Method:
    permission = f"solutions:{verb}"
    return route.method(f"solution/{name}", takes, run, permission=permission, word=SOLUTION)


METHODS: Final = (
    _method("createSolution", shape({"name": _NAME}), _create, "create"),
    _method("getSolution", shape({"id": _ID}), _get, "get"),
    _method("listSolutions", inputs.nothing, _list, "list"),
    _method("updateSolution", shape({"id": _ID, "name": _NAME}), _update, "edit"),
    _method("deleteSolution", shape({"id": _ID}), _delete, "delete"),
)
