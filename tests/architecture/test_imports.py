"""Imports that contracts can't see: parts of packages, and files that must stand alone."""

import sys
from pathlib import Path

import pytest

from tests.architecture import house

HTTP_FREE = (
    *("identity.services", "identity.models", "identity.scoping", "identity.crypto"),
    *("identity.errors", "identity.actor", "identity.permissions", "identity.sdk"),
    *("accounts.services", "accounts.models", "accounts.errors", "accounts.queries"),
    *("sessions_app.services", "sessions_app.models"),
    *("invitations.services", "invitations.commands", "invitations.decision"),
    *("invitations.queries", "invitations.models", "invitations.errors"),
)
HTTP = ("django.http", "django.shortcuts", "django.views", "django.urls", "rest_framework")
OFFLINE = ("identity/crypto/evidence.py", "identity/crypto/audit_chain.py")
OFFLINE_MAY_USE = sys.stdlib_module_names | {"cryptography", "cbor2"}
ROOF = {"urls", "wsgi", "settings"}


def http_imports(source: str) -> set[str]:
    return {
        name
        for name in house.imported(source)
        if any(name == part or name.startswith(f"{part}.") for part in HTTP)
    }


def foreign_imports(source: str) -> set[str]:
    return {name for name in house.imported(source) if name.split(".")[0] not in OFFLINE_MAY_USE}


@pytest.mark.parametrize("room", HTTP_FREE)
def test_knows_no_http_in_the_domain(room: str) -> None:
    found = {house.name(file): http_imports(file.read_text()) for file in house.sources(room)}
    assert found, f"{room} has no files: is it still called so?"
    assert not {file: names for file, names in found.items() if names}


@pytest.mark.parametrize("path", OFFLINE)
def test_verifies_offline_with_two_libraries_alone(path: str) -> None:
    assert not foreign_imports((house.ROOT / path).read_text())


@pytest.mark.parametrize(
    "source",
    [
        "from django.http import HttpResponse",
        "from django import http",
        "def late() -> None:\n    import django.views.generic",
        "from rest_framework.views import APIView",
    ],
)
def test_would_notice_http(source: str) -> None:
    assert http_imports(source)


@pytest.mark.parametrize(
    "source", ["from identity import ids", "import httpx", "from . import cose", "import django"]
)
def test_would_notice_a_verifier_that_needs_more(source: str) -> None:
    assert foreign_imports(source)


def test_gives_every_room_a_storey() -> None:
    """A new package or module must be placed in the contract, or nothing guards it."""
    contracts = house.pyproject()["tool"]["importlinter"]["contracts"]
    (storeys,) = [contract for contract in contracts if contract["id"] == "storeys"]
    placed = {
        module.strip().strip("()")
        for layer in storeys["layers"]
        for module in layer.replace("|", ":").split(":")
    }
    rooms = {
        f"{package}.{place.stem}"
        for package in house.PACKAGES
        for place in (house.ROOT / package).iterdir()
        if _is_room(place)
    }
    # Environment is the reader that settings use before anything else exists.
    assert rooms - placed == {
        "identity.environment",
        "identity.ledger_environment",
        "identity.program_environment",
        "identity.sealing_environment",
    }


def _is_room(place: Path) -> bool:
    if place.is_dir():
        return any(place.glob("*.py")) and place.name != "migrations"
    return place.suffix == ".py" and place.stem != "__init__"
