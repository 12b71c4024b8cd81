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
]
OWN_APPS = ("identity", "accounts", "sessions_app", "invitations")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
ROOM = re.compile(r"(?:identity|accounts|sessions_app|invitations|tests|bench|templates|docs)/[\w/.*-]*")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)([^`#\n]*)")
PLACE_HOLDERS = {"…": "value"}

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


@documents
def test_leads_to_pages_and_headings_that_exist(document: Path) -> None:
    broken = []
    for target in LINK.findall(prose(document)):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, heading = target.partition("#")
        page = (document.parent / path).resolve() if path else document
        if not page.exists():
            broken.append(target)
        elif heading and heading not in {anchor(text) for text in HEADING.findall(page.read_text())}:
            broken.append(target)
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


def shown_commands(document: Path) -> Iterator[tuple[str, str]]:
    for text in code(document):
        yield from COMMAND.findall(text)


def parse(name: str, arguments: str) -> None:
    """Read a command line as the command itself would."""
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, BaseCommand)
    for written, meant in PLACE_HOLDERS.items():
        arguments = arguments.replace(written, meant)
    words = shlex.split(re.split(r"[|>;&]", arguments)[0])
    command.create_parser("manage.py", name).parse_args(words)


@documents
def test_shows_command_lines_that_the_commands_understand(document: Path) -> None:
    faults = []
    for name, arguments in shown_commands(document):
        # A name alone speaks of the command; it is no line to be typed.
        if name not in get_commands():
            faults.append(f"{name}: no such command")
        elif arguments.strip(" .,:"):
            try:
                parse(name, arguments)
            except CommandError as error:
                faults.append(f"{name}{arguments}: {error}")
    assert not faults


def test_the_page_of_commands_shows_every_command_of_ours() -> None:
    ours = {
        file.stem
        for app in OWN_APPS
        for file in (ROOT / app / "management" / "commands").glob("[a-z]*.py")
    }
    shown = {name for name, _ in shown_commands(ROOT / "docs" / "commands.md")}
    assert len(ours) > 5
    assert ours <= shown


def test_refuses_a_command_line_with_an_unknown_option() -> None:
    with pytest.raises(CommandError):
        parse("scopes", " create acme --colour blue")


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
