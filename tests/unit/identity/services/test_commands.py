"""The operator's commands of the ground floor."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from identity import actor, ids
from identity.crypto import audit_chain
from identity.models import AuditEvent, AuditHead, Scope, ServerKey
from identity.scoping import current, doors
from identity.services import audit, nonces, server_keys


def _run(*arguments: str) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def recorded(acme: Scope, now: datetime) -> Scope:
    with current.in_scope(acme.id), transaction.atomic():
        for number in range(5):
            audit.record(
                "event.recorded",
                by=actor.system(acme.id),
                subject=("event", str(number)),
                now=now,
            )
    return acme


def _damage(scope: Scope, sequence: int) -> None:
    with current.as_owner(why="an attacker in a test"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE identity_auditevent SET subject_id = 'x' WHERE sequence = %s AND name = %s",
            [sequence, "event.recorded"],
        )


def _last(scope: Scope) -> int:
    with current.in_scope(scope.id):
        return AuditHead.objects.get().sequence


def test_audit_verify_looks_at_every_scope(recorded: Scope, charlies: Scope) -> None:
    printed = _run("audit", "verify")
    assert f"acme: {_last(recorded)} events hold" in printed
    assert f"charlies: {_last(charlies)} events hold" in printed


def test_audit_verify_fails_and_names_the_first_bad_event(recorded: Scope, charlies: Scope) -> None:
    bad = _last(recorded) - 2
    _damage(recorded, bad)
    output = io.StringIO()
    with pytest.raises(CommandError, match="wrong in: acme") as caught:
        call_command("audit", "verify", stdout=output, stderr=output)
    assert caught.value.returncode == 1
    assert f"acme: event {bad}: " in output.getvalue()
    assert "charlies: " in output.getvalue()
    _run("audit", "verify", "--scope", "charlies")
    with pytest.raises(CommandError):
        _run("audit", "verify", "--scope", "acme")


def test_audit_export_goes_to_a_new_file_that_verifies_offline(
    recorded: Scope, tmp_path: Path
) -> None:
    file = tmp_path / "acme.jsonl"
    arguments = ("audit", "export", "--scope", "acme", "--output", str(file))
    _run(*arguments)
    with current.in_scope(recorded.id):
        key = server_keys.client_keys().signature_hex
    told = _run("audit", "verify-export", str(file), "--server-key", key)
    assert told.startswith(f"{recorded.id}: {_last(recorded)} events hold, 1 signed head, 0 ")
    with pytest.raises(CommandError, match="exists"):
        _run(*arguments)


def test_audit_export_prints_lines_without_a_file(recorded: Scope) -> None:
    printed = _run("audit", "export", "--scope", "acme", "--format", "jsonl")
    assert audit_chain.verify_export(printed.splitlines()).last_seq == _last(recorded)


def test_audit_verify_export_refuses_damage_and_other_keys(
    recorded: Scope, charlies: Scope, tmp_path: Path
) -> None:
    file = tmp_path / "acme.jsonl"
    _run("audit", "export", "--scope", "acme", "--output", str(file))
    with current.in_scope(charlies.id):
        key = server_keys.client_keys().signature_hex
    with pytest.raises(CommandError, match="expected server key"):
        _run("audit", "verify-export", str(file), "--server-key", key)
    file.write_text(file.read_text().replace("event.recorded", "event.forged"))
    with pytest.raises(CommandError, match=r"event \d+: was changed"):
        _run("audit", "verify-export", str(file))
    for content in (b"", b"\xff\xfe", b"{}\n", b"[1]\n", b'{"format":"countersign-audit/1"}\n'):
        file.write_bytes(content)
        with pytest.raises(CommandError):
            _run("audit", "verify-export", str(file))
    with pytest.raises(CommandError):
        _run("audit", "verify-export", str(tmp_path / "missing.jsonl"))


def test_audit_head_shows_the_end(recorded: Scope) -> None:
    with current.in_scope(recorded.id):
        last = AuditEvent.objects.order_by("-sequence").first()
    assert last is not None
    assert _run("audit", "head", "--scope", "acme").startswith(f"{last.sequence} {last.digest} ")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "verify", "--scope", "nobody"),
        ("audit", "head", "--scope", "nobody"),
        ("server_keys", "list", "--scope", "nobody"),
        ("scopes", "suspend", "nobody"),
    ],
)
def test_commands_say_when_there_is_no_such_scope(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="nobody"):
        _run(*arguments)


@pytest.mark.django_db
def test_scopes_are_made_listed_and_changed() -> None:
    _run("scopes", "create", "acme", "--name", "Acme", "--set", "rsa_bits=3072")
    assert " Acme\n" in _run("scopes", "list")
    printed = _run("scopes", "settings", "acme", "max_devices=3", "vote_minutes=60")
    assert "max_devices=3\n" in printed
    assert "rsa_bits=3072\n" in printed
    assert _run("scopes", "settings", "acme") == printed
    _run("scopes", "add-host", "acme", "acme.example")
    _run("scopes", "suspend", "acme")
    found = doors.scope_by_host("acme.example")
    assert found is not None
    assert (found.slug, found.status) == ("acme", "suspended")
    _run("scopes", "activate", "acme")
    _run("scopes", "remove-host", "acme", "acme.example")
    assert doors.scope_by_host("acme.example") is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "acme"),
        ("create", "Not a slug"),
        ("create", "other", "--set", "rsa_bits=512"),
        ("create", "other", "--set", "rsa_bits"),
        ("settings", "acme", "nickname=1"),
        ("settings", "acme", "max_devices=three"),
        ("add-host", "acme", "192.0.2.1"),
        ("activate", "acme"),
    ],
)
def test_scopes_refuses_what_the_services_refuse(arguments: tuple[str, ...], acme: Scope) -> None:
    with pytest.raises(CommandError):
        _run("scopes", *arguments)


@pytest.mark.parametrize("purpose", ["encryption", "signature"])
def test_server_keys_are_rotated_and_listed(purpose: str, acme: Scope) -> None:
    before = _run("server_keys", "list", "--scope", "acme")
    after = _run("server_keys", "rotate", "--scope", "acme", "--purpose", purpose)
    assert (len(before.splitlines()), len(after.splitlines())) == (2, 3)
    with current.in_scope(acme.id):
        row = ServerKey.objects.get(purpose=purpose, status="active")
    assert f"active {row.kid}" in after
    assert "retiring until " in after


def test_purge_says_how_much_it_removed(acme: Scope) -> None:
    with current.in_scope(acme.id):
        nonces.remember(device_id=ids.new(), nonce=b"n" * 16, expires_at=datetime.now(UTC))
    assert _run("purge") == (
        "1 nonces and 0 outcomes removed, 0 server keys retired, 1 heads signed, "
        "0 deliveries of webhooks forgotten, "
        "0 challenges, 0 spent tokens, 0 sign-ins and 0 sessions removed, "
        "0 onboardings given up, 0 forgotten\n"
    )
