"""`context/…`: circles of users, and the solutions that see them."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.queries import contexts as queries
from accounts.services import context_fields
from identity.api.bridge import inputs, outputs, route
from identity.api.bridge.inputs import Wrong, one_of, shape, text
from identity.api.bridge.outputs import OK
from identity.api.bridge.route import Asked, Method
from identity.api.bridge.scope_words import CONTEXT
from identity.errors import Invalid

_ID: Final = text(inputs.ID, 1)
_TEXT: Final = text(inputs.NAME)
_VISIBILITY: Final = one_of("private", "public")


def _policy(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong("Expected object")
    try:
        return context_fields.policy(value)
    except Invalid as invalid:
        raise Wrong(invalid.detail) from None


def _create(asked: Asked) -> dict[str, Any]:
    done = asked.submit("context.create", _details(asked.params))
    return {"contextId": done["context"]["id"]}


def _get(asked: Asked) -> dict[str, Any]:
    found = queries.context(asked.params["contextId"], limits=asked.caller.bounds)
    return {"context": outputs.context(found)}


def _list(asked: Asked) -> dict[str, Any]:
    params = asked.params
    found = queries.contexts_page(
        **inputs.page(params),
        limits=asked.caller.bounds,
        solution_id=params.get("solutionId", ""),
    )
    return {"list": [outputs.context(each) for each in found.rows], "count": found.count}


def _update(asked: Asked) -> str:
    asked.submit("context.edit", _details(asked.params))
    return OK


def _delete(asked: Asked) -> str:
    asked.submit("context.delete", _details(asked.params))
    return OK


def _share(asked: Asked) -> str:
    asked.submit("context.share", _details(asked.params))
    return OK


def _unshare(asked: Asked) -> str:
    asked.submit("context.unshare", _details(asked.params))
    return OK


_WORDS: Final[Mapping[str, str]] = {
    "contextId": "context",
    "solutionId": "solution",
    "scope": "visibility",
}


def _details(params: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent in our words."""
    return {_WORDS.get(name, name): value for name, value in params.items()}


def _method(name: str, takes: inputs.Check, run: route.Handler, verb: str) -> Method:
    permission = f"contexts:{verb}"
    return route.method(f"context/{name}", takes, run, permission=permission, word=CONTEXT)


_CONTEXT: Final = shape({"contextId": _ID})
_BOTH: Final = shape({"contextId": _ID, "solutionId": _ID})
_NEW: Final = shape(
    {"solution": _ID, "name": _TEXT, "description": _TEXT, "scope": _VISIBILITY}, policy=_policy
)
_CHANGES: Final = shape(
    {"contextId": _ID}, name=_TEXT, description=_TEXT, scope=_VISIBILITY, policy=_policy
)
METHODS: Final = (
    _method("createContext", _NEW, _create, "create"),
    _method("getContext", _CONTEXT, _get, "get"),
    _method("listContexts", inputs.listing(queries.FILTERS), _list, "list"),
    _method(
        "listContextsOfSolution", inputs.listing(queries.FILTERS, solutionId=_ID), _list, "list"
    ),
    _method("updateContext", _CHANGES, _update, "edit"),
    _method("deleteContext", _CONTEXT, _delete, "delete"),
    _method("addSolutionToContext", _BOTH, _share, "edit"),
    _method("removeSolutionFromContext", _BOTH, _unshare, "edit"),
)
