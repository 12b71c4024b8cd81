"""Every import contract is seen to fail: a violation is planted in a copy of the house."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import house

# Contract, file, and the line that must break it.
VIOLATIONS = [
    ("storeys", "identity/crypto/rsa.py", "from identity.services import nonces"),
    ("storeys", "identity/errors.py", "from identity.crypto import rsa"),
    ("storeys", "identity/scoping/current.py", "from identity.models import Scope"),
    ("storeys", "identity/services/nonces.py", "from accounts.models import User"),
    ("storeys", "accounts/models/user.py", "from invitations.models import Proposal"),
    ("storeys", "accounts/services/users.py", "from sessions_app.services import x"),
    ("storeys", "sessions_app/services/__init__.py", "from invitations import errors"),
    ("storeys", "invitations/services/votes.py", "from identity.web import limits"),
    ("storeys", "identity/web/limits.py", "from identity.api import enterprise"),
    ("storeys", "identity/api/enterprise/views.py", "from identity import urls"),
    ("queries-decide-nothing", "accounts/queries/members.py", "from accounts.services import x"),
    (
        "queries-decide-nothing",
        "sessions_app/queries/rows.py",
        "from sessions_app.services import x",
    ),
    ("queries-decide-nothing", "invitations/queries/proofs.py", "import invitations.services.x"),
    ("faces", "identity/api/enterprise/views.py", "from identity.api import other"),
    ("tables", "identity/api/enterprise/views.py", "from accounts.models import User"),
    ("tables", "identity/api/enterprise/auth.py", "import identity.models.scope"),
    ("web-is-manners", "identity/web/limits.py", "from accounts import errors"),
    ("http-free", "accounts/services/users.py", "from rest_framework import views"),
    ("http-free", "invitations/services/votes.py", "import social_django"),
    ("pure-crypto", "identity/crypto/rsa.py", "from django.conf import settings"),
    ("sdk-alone", "identity/sdk/client.py", "from identity.services import server_keys"),
    ("offline-verifiers", "identity/crypto/evidence.py", "from identity import errors"),
]
IDS = [f"{contract}: {file}" for contract, file, _ in VIOLATIONS]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, with a second face so that faces can meet."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(house.ROOT / "pyproject.toml", folder)
    for package in house.PACKAGES:
        shutil.copytree(
            house.ROOT / package,
            folder / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.html"),
        )
    other = folder / "identity" / "api" / "other"
    other.mkdir()
    (other / "__init__.py").write_text("")
    for package in ("accounts", "sessions_app", "invitations"):
        (folder / package / "services" / "x.py").write_text("")
    return folder


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    _, file, line = request.param
    place = copy / file
    before = place.read_text()
    place.write_text(f"{before}\n{line}\n")
    yield
    place.write_text(before)


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [option for contract in contracts for option in ("--contract", contract)]
    lint_imports = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [lint_imports, "--no-cache", "--no-logo", *chosen],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_keeps_all_contracts_as_it_is(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("planted", "contract"),
    [(violation, violation[0]) for violation in VIOLATIONS],
    indirect=["planted"],
    ids=IDS,
)
@pytest.mark.usefixtures("planted")
def test_breaks_when_a_violation_is_planted(copy: Path, contract: str) -> None:
    done = lint(copy, contract)
    assert done.returncode == 1, done.stdout
    assert "1 broken" in done.stdout


def test_has_a_violation_for_every_contract() -> None:
    contracts = {
        contract["id"] for contract in house.pyproject()["tool"]["importlinter"]["contracts"]
    }
    assert {contract for contract, _, _ in VIOLATIONS} == contracts
