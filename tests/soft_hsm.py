"""A PKCS #11 token in software for tests: SoftHSM2, from Debian's package softhsm2."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from identity.crypto import pkcs11_token
from identity.crypto.pkcs11_token import Place
from identity.services import sealing

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
TOKEN = "countersign"
PIN = "correct-horse-7"
SO_PIN = "another-horse-8"


def module() -> str:
    """The path of the module; skips the test that asks where there is none."""
    found = next(filter(os.path.exists, MODULES), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (Debian's package softhsm2)")
    return found


@dataclass
class SoftHsm:
    """A token in a folder of its own, which can be taken away and put back."""

    folder: Path
    module: str = field(default_factory=module)

    def __post_init__(self) -> None:
        self.tokens.mkdir(parents=True)
        self.configuration.write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\n"
        )
        command = f"softhsm2-util --init-token --free --label {TOKEN} --pin {PIN} --so-pin {SO_PIN}"
        subprocess.run(
            command.split(),
            env=os.environ | self.environment,
            check=True,
            capture_output=True,
        )

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def environment(self) -> dict[str, str]:
        return {"SOFTHSM2_CONF": str(self.configuration)}

    def place(self, *labels: str, pin: str = PIN, token: str = TOKEN) -> Place:
        return Place(self.module, token, labels, pin)

    def make(self, label: str) -> str:
        """A new key; its kek_id."""
        return pkcs11_token.make(self.place(), label)

    def unplug(self) -> None:
        self.tokens.rename(self.folder / "unplugged")

    def plug_in(self) -> None:
        (self.folder / "unplugged").rename(self.tokens)

    def settings(self, *labels: str) -> dict[str, str]:
        """The environment of a deployment that seals with the first of these keys."""
        return self.environment | {
            "COUNTERSIGN_PKCS11_MODULE": self.module,
            "COUNTERSIGN_PKCS11_TOKEN": TOKEN,
            "COUNTERSIGN_PKCS11_KEYS": ",".join(labels),
            "COUNTERSIGN_PKCS11_PIN": PIN,
        }


@pytest.fixture
def soft_hsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoftHsm]:
    """A token of this test's own, which the module sees in this process."""
    hsm = SoftHsm(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.configuration))
    # Holders are made once per process, and each of these tokens looks like the one before.
    sealing._holder.cache_clear()
    yield hsm
    sealing._holder.cache_clear()
