"""The table of refusals: numbers and texts as clients know them, and every one of them is told."""

import ast
from pathlib import Path

from identity.api.bridge import errors
from identity.api.bridge.errors import Wire

TABLE = {
    "PARSE_ERROR": (-32700, "Parse error"),
    "METHOD_NOT_FOUND": (-32601, "Method not found"),
    "INVALID_PARAMS": (-32602, "Invalid params"),
    "INTERNAL_ERROR": (-32603, "Internal error"),
    "INVALID_SIGNATURE": (8, "Invalid signature"),
    "USER_DOESNT_EXIST": (9, "User doesn't exist"),
    "INVALID_TOKEN": (21, "Invalid token"),
    "ACCESS_DENIED": (48, "Access denied"),
    "PUB_KEY_ALREADY_IN_USE": (101, "Pub key already in use"),
    "TOO_MANY_REQUESTS": (429, "Too many requests"),
    "CONTEXT_DOES_NOT_EXIST": (24854, "Context does not exist"),
    "NO_MATCH_FOR_LAST_ID": (24867, "Object with lastId does not exist"),
    "API_KEY_DOES_NOT_EXIST": (24875, "Api key does not exist"),
    "INVALID_CREDENTIALS": (24876, "Invalid credentials"),
    "API_KEYS_LIMIT_EXCEEDED": (24877, "Api keys limit exceeded"),
    "INSUFFICIENT_SCOPE": (24878, "Insufficient scope"),
    "UNAUTHORIZED": (24879, "Unauthorized"),
    "SOLUTION_DOES_NOT_EXIST": (24880, "Solution does not exist"),
    "INVALID_ACL": (24881, "Invalid acl"),
    "SOLUTION_HAS_CONTEXTS": (24882, "Solution has contexts"),
    "CANNOT_ASSIGN_PRIVATE_CONTEXT": (24883, "Cannot assign private context"),
    "CANNOT_UNASSIGN_CONTEXT_FROM_ITS_PARENT": (24884, "Cannot unassign context from its parent"),
    "CANNOT_SWITCH_CONNECTED_CONTEXT_TO_PRIVATE": (
        24885,
        "Cannot switch connected context to private",
    ),
    "METHOD_CALLABLE_WITH_WEBSOCKET_ONLY": (24886, "Method callable with websocket only"),
    "FIRST_API_KEY_ALREADY_EXISTS": (24894, "First api key already exists"),
    "INITIALIZATION_TOKEN_MISSMATCH": (24895, "Initialization token missmatch"),
}
TESTS = Path(__file__).parent
ROOM = Path(errors.__file__).parent


def test_has_the_numbers_and_texts_of_the_protocol() -> None:
    assert {each.name: each.value for each in Wire} == TABLE
    assert len({number for number, _ in TABLE.values()}) == len(TABLE)


def test_every_refusal_is_told_somewhere() -> None:
    used = {
        node.attr
        for file in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Wire"
    }
    assert used == set(TABLE)


def test_every_refusal_is_met_by_a_test() -> None:
    """By its number in a test of this face, as what came over the wire."""
    numbers = {
        number
        for file in TESTS.glob("test_*.py")
        if file.name != Path(__file__).name
        for number in numbers_in(ast.parse(file.read_text()))
    }
    assert {number for number, _ in TABLE.values()} <= numbers


def numbers_in(tree: ast.AST) -> set[int]:
    """Every whole number that is written there, with its sign."""
    found = set()
    for node in ast.walk(tree):
        is_negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int):
            found.add(-inner.value if is_negative else inner.value)
    return found
