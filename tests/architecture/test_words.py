"""Names of others' products stay in their faces: the house speaks its own words."""

import re
from pathlib import Path

import pytest

from tests.architecture import house

VENDOR = re.compile(r"blockstream|guardian|hedera|passport|blocklet|privmx", re.IGNORECASE)
# The faces, and the roof's wiring that puts them up.
WIRING = ("identity/urls.py", "identity/wsgi.py", "identity/management/commands/connect.py")
# The registered name of a DID method is part of every such DID, as a public standard has it.
DID_METHOD = "identity/crypto/did_ledger.py"
# Which ledger there is stands in the environment under its own name.
LEDGER = "identity/ledger_environment.py"
MAY_NAME_THEM = ("identity/api/", "accounts/ledger/", DID_METHOD, LEDGER, *WIRING)
TEXTS = {".py", ".html", ".txt", ".css", ".js"}


def vendor_words(text: str) -> set[str]:
    return {word.lower() for word in VENDOR.findall(text)}


def below_the_roof() -> list[Path]:
    places = [house.ROOT / package for package in (*house.PACKAGES, "templates")]
    files = [file for place in places for file in place.rglob("*") if file.suffix in TEXTS]
    return [file for file in files if not house.name(file).startswith(MAY_NAME_THEM)]


def test_names_no_vendor_below_the_roof() -> None:
    files = below_the_roof()
    assert len(files) > 50
    found = {
        house.name(file): words
        for file in files
        if (words := vendor_words(file.read_text()) | vendor_words(house.name(file)))
    }
    assert not found


@pytest.mark.parametrize("text", ["class HederaLedger:", "# as in PrivMX", "blockstream_id"])
def test_would_notice_one(text: str) -> None:
    assert vendor_words(text)
