"""System checks: each contradiction has its number, and none is reported without a reason."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from identity import checks

pytestmark = pytest.mark.usefixtures("real_hash")

POSTGRESQL = {"ENGINE": "identity.scoping.postgresql", "NAME": "countersign"}
DATABASE_QUEUE = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
IMMEDIATE = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}


class Changed:
    """The settings as they are, but for some: Django warns of replacing its databases."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self.changes = changes

    def __getattr__(self, name: str) -> Any:
        return self.changes[name] if name in self.changes else getattr(settings, name)


def numbers() -> set[str]:
    return {str(message.id) for message in checks.check_settings()}


def test_finds_nothing_in_the_settings_as_they_are() -> None:
    assert numbers() == set()


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (1, {"IS_PRODUCTION": True, "DEBUG": True, "TASKS": DATABASE_QUEUE}),
        (2, {"DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}}}),
        (3, {"DATABASES": {"default": POSTGRESQL | {"OPTIONS": {"server_side_binding": True}}}}),
        (3, {"DATABASES": {"default": POSTGRESQL | {"OPTIONS": {"prepare_threshold": 1}}}}),
        (4, {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}),
        (5, {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]}),
        (6, {"KEK_PROVIDER": "", "KEY_ENCRYPTION_KEYS": ()}),
        (7, {"KEK_PROVIDER": "nowhere.provider"}),
        (7, {"KEK_PROVIDER": "identity.checks._POSTGRESQL"}),
        (8, {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https"), "TRUSTED_PROXIES": 0}),
        (9, {"ALLOWED_HOSTS": ["other.example.org"]}),
        (10, {"KEY_ENCRYPTION_KEYS": (bytes(32), bytes(32))}),
        (11, {"IS_PRODUCTION": True, "TASKS": IMMEDIATE}),
    ],
)
def test_finds_each_contradiction(monkeypatch, number: int, changes: Mapping[str, Any]) -> None:
    monkeypatch.setattr(checks, "settings", Changed(changes))
    assert numbers() == {f"countersign.E{number:03}"}


@pytest.mark.parametrize("allowed", [["*"], [".localhost"], ["localhost"]])
def test_finds_our_own_host_among_patterns(settings, allowed: list[str]) -> None:
    settings.ALLOWED_HOSTS = allowed
    assert numbers() == set()


def test_accepts_a_provider_instead_of_keys(settings) -> None:
    settings.KEK_PROVIDER = "identity.services.sealing.key_encryption_key"
    settings.KEY_ENCRYPTION_KEYS = ()
    assert numbers() == set()


def test_tells_a_deployment_that_its_mail_goes_nowhere(settings) -> None:
    settings.IS_PRODUCTION = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert [message.id for message in checks.check_deployment()] == ["countersign.I001"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert checks.check_deployment() == []


def test_is_part_of_every_check(settings) -> None:
    settings.KEY_ENCRYPTION_KEYS = (bytes(32), bytes(32))
    with pytest.raises(SystemCheckError, match=r"countersign\.E010"):
        call_command("check")
