"""`context/…User…`: which user id has which public key in a context."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.queries import members as queries
from identity.api.bridge import inputs, outputs, route
from identity.api.bridge.inputs import shape, text, user_public_key
from identity.api.bridge.outputs import OK
from identity.api.bridge.route import Asked, Method
from identity.api.bridge.scope_words import CONTEXT

_ID: Final = text(inputs.ID, 1)
_ACL: Final = text(inputs.ACL)
_WORDS: Final[Mapping[str, str]] = {
    "contextId": "context",
    "userId": "member",
    "userPubKey": "public_key",
}


def _add(asked: Asked) -> str:
    asked.submit("member.add", _details(asked.params))
    return OK


def _remove(asked: Asked) -> str:
    asked.submit("member.remove", _details(asked.params))
    return OK


def _remove_key(asked: Asked) -> str:
    asked.submit("member.remove-key", _details(asked.params))
    return OK


def _get(asked: Asked) -> dict[str, Any]:
    params = asked.params
    found = queries.member(params["contextId"], params["userId"], limits=asked.caller.bounds)
    return {"user": outputs.user(found)}


def _get_by_key(asked: Asked) -> dict[str, Any]:
    params = asked.params
    found = queries.member_by_key(params["contextId"], params["pubKey"], limits=asked.caller.bounds)
    return {"user": outputs.user(found)}


def _list(asked: Asked) -> dict[str, Any]:
    params = asked.params
    found = queries.members_page(
        params["contextId"], **inputs.page(params), limits=asked.caller.bounds
    )
    return {"users": [outputs.user(each) for each in found.rows], "count": found.count}


def _set_acl(asked: Asked) -> str:
    params, bounds = asked.params, asked.caller.bounds
    if bounds is not None:
        # Who may not see a context does not hear who is in it either.
        queries.member(params["contextId"], params["userId"], limits=bounds)
    asked.submit("member.set-acl", _details(asked.params))
    return OK


def _details(params: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent in our words."""
    return {_WORDS.get(name, name): value for name, value in params.items()}


def _method(name: str, takes: inputs.Check, run: route.Handler, verb: str) -> Method:
    permission = f"members:{verb}"
    return route.method(f"context/{name}", takes, run, permission=permission, word=CONTEXT)


_USER: Final = {"contextId": _ID, "userId": _ID}
_KEY: Final = {"contextId": _ID, "userPubKey": user_public_key}
METHODS: Final = (
    _method("addUserToContext", shape({**_USER, **_KEY}, acl=_ACL), _add, "create"),
    _method("removeUserFromContext", shape(_USER), _remove, "delete"),
    _method("removeUserFromContextByPubKey", shape(_KEY), _remove_key, "delete"),
    _method("getUserFromContext", shape(_USER), _get, "get"),
    _method(
        "getUserFromContextByPubKey",
        shape({"contextId": _ID, "pubKey": user_public_key}),
        _get_by_key,
        "get",
    ),
    _method("listUsersFromContext", inputs.listing(queries.FILTERS, contextId=_ID), _list, "list"),
    _method("setUserAcl", shape({**_USER, "acl": _ACL}), _set_acl, "edit"),
)
