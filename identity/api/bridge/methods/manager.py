"""`manager/…` of API keys: made with no more than their maker has, shown once, switched and ended.

Who is an "API user" elsewhere is a scope here: its keys are seen and changed by whoever may, and
those of other scopes do not exist.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings

from identity import actor, ids
from identity.api.bridge import guesses, inputs, outputs, route, scope_words
from identity.api.bridge.errors import Told, Wire
from identity.api.bridge.guesses import Wrong
from identity.api.bridge.inputs import shape, text
from identity.api.bridge.methods.grants import SCOPE
from identity.api.bridge.outputs import OK
from identity.api.bridge.route import Asked, Method
from identity.api.bridge.scope_words import API_KEY, Words
from identity.errors import Missing
from identity.services import api_key_secrets, first_api_keys
from identity.services.api_key_secrets import Credential
from identity.web import scope_resolution
from sessions_app.queries import program_keys
from sessions_app.queries.program_keys import ProgramKeyRow

FIRST: Final = (
    *("context", "apiKey", "solution", "solution:*"),
    *("inbox", "store", "thread", "stream", "kvdb"),
)
"""What the first key of a scope may do."""
_UNNAMED: Final = "First key"
_ID: Final = text(inputs.ID, 1)
_NAME: Final = text(inputs.NAME)


def _create_first(asked: Asked) -> dict[str, str]:
    """The first key of the scope that the address names, for whoever knows the deployment's word.

    Its secret is the deployment's, so that who has it may make the first key of any scope.
    """
    scope_id = scope_resolution.resolve(asked.sent.named, now=asked.now).scope_id
    first_api_keys.require_none(scope_id=scope_id)
    try:
        with guesses.counted(asked.sent.address, now=asked.now):
            _require_initialization(asked.params["initializationToken"])
    except Wrong:
        raise Told(Wire.INITIALIZATION_TOKEN_MISSMATCH) from None
    secret, credential = _credential(asked.params.get("publicKey", ""))
    words = scope_words.of_key(FIRST)
    row = first_api_keys.create(
        name=_name(asked.params["name"]) or _UNNAMED,
        credential=credential,
        words=words.permissions,
        limits=words.limits,
        by=actor.system(scope_id),
        now=asked.now,
    )
    return {"id": row.key_id, "secret": secret}


def _require_initialization(token: str) -> None:
    expected = settings.BRIDGE_INITIALIZATION_TOKEN
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise Wrong


def _credential(public_key: str) -> tuple[str, Credential]:
    """A secret and its credential; no secret for a program that has a key of its own."""
    if public_key:
        return "", api_key_secrets.signing(public_key, algorithm="ed25519")
    secret = api_key_secrets.new_hex_secret()
    return secret, api_key_secrets.shared(secret)


def _create(asked: Asked) -> dict[str, str]:
    key_id, public_key = ids.new(), asked.params.get("publicKey", "")
    made = {"public_key": public_key, "algorithm": "ed25519"} if public_key else {"form": "shared"}
    done = asked.submit(
        "api-key.create",
        {
            "api_key": str(key_id),
            "name": _name(asked.params["name"]) or key_id.hex,
            **made,
            **_rights(_words(asked.params["scope"], asked)),
        },
    )
    return {"id": key_id.hex, "secret": done["secret"]}


def _get(asked: Asked) -> dict[str, Any]:
    return {"apiKey": outputs.api_key(_key(asked))}


def _list(_: Asked) -> dict[str, Any]:
    return {"list": [outputs.api_key(each) for each in program_keys.program_keys()]}


def _update(asked: Asked) -> str:
    row, params = _key(asked), asked.params
    changes: dict[str, Any] = {}
    if "name" in params:
        changes["name"] = _name(params["name"]) or row.key_id
    if "scope" in params:
        changes |= _rights(_words(params["scope"], asked))
    steps: list[tuple[str, Mapping[str, Any]]] = []
    if changes:
        steps.append(("api-key.edit", {"api_key": str(row.id), **changes}))
    if "enabled" in params and params["enabled"] != row.is_enabled:
        switch = "api-key.enable" if params["enabled"] else "api-key.disable"
        steps.append((switch, {"api_key": str(row.id)}))
    if steps:
        asked.submit_together(steps)
    return OK


def _delete(asked: Asked) -> str:
    row = _key(asked)
    if row.id == asked.caller.door.id:
        raise Told(Wire.ACCESS_DENIED)
    asked.submit("api-key.revoke", {"api_key": str(row.id)})
    return OK


def _key(asked: Asked) -> ProgramKeyRow:
    try:
        return program_keys.program_key(asked.params["id"])
    except Missing:
        raise Told(Wire.API_KEY_DOES_NOT_EXIST) from None


def _words(words: Sequence[str], asked: Asked) -> Words:
    """What the words say, which is no more than the caller has. Raises Told."""
    try:
        said = scope_words.of_key(words)
    except scope_words.Unknown as unknown:
        raise Told(Wire.INVALID_PARAMS, f"scope -> Unknown word '{unknown}'") from None
    caller = asked.caller
    wide = scope_words.beyond(words, caller.actor.permissions, caller.limits)
    if wide is not None:
        raise Told(Wire.INSUFFICIENT_SCOPE, f"Cannot use {wide}")
    return said


def _rights(said: Words) -> dict[str, Any]:
    return {
        "permissions": sorted(said.permissions),
        "solutions": list(said.solutions),
        "networks": list(said.networks),
    }


def _name(given: str) -> str:
    """A name as keys have it: of visible characters and single spaces."""
    return " ".join(given.split())


def _method(name: str, takes: inputs.Check, run: route.Handler, verb: str) -> Method:
    permission = f"api-keys:{verb}"
    return route.method(f"manager/{name}", takes, run, permission=permission, word=API_KEY)


_FIRST: Final = shape(
    {"initializationToken": text(1024, 1), "name": _NAME}, publicKey=inputs.ed25519_public_key
)
_NEW: Final = shape({"name": _NAME, "scope": SCOPE}, publicKey=inputs.ed25519_public_key)
_CHANGES: Final = shape({"id": _ID}, name=_NAME, scope=SCOPE, enabled=inputs.boolean)
METHODS: Final[tuple[Method, ...]] = (
    Method("manager/createFirstApiKey", _FIRST, _create_first),
    _method("createApiKey", _NEW, _create, "create"),
    _method("getApiKey", shape({"id": _ID}), _get, "get"),
    _method("listApiKeys", inputs.nothing, _list, "list"),
    _method("updateApiKey", _CHANGES, _update, "edit"),
    _method("deleteApiKey", shape({"id": _ID}), _delete, "delete"),
)
