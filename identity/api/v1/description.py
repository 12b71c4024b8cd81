"""The table of routes as an OpenAPI 3.1 description; nothing in it is written twice."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from identity.api.v1 import path_ids, route
from identity.api.v1.caller import Kind
from identity.api.v1.route import Route
from identity.api.v1.sent import ROOT
from identity.api.v1.shapes import Waiting
from identity.web import problems

_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = {
    "type": "object",
    "description": "Why it was refused (RFC 9457); `type` leads to a page that says what to do.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status"],
}
_REFUSAL: Final[dict[str, Any]] = {
    "description": "A refusal, as problem details.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
}
_SECURITY: Final = {
    "deviceSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "HTTP message signature (RFC 9421) with ecdsa-p256-sha256 by the key of a "
        "device, or of an API key that has one: covers @method, @target-uri, content-digest where "
        "there is a body, and each of Idempotency-Key, If-Match, X-Scope-Id that is sent; "
        "parameters created, nonce, keyid.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A session's access token (RFC 6750): for what is about the own account.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "csk_",
        "description": "An API key: for what its permissions open without a human proof.",
    },
    "staffSession": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "The session of the admin. In development, without https, the cookie is "
        "named sessionid.",
    },
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": "With a session, for everything that changes something.",
    },
}
_BEARERS: Final = {Kind.SELF: "accessToken", Kind.FOR_PROGRAMS: "apiKey"}
_ALWAYS: Final = (400, 401, 403, 404, 405, 406, 413, 429, 503)


def own_paths(endpoints: list[Any], **_: Any) -> list[Any]:
    """The paths of this face, each once: without the prefix of a scope."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(f"{ROOT}/")]


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The whole description with its components."""
    result["components"] = {
        "schemas": {"Problem": _PROBLEM, **dict(sorted(_components().items()))},
        "responses": {"Problem": _REFUSAL},
        "securitySchemes": _SECURITY,
    }
    return result


@functools.cache
def document() -> bytes:
    """The description as it is served and checked in."""
    generator: Any = SchemaGenerator
    made = generator(urlconf="identity.api.v1.urls").get_schema(public=True)
    made["info"]["description"] = (
        "Who may do what, with a second signature where policy asks for one. A change that waits "
        "for others answers 202 with its proposal."
    )
    return orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n"


class TableSchema(AutoSchema):
    """Operations as the table says them."""

    def get_operation(self, *asked: Any) -> Any:
        """The operation of one method of the view's path: path, two parts of it, the method."""
        view: Any = self.view
        return operation(view.routes[asked[3]])


def operation(each: Route) -> dict[str, Any]:
    """One route as an operation object."""
    described: dict[str, Any] = {
        "operationId": each.name,
        "summary": f"{each.summary}.",
        "description": _permission(each),
        "tags": [each.path.split("/")[1]],
        "security": _security(each),
        "parameters": [*_path(each), *_query(each), *_headers(each)],
        "responses": _responses(each),
    }
    if each.body is not None:
        content = {each.takes: {"schema": _schema(each.body)}}
        # No body is an empty object.
        is_required = any(field.required for field in msgspec.structs.fields(each.body))
        described["requestBody"] = {"required": is_required, "content": content}
    return described


def _permission(each: Route) -> str:
    if each.permission == route.OPEN:
        return "Needs no signature and no session."
    if each.permission == route.SELF:
        return "Needs no permission: it is about the caller's own."
    return f"Needs the permission `{each.permission}`" + (
        ", or is about the caller's own." if each.own else "."
    )


def _security(each: Route) -> list[dict[str, list[str]]]:
    if each.permission == route.OPEN:
        return []
    session: dict[str, list[str]] = {"staffSession": []}
    if each.method != "GET":
        session["csrfToken"] = []
    ways: list[dict[str, list[str]]] = [{"deviceSignature": []}]
    if each.kind in _BEARERS:
        ways.append({_BEARERS[each.kind]: []})
    if each.is_own_by_token:
        ways.append({_BEARERS[Kind.SELF]: []})
    return [*ways, session]


def _path(each: Route) -> Iterator[dict[str, Any]]:
    for name in each.placeholders:
        yield {"name": name, "in": "path", "required": True, "schema": _id(name)}


def _id(name: str) -> dict[str, Any]:
    if name in path_ids.TEXT_IDS:
        return {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
    if name in path_ids.NUMBERS:
        return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    return {"type": "string", "format": "uuid"}


def _query(each: Route) -> Iterator[dict[str, Any]]:
    if each.query is None:
        return
    described = _components()[each.query.__name__]
    for name, schema in described["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "default"}
        options = [kind for kind in plain.get("anyOf", ()) if kind != {"type": "null"}]
        # A parameter is absent or has a value; there is no null behind a question mark.
        shown = options[0] if len(options) == 1 else plain
        is_required = name in described.get("required", ())
        yield {"name": name, "in": "query", "required": is_required, "schema": shown}


def _headers(each: Route) -> Iterator[dict[str, Any]]:
    if each.method != "GET" and each.permission != route.OPEN:
        key = {"type": "string", "minLength": 1, "maxLength": 128}
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "schema": key}
    if each.is_versioned and each.method != "GET":
        schema = {"type": "string", "examples": ['"1"']}
        yield {"name": "If-Match", "in": "header", "required": True, "schema": schema}


def _responses(each: Route) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": each.summary}
    if each.shows is not None:
        shown["content"] = {each.media_type: {"schema": _schema(each.shows)}}
    elif each.is_streamed:
        shown["content"] = {each.media_type: {"schema": {"type": "string"}}}
    elif each.media_type != route.JSON:
        # Bytes have no schema (OpenAPI 3.1 §4.8.14.1).
        shown["content"] = {each.media_type: {}}
    responses = {str(each.status): shown}
    if each.command or each.may_wait:
        content = {"application/json": {"schema": _schema(Waiting)}}
        responses["202"] = {"description": "The change waits for others.", "content": content}
    if each.refuses is not None:
        content = {"application/json": {"schema": _schema(each.refuses)}}
        refusal = {"description": "A refusal.", "content": content}
        return responses | {str(status): refusal for status in each.refuses.STATUSES}
    refusals = [*_ALWAYS, *each.also_refuses]
    if each.method != "GET":
        refusals += [409, 415, 422]
    if each.is_versioned and each.method != "GET":
        refusals += [412, 428]
    for status in sorted(refusals):
        responses[str(status)] = {"$ref": "#/components/responses/Problem"}
    return responses


def _schema(kind: Any) -> Mapping[str, Any]:
    ((schema,), _) = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _kinds(each: Route) -> Iterator[Any]:
    yield from (each.body, each.query, each.shows, each.refuses)


@functools.cache
def _components() -> dict[str, Any]:
    from identity.api.v1.table import TABLE  # noqa: PLC0415 the table's views need this module

    kinds = [kind for each in TABLE.routes for kind in _kinds(each) if kind]
    _, components = msgspec.json.schema_components([*kinds, Waiting], ref_template=_REF)
    return dict(components)
