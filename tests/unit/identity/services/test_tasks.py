"""Background work: mail from templates, removal, signed heads."""

from datetime import datetime
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from identity import ids, tasks
from identity.models import Scope, SeenNonce
from identity.scoping import current
from identity.services import audit_trail, nonces


@pytest.fixture
def template(settings: Settings, tmp_path: Path) -> str:
    """A template of the test's own: the first line is the subject."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "greeting.txt").write_text("Hello {{ name }}\n\nDear {{ name }},\nbye.\n")
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    ]
    return "greeting"


def test_sends_a_mail_whose_first_line_is_the_subject(
    template: str, mailoutbox: list[EmailMessage]
) -> None:
    tasks.deliver("alice@example.test", template, {"name": "Alice O'Hara <&>"})
    (mail,) = mailoutbox
    assert mail.to == ["alice@example.test"]
    assert mail.subject == "Hello Alice O'Hara <&>"
    assert mail.body == "Dear Alice O'Hara <&>,\nbye.\n"


@pytest.mark.parametrize("name", ["x\nBcc: eve@example.test", "x\r\nBcc: eve@example.test"])
def test_lets_no_name_add_a_header(
    name: str, template: str, mailoutbox: list[EmailMessage]
) -> None:
    tasks.deliver("alice@example.test", template, {"name": name})
    (mail,) = mailoutbox
    assert "\n" not in mail.subject
    assert "Bcc" not in mail.message()
    assert mail.recipients() == ["alice@example.test"]


def test_signs_heads_and_removes_what_ran_out(acme: Scope, now: datetime) -> None:
    with current.in_scope(acme.id):
        nonces.remember(device_id=ids.new(), nonce=b"n" * 16, expires_at=now)
    assert tasks.sign_heads.call() == 1
    removed = tasks.purge.call()
    assert removed == {
        "nonces": 1,
        "idempotency_records": 0,
        "retired_keys": 0,
        "former_secrets": 0,
        "signed_heads": 0,
        "webhook_deliveries": 0,
        "webhook_keys": 0,
        "late_mails": 0,
        "mails": 0,
        "audit_checks": 0,
    }
    with current.in_scope(acme.id):
        assert not SeenNonce.objects.exists()
        end = audit_trail.end()
    assert end.signed_sequence == end.sequence
