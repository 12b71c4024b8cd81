"""Budgets of size: short functions, short modules (design: style)."""

import ast
from collections.abc import Iterator

from tests.architecture import house

LONGEST_FUNCTION = 40
USUAL_FUNCTION = 25
LONGEST_MODULE = 300
# Handed to auditors as one file each, so they can't be divided.
ONE_FILE = {"identity/crypto/evidence.py", "identity/crypto/audit_chain.py"}


def functions(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_has_no_long_function() -> None:
    long = {
        f"{house.name(file)}: {function}": lines
        for file in house.sources()
        for function, lines in functions(file.read_text())
        if lines > LONGEST_FUNCTION
    }
    assert not long


def test_has_mostly_short_functions() -> None:
    lengths = [lines for file in house.sources() for _, lines in functions(file.read_text())]
    assert len(lengths) > 300
    assert sum(lines <= USUAL_FUNCTION for lines in lengths) / len(lengths) >= 0.9


def test_has_no_long_module() -> None:
    lengths = {house.name(file): len(file.read_text().splitlines()) for file in house.sources()}
    long = {file for file, lines in lengths.items() if lines > LONGEST_MODULE}
    assert long <= ONE_FILE


def test_would_notice_a_long_function() -> None:
    source = "def long():\n" + "    pass\n" * LONGEST_FUNCTION
    assert dict(functions(source)) == {"long": LONGEST_FUNCTION + 1}
