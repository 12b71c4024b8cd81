"""What the documents name exists: pages, headings, files, targets, commands, names in snippets."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("identity/api/*/README.md")),
]
OWN_APPS = ("identity", "accounts", "sessions_app", "invitations")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
# What begins with a slash is an address of the server, not a file.
ROOM = re.compile(
    r"(?<!/)\b(?:identity|accounts|sessions_app|invitations|tests|bench|templates|docs)/[\w/.*-]*"
)
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)([^`#\n]*)")

documents = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT))
)


def anchor(heading: str) -> str:
    """The name that renderers give a heading: lower case, hyphens, no punctuation."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return plain.replace(" ", "-")


def prose(document: Path) -> str:
    return FENCE.sub("", document.read_text())


def fences(document: Path, *languages: str) -> Iterator[str]:
    for language, body in FENCE.findall(document.read_text()):
        if language in languages:
            yield body


def code(document: Path) -> Iterator[str]:
    """Everything set as code: blocks line by line, and words between back-ticks."""
    for _, body in FENCE.findall(document.read_text()):
        yield from body.splitlines()
    yield from INLINE.findall(prose(document))


def is_broken(target: str, document: Path) -> bool:
    if re.match(r"https?:|mailto:", target):
        return False
    path, _, heading = target.partition("#")
    page = (document.parent / path).resolve() if path else document
    if not page.exists():
        return True
    return bool(heading) and heading not in map(anchor, HEADING.findall(page.read_text()))


@documents
def test_leads_to_pages_and_headings_that_exist(document: Path) -> None:
    broken = [target for target in LINK.findall(prose(document)) if is_broken(target, document)]
    assert not broken


@documents
def test_names_files_that_exist(document: Path) -> None:
    names = {name for text in INLINE.findall(prose(document)) for name in ROOM.findall(text)}
    missing = [name for name in sorted(names) if not any(ROOT.glob(name.rstrip("./")))]
    assert not missing


@documents
def test_names_make_targets_that_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in code(document) for name in MAKE.findall(text)}
    assert named <= targets


def lines_of(document: Path) -> Iterator[tuple[str, str]]:
    """Command lines in blocks: they can be typed as they stand."""
    for _, body in FENCE.findall(document.read_text()):
        yield from COMMAND.findall(body)


def mentions_of(document: Path) -> Iterator[tuple[str, str]]:
    """Commands in running text: what they need besides may be left out."""
    for text in INLINE.findall(prose(document)):
        yield from COMMAND.findall(text)


def fault_of(name: str, arguments: str) -> str:
    """What the command itself says of a command line; empty if it understands it."""
    if name not in get_commands():
        return "there is no such command"
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, BaseCommand)
    words = shlex.split(arguments.replace("…", "0"))
    try:
        command.create_parser("manage.py", name).parse_args(words)
    except CommandError as error:
        return str(error)
    return ""


@documents
def test_shows_command_lines_that_the_commands_understand(document: Path) -> None:
    faults = {
        f"{name}{arguments}": fault
        for name, arguments in lines_of(document)
        if (fault := fault_of(name, re.split(r"[|>;&]", arguments)[0]))
    }
    assert not faults


@documents
def test_mentions_commands_and_options_that_exist(document: Path) -> None:
    faults = {
        f"{name}{arguments}": fault
        for name, arguments in mentions_of(document)
        if (fault := fault_of(name, arguments)) and "arguments are required" not in fault
    }
    assert not faults


def test_the_page_of_commands_shows_every_command_of_ours() -> None:
    ours = {
        file.stem
        for app in OWN_APPS
        for file in (ROOT / app / "management" / "commands").glob("[a-z]*.py")
    }
    shown = {name for name, _ in lines_of(ROOT / "docs" / "commands.md")}
    assert len(ours) > 5
    assert ours <= shown


@pytest.mark.parametrize(
    "line", ["scopes create acme --colour blue", "scopes make acme", "scope list"]
)
def test_finds_a_command_line_that_is_wrong(line: str) -> None:
    ((name, arguments),) = COMMAND.findall(f"manage.py {line}")
    assert fault_of(name, arguments)


@documents
def test_shows_python_whose_imports_and_names_exist(document: Path) -> None:
    missing = []
    for body in fences(document, "python"):
        tree = ast.parse(body)
        modules = dict(_imported(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = modules.get(node.value.id)
                if module is not None and not hasattr(module, node.attr):
                    missing.append(f"{node.value.id}.{node.attr}")
    assert not missing


def _imported(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = importlib.import_module(alias.name)
                yield alias.asname or alias.name, module
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, _member(node.module, alias.name)


def _member(module: str, name: str) -> object:
    parent = importlib.import_module(module)
    if not hasattr(parent, name):
        return importlib.import_module(f"{module}.{name}")
    return getattr(parent, name)
