"""Who holds the key-encryption key, as the environment says it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from identity import checks, home
from identity.crypto.pkcs11_token import Place
from identity.environment import Environment
from identity.management.commands import serve
from identity.sealing_environment import Sealing, read
from identity.services import sealing
from identity.web import health
from tests.soft_hsm import PIN, SoftHsm, soft_hsm  # noqa: F401 a fixture

KEK = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TOKEN = {
    "COUNTERSIGN_PKCS11_MODULE": "/usr/lib/module.so",
    "COUNTERSIGN_PKCS11_TOKEN": "countersign",
    "COUNTERSIGN_PKCS11_KEYS": "new, old",
    "COUNTERSIGN_PKCS11_PIN": PIN,
}


def told(values: dict[str, str], tmp_path: Path) -> tuple[Sealing, set[str]]:
    environment = Environment()
    environment.values = values
    return read(environment, tmp_path, is_production=True), set(environment.mistakes)


class TestToken:
    def test_needs_no_key_of_our_own(self, tmp_path: Path) -> None:
        place = Place("/usr/lib/module.so", "countersign", ("new", "old"), PIN)
        assert told(TOKEN, tmp_path) == (Sealing("", place, ()), set())

    def test_keys_of_our_own_open_beside_it(self, tmp_path: Path) -> None:
        found, mistakes = told(TOKEN | {"COUNTERSIGN_KEK": KEK}, tmp_path)
        assert (found.keys, mistakes) == ((bytes(range(32)),), set())

    def test_what_development_made_before_opens_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / home.KEY_ENCRYPTION_KEY_FILE).write_text(f"{KEK}\n")
        environment = Environment()
        environment.values = dict(TOKEN)
        found = read(environment, tmp_path, is_production=False)
        assert (found.keys, set(environment.mistakes)) == ((bytes(range(32)),), set())
        assert told(TOKEN, tmp_path)[0].keys == ()

    def test_reads_the_pin_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "pin").write_text(f"{PIN}\n")
        values = TOKEN | {"COUNTERSIGN_PKCS11_PIN_FILE": str(tmp_path / "pin")}
        del values["COUNTERSIGN_PKCS11_PIN"]
        found, mistakes = told(values, tmp_path)
        assert found.token is not None
        assert (found.token.pin, mistakes) == (PIN, set())

    @pytest.mark.parametrize("name", sorted(set(TOKEN) - {"COUNTERSIGN_PKCS11_MODULE"}))
    def test_tells_what_is_missing(self, name: str, tmp_path: Path) -> None:
        assert told({**TOKEN, name: ""}, tmp_path)[1] == {name}

    @pytest.mark.parametrize("name", sorted(set(TOKEN) - {"COUNTERSIGN_PKCS11_MODULE"}))
    def test_tells_what_is_of_no_use(self, name: str, tmp_path: Path) -> None:
        assert told({"COUNTERSIGN_KEK": KEK, name: TOKEN[name]}, tmp_path)[1] == {name}

    def test_refuses_a_key_named_twice(self, tmp_path: Path) -> None:
        values = TOKEN | {"COUNTERSIGN_PKCS11_KEYS": "a,a"}
        assert told(values, tmp_path)[1] == {"COUNTERSIGN_PKCS11_KEYS"}

    def test_refuses_two_holders(self, tmp_path: Path) -> None:
        values = TOKEN | {"COUNTERSIGN_KEK_PROVIDER": "vault.provider"}
        assert told(values, tmp_path)[1] == {"COUNTERSIGN_PKCS11_MODULE"}


@pytest.fixture
def token(soft_hsm: SoftHsm, settings: Settings) -> SoftHsm:  # noqa: F811
    """A deployment whose key is in the token, with its own key of before beside it."""
    soft_hsm.make("kek-1")
    settings.KEK_TOKEN = soft_hsm.place("kek-1")
    return soft_hsm


def numbers() -> set[str]:
    return {str(message.id) for message in checks.check_settings() + checks.check_deployment()}


def state() -> str:
    """What `/readyz` says of sealing."""
    try:
        health.CHECKS["sealing"](datetime.now(UTC))
    except health.NotReady as reason:
        return str(reason)
    return "ok"


class TestService:
    def test_seals_with_the_token_and_opens_what_was_before(
        self, token: SoftHsm, settings: Settings
    ) -> None:
        place, settings.KEK_TOKEN = settings.KEK_TOKEN, None
        before = sealing.seal(b"secret", purpose="p", subject="s")
        settings.KEK_TOKEN = place
        assert sealing.unseal(before, purpose="p", subject="s") == b"secret"
        after = sealing.reseal(before, purpose="p", subject="s")
        settings.KEY_ENCRYPTION_KEYS = ()
        assert sealing.unseal(after, purpose="p", subject="s") == b"secret"
        assert sealing.key_encryption_key().kek_id.startswith("pkcs11:")

    def test_is_ready_with_its_token_and_not_without(self, token: SoftHsm) -> None:
        assert state() == "ok"
        token.unplug()
        assert state() == "the key-encryption key is out of reach"

    def test_does_not_start_without_it(self, token: SoftHsm, settings: Settings) -> None:
        settings.KEK_TOKEN = token.place("kek-9")
        with pytest.raises(CommandError, match="kek-9"):
            serve.Command().handle(only="web", child_of=None)


@pytest.mark.usefixtures("real_hash")
class TestChecks:
    def test_finds_nothing_wrong_with_a_token_that_works(self, token: SoftHsm) -> None:
        assert numbers() == set()

    def test_finds_a_token_that_is_not_there(self, token: SoftHsm, settings: Settings) -> None:
        settings.KEK_TOKEN = token.place("kek-1", token="elsewhere")
        assert numbers() == {"countersign.E012", "countersign.E013"}

    @pytest.mark.parametrize("wrong", [{"pin": "wrong-pin"}, {"token": "countersign"}])
    def test_logs_in_for_a_deployment_alone(
        self, token: SoftHsm, settings: Settings, wrong: dict[str, str]
    ) -> None:
        settings.KEK_TOKEN = token.place("kek-9", **wrong)
        assert checks.check_settings() == []
        (message,) = checks.check_deployment()
        assert message.id == "countersign.E013"
        assert ("PIN" if "pin" in wrong else "kek-9") in message.msg
        assert "wrong-pin" not in str(message)
