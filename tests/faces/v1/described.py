"""Every answer of these tests is what `docs/openapi.json` says: status, media type and content."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

DESCRIPTION: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs" / "openapi.json").read_text()
)
PREFIX = re.compile(r"^/s/[^/]+(?=/v1/)")
PLACEHOLDER = re.compile(r"\{\w+\}")


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Each path as a pattern, those with fewer placeholders first: words win over ids."""
    paths = sorted(DESCRIPTION["paths"], key=lambda path: len(PLACEHOLDER.findall(path)))
    return [(re.compile(PLACEHOLDER.sub("[^/]+", path)), path) for path in paths]


def require(answer: httpx.Response, *, method: str, path: str) -> None:
    """See that the answer is one of those that the description has for this request."""
    plain = PREFIX.sub("", path)
    if not plain.startswith("/v1/"):
        return
    found = next((path for pattern, path in _paths() if pattern.fullmatch(plain)), None)
    if found is None:
        assert answer.status_code in {404, 429}, f"{plain} is not described and answers"
        return
    operation = DESCRIPTION["paths"][found].get(method.lower())
    if operation is None:
        assert answer.status_code == 405, f"{method} {found} is not described and answers"
        return
    responses = operation["responses"]
    where = f"{method} {found}: {answer.status_code}"
    assert str(answer.status_code) in responses, f"{where} is not described"
    media_type = answer.headers["content-type"].partition(";")[0]
    content = _resolved(responses[str(answer.status_code)])["content"]
    assert media_type in content, f"{where} is described as {set(content)}, not as {media_type}"
    if "json" in media_type.split("+")[-1] and media_type != "application/jsonl":
        faults = list(
            _validator(found, method, answer.status_code, media_type).iter_errors(answer.json())
        )
        assert not faults, f"{where}: {faults[0].json_path} {faults[0].message}"


@functools.cache
def _validator(path: str, method: str, status: int, media_type: str) -> Draft202012Validator:
    operation = DESCRIPTION["paths"][path][method.lower()]
    content = _resolved(operation["responses"][str(status)])["content"]
    schema = {**content[media_type]["schema"], "components": DESCRIPTION["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or the component that it refers to."""
    if "$ref" not in node:
        return node
    found: Any = DESCRIPTION
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: dict[str, Any] = found
    return resolved
