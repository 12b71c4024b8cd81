"""Settings: one run tells all mistakes, production is closed, development needs nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SECRET_KEY = "k" * 60
KEK = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PRODUCTION = {
    "COUNTERSIGN_MODE": "production",
    "COUNTERSIGN_SECRET_KEY": SECRET_KEY,
    "COUNTERSIGN_KEK": KEK,
    "COUNTERSIGN_URL": "https://id.example.org",
    "DATABASE_URL": "postgres://countersign:hunter2hunter2@db.example.org/countersign",
}
SHOW = """
import json, sys
from django.conf import settings
print(json.dumps({name: getattr(settings, name, "missing") for name in sys.argv[1:]}, default=str))
"""


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def shown(environment: dict[str, str], *names: str) -> dict[str, Any]:
    """Settings as a fresh process has them."""
    environment = {"DJANGO_SETTINGS_MODULE": "identity.settings"} | environment
    done = run(environment, "-c", SHOW, *names)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def mistakes(environment: dict[str, str]) -> dict[str, str]:
    """What `manage.py` complains about, by the name of the setting."""
    done = run(environment, "manage.py", "check")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = [line[2:] for line in done.stderr.splitlines() if line.startswith("- ")]
    return {line.split()[0]: line for line in lines}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"COUNTERSIGN_HOME": str(tmp_path / "home")}


class TestDevelopment:
    def test_needs_nothing_and_makes_its_secrets(self, home: dict[str, str]) -> None:
        first = shown(home, "SECRET_KEY", "KEY_ENCRYPTION_KEYS", "DEBUG", "BASE_URL", "DATABASES")
        assert first["DEBUG"] is False
        assert first["BASE_URL"] == "http://localhost:8000"
        assert first["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
        assert len(first["SECRET_KEY"]) >= 50
        assert len(first["KEY_ENCRYPTION_KEYS"]) == 1

    def test_keeps_its_secrets(self, home: dict[str, str]) -> None:
        names = ("SECRET_KEY", "KEY_ENCRYPTION_KEYS")
        assert shown(home, *names) == shown(home, *names)

    def test_hides_its_secrets_from_other_users(self, home: dict[str, str]) -> None:
        shown(home, "SECRET_KEY")
        folder = Path(home["COUNTERSIGN_HOME"])
        assert folder.stat().st_mode & 0o777 == 0o700
        files = list(folder.iterdir())
        assert {file.name for file in files} == {"secret-key", "key-encryption-key"}
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}

    def test_says_so_when_its_home_cant_be_written(self) -> None:
        told = mistakes({"COUNTERSIGN_HOME": "/proc/nowhere"})
        assert set(told) == {"COUNTERSIGN_SECRET_KEY", "COUNTERSIGN_KEK"}

    def test_follows_host_and_port(self, home: dict[str, str]) -> None:
        chosen = shown(home | {"HOST": "fd00::7", "PORT": "9001"}, "BASE_URL", "LISTEN_PORT")
        assert chosen == {"BASE_URL": "http://[fd00::7]:9001", "LISTEN_PORT": 9001}

    def test_names_this_machine_so_that_browsers_make_passkeys(self, home: dict[str, str]) -> None:
        for host in ("127.0.0.1", "::1", "0.0.0.0"):
            chosen = shown(home | {"HOST": host}, "BASE_URL", "ALLOWED_HOSTS")
            assert chosen["BASE_URL"] == "http://localhost:8000"
            assert set(chosen["ALLOWED_HOSTS"]) == {"localhost", "127.0.0.1", "[::1]"}


class TestProduction:
    def test_asks_for_everything_at_once(self) -> None:
        told = mistakes({"COUNTERSIGN_MODE": "production"})
        assert set(told) == {
            "COUNTERSIGN_SECRET_KEY",
            "COUNTERSIGN_KEK",
            "COUNTERSIGN_URL",
            "DATABASE_URL",
        }
        assert all("Set it" in line or "set it" in line for line in told.values())

    def test_makes_no_secret_by_itself(self, home: dict[str, str]) -> None:
        mistakes({"COUNTERSIGN_MODE": "production"} | home)
        assert not Path(home["COUNTERSIGN_HOME"]).exists()

    def test_is_closed(self) -> None:
        values = shown(
            PRODUCTION,
            *("DEBUG", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
            *("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_NAME"),
            *("SECURE_PROXY_SSL_HEADER", "SESSION_COOKIE_HTTPONLY", "CSRF_TRUSTED_ORIGINS"),
        )
        assert values == {
            "DEBUG": False,
            "ALLOWED_HOSTS": ["id.example.org"],
            "SESSION_COOKIE_SECURE": True,
            "CSRF_COOKIE_SECURE": True,
            "SECURE_SSL_REDIRECT": True,
            "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
            "SESSION_COOKIE_NAME": "__Host-session",
            "SECURE_PROXY_SSL_HEADER": None,
            "SESSION_COOKIE_HTTPONLY": True,
            "CSRF_TRUSTED_ORIGINS": ["https://id.example.org"],
        }

    def test_believes_the_scheme_of_trusted_proxies_only(self) -> None:
        one = PRODUCTION | {"COUNTERSIGN_TRUSTED_PROXIES": "1"}
        assert shown(one, "SECURE_PROXY_SSL_HEADER") == {
            "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"]
        }

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("COUNTERSIGN_DEBUG", "true"),
            ("COUNTERSIGN_ALLOWED_HOSTS", "*"),
            ("COUNTERSIGN_URL", "http://id.example.org"),
            ("COUNTERSIGN_URL", "https://user:password@id.example.org"),
            ("COUNTERSIGN_URL", "https://id.example.org/path"),
            ("COUNTERSIGN_SECRET_KEY", "short"),
            ("COUNTERSIGN_KEK", "AAECAwQFBgcICQoLDA0ODw=="),
            ("COUNTERSIGN_KEK", "not base64 at all"),
            ("DATABASE_URL", "mysql://db.example.org/countersign"),
            ("DATABASE_URL", "nonsense"),
            ("COUNTERSIGN_TRUSTED_PROXIES", "-1"),
            ("EMAIL_URL", "carrier-pigeon://loft"),
            ("PORT", "http"),
            ("COUNTERSIGN_LOG_LEVEL", "LOUD"),
        ],
    )
    def test_refuses_what_would_open_it(self, name: str, value: str) -> None:
        told = mistakes(PRODUCTION | {name: value})
        assert set(told) == {name}

    def test_never_quotes_a_value_that_is_wrong(self) -> None:
        done = run(
            PRODUCTION | {"COUNTERSIGN_KEK": "hunter2", "COUNTERSIGN_SECRET_KEY": "hunter2"},
            *("manage.py", "check"),
        )
        assert done.returncode == 1
        assert "hunter2" not in done.stderr + done.stdout

    def test_reads_secrets_from_files(self, tmp_path: Path) -> None:
        file = tmp_path / "kek"
        file.write_text(f"{KEK}\n")
        environment = PRODUCTION | {"COUNTERSIGN_KEK_FILE": str(file)}
        assert set(mistakes(environment)) == {"COUNTERSIGN_KEK"}
        del environment["COUNTERSIGN_KEK"]
        assert len(shown(environment, "KEY_ENCRYPTION_KEYS")["KEY_ENCRYPTION_KEYS"]) == 1
        environment["COUNTERSIGN_KEK_FILE"] = str(tmp_path / "elsewhere")
        assert set(mistakes(environment)) == {"COUNTERSIGN_KEK_FILE"}

    def test_opens_with_older_keys_too(self) -> None:
        older = PRODUCTION | {"COUNTERSIGN_KEK": f"{KEK},{'A' * 43}="}
        keys = shown(older, "KEY_ENCRYPTION_KEYS")["KEY_ENCRYPTION_KEYS"]
        assert len(keys) == 2
        assert keys[0] == str(bytes(range(32)))

    def test_needs_no_key_where_a_provider_holds_it(self) -> None:
        environment = PRODUCTION | {"COUNTERSIGN_KEK_PROVIDER": "vault.provider"}
        del environment["COUNTERSIGN_KEK"]
        assert shown(environment, "KEK_PROVIDER", "KEY_ENCRYPTION_KEYS") == {
            "KEK_PROVIDER": "vault.provider",
            "KEY_ENCRYPTION_KEYS": [],
        }


class TestDatabase:
    def test_has_the_second_wall_and_prepared_statements_on_postgresql(self) -> None:
        database = shown(PRODUCTION, "DATABASES")["DATABASES"]["default"]
        assert database["ENGINE"] == "identity.scoping.postgresql"
        assert database["OPTIONS"] == {"server_side_binding": True, "prepare_threshold": 1}
        assert database["CONN_MAX_AGE"] == 600

    def test_writes_safely_on_sqlite(self, home: dict[str, str]) -> None:
        database = shown(home, "DATABASES")["DATABASES"]["default"]
        assert database["NAME"] == f"{home['COUNTERSIGN_HOME']}/countersign.sqlite3"
        assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
        assert database["OPTIONS"]["timeout"] == 20

    def test_migrates_under_the_owners_login(self, tmp_path: Path) -> None:
        owners, others = tmp_path / "owner.sqlite3", tmp_path / "run.sqlite3"
        environment = {
            "COUNTERSIGN_HOME": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{others}",
            "DATABASE_OWNER_URL": f"sqlite:///{owners}",
        }
        done = run(environment, "manage.py", "migrate", "contenttypes", "--verbosity=0")
        assert done.returncode == 0, done.stderr
        assert owners.exists()
        assert not others.exists()
        assert owners.stat().st_mode & 0o777 == 0o600


class TestMail:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("smtp://bob:p%40ss@mail.example.org", ("p@ss", 587, True, False)),
            ("smtps://bob:word@mail.example.org", ("word", 465, False, True)),
            ("smtp+insecure://localhost:25", ("", 25, False, False)),
        ],
    )
    def test_is_secure_unless_it_says_otherwise(
        self, home: dict[str, str], url: str, expected: tuple[object, ...]
    ) -> None:
        names = ("EMAIL_HOST_PASSWORD", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
        values = shown(home | {"EMAIL_URL": url}, *names)
        assert tuple(values[name] for name in names) == expected


def test_scopes_are_made_by_anybody_in_development_alone(home: dict[str, str]) -> None:
    name = "COUNTERSIGN_SCOPE_CREATION"
    assert shown(home, "SCOPE_CREATION") == {"SCOPE_CREATION": "open"}
    assert shown(PRODUCTION, "SCOPE_CREATION") == {"SCOPE_CREATION": "closed"}
    chosen = shown(PRODUCTION | {name: "invitation"}, "SCOPE_CREATION")
    assert chosen == {"SCOPE_CREATION": "invitation"}
    assert name in mistakes(PRODUCTION | {name: "anybody"})
