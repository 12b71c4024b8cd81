"""The lock files: everything pinned and hashed, no host named, and nothing asked for is missing."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture import house

RUNTIME, DEVELOPMENT = house.ROOT / "requirements.lock", house.ROOT / "requirements-dev.lock"
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==(\S+)", re.MULTILINE)
OPTION = re.compile(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)", re.MULTILINE)
locks = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)


def pins(lock: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(lock.read_text())}


def asked_for(*extras: str) -> list[Requirement]:
    project = house.pyproject()["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@locks
def test_hashes_every_package(lock: Path) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock))
    assert all("--hash=sha256:" in entry for entry in entries)


@locks
def test_names_no_host_and_no_place(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not OPTION.search(text)
    assert " /" not in text


@pytest.mark.parametrize(
    ("lock", "extras"),
    [(RUNTIME, ()), (DEVELOPMENT, ("dev", "redis", "pkcs11", "hedera"))],
    ids=["runtime", "dev"],
)
def test_satisfies_what_the_project_asks_for(lock: Path, extras: tuple[str, ...]) -> None:
    pinned = pins(lock)
    for requirement in asked_for(*extras):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, requirement
        assert requirement.specifier.contains(version), requirement


def test_pins_the_same_versions_for_running_and_developing() -> None:
    runtime, development = pins(RUNTIME), pins(DEVELOPMENT)
    assert {name: development.get(name) for name in runtime} == runtime


def test_gives_a_reason_for_every_dependency() -> None:
    lines = (house.ROOT / "pyproject.toml").read_text().splitlines()
    start, end = lines.index("dependencies = ["), lines.index("[tool.pip-tools]")
    asked = [line for line in lines[start:end] if line.startswith('    "')]
    assert len(asked) == len(asked_for("dev", "redis", "pkcs11", "hedera"))
    assert all("# " in line for line in asked)
