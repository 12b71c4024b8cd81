"""Class 31 of the known attacks: a secret is found where nobody looks for it.

Seen in authentik (a penetration test, M2; 2026.8: a password in a command line), in Keycloak as
CVE-2024-10451 and CVE-2026-9083. The main job is run with marked secrets; afterwards the logs, the
exports, the error answers, the command lines of all processes and every byte of the database are
searched for them: as they are, in hexadecimal and in base64.
"""

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core import mail
from django.db import connection

from identity import logs, tasks
from identity.models import SentMail
from identity.sdk import onboarding
from identity.sdk.client import Client
from identity.sdk.errors import Refused
from identity.sdk.keys import DeviceKeys
from identity.sdk.session import Invitation, Session
from invitations import bulk_lines
from invitations import links as invitation_links
from invitations.services import bulk, bulk_work
from tests import acts, cast, prepared
from tests.attacks import wire
from tests.serving import Served, descendants

PASSWORD = f"canary {secrets.token_hex(12)}"
WRONG = f"wrong canary {secrets.token_hex(12)}"


def marks(values: Iterable[str]) -> list[bytes]:
    """Each secret in the forms in which it may lie about."""
    forms: list[bytes] = []
    for value in values:
        plain = value.encode()
        forms += [plain, plain.hex().encode()]
        # The same bytes at each of the three offsets that base64 knows.
        for offset in range(3):
            shifted = base64.b64encode(b"\0" * offset + plain)
            forms.append(shifted[4 : len(shifted) - 4])
        with_bytes = bytes.fromhex(value) if is_hex(value) else b""
        forms += [with_bytes] if with_bytes else []
    return forms


def is_hex(value: str) -> bool:
    return len(value) == 64 and all(sign in "0123456789abcdef" for sign in value)


def found(where: bytes, values: Iterable[str]) -> list[bytes]:
    return [mark for mark in marks(values) if mark in where or mark in where.lower()]


def private_parts(keys: DeviceKeys) -> list[str]:
    """What only the device holds: the number of its signature key, a line of its RSA key."""
    stored = keys.to_json()
    texts = [str(value) for value in stored.values()]
    return [text if "\n" not in text else text.split("\n")[10] for text in texts]


def test_the_search_can_fail() -> None:
    secret = "inv_" + "x" * 43
    for place in (
        secret,
        secret.encode().hex(),
        base64.b64encode(b"ab" + secret.encode()).decode(),
    ):
        assert found(b"before " + place.encode() + b" after", [secret])
    number = "0f" * 32
    assert found(b"\1" + bytes.fromhex(number), [number])
    assert not found(b"nothing", [secret, number])


def dump() -> bytes:
    """Every value of every table, text as UTF-8 and bytes as they are."""
    parts: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                parts += [
                    bytes(value)
                    if isinstance(value, bytes | bytearray | memoryview)
                    else str(value).encode()
                    for value in row
                ]
    return b"\n".join(parts)


@pytest.mark.django_db
def test_the_database_holds_no_secret_of_the_main_job(caplog: pytest.LogCaptureFixture) -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    bundle = acts.invitation(world, "bob@example.test")
    held, keys = wire.offer(world, bundle), DeviceKeys.generate()
    hidden = [bundle["one_time_private_key"], PASSWORD, WRONG, *private_parts(keys)]
    session = wire.join(world, held, keys, password=PASSWORD)
    assert isinstance(session, Session)
    second = acts.invitation(world, "bob@example.test")
    hidden += [second["one_time_private_key"], second["invite_string"]]
    again = wire.offer(world, second)
    with pytest.raises(Refused):
        wire.join(world, again, DeviceKeys.generate(), password=WRONG)
    bob = Client(cast.URL, session, http=world.http())
    with pytest.raises(Refused):
        bob.request("edit", "/account-management/password", {"old_password": WRONG})
    told = repr(alice.client.request("list", "/audit").details)
    with cast.in_scope(world):
        assert b"bob@example.test" in dump()
        assert found(dump(), hidden) == []
    assert found(told.encode(), hidden) == []
    assert found(caplog.text.encode(), hidden) == []


@pytest.mark.django_db
def test_the_database_holds_no_secret_that_waits_for_approval() -> None:
    # The outcome of an approved invitation waits sealed until its proposer fetches it.
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    details = {
        "uid": str(alice.device.id),
        "email": "new@example.test",
        "first_name": "New",
        "last_name": "Person",
        "user_category": "regular",
    }
    answer = alice.client.request("add", "/users/invite", details)
    assert isinstance(answer.details, Mapping)
    verified = bob.client.proposals.verify(bob.client.proposals.read(answer.details["proposal_id"]))
    bob.client.proposals.approve(verified)
    with cast.in_scope(world):
        waiting = dump()
    path = f"/proposals/{answer.details['proposal_id']}"
    told = json.dumps(alice.client.request("get", path).details)
    assert "inv_" in told
    secret = told[told.index("inv_") :][:47]
    key = told[told.index("oneTimePrivateKey") :].split('"')[2]
    assert len(key) == 64
    with cast.in_scope(world):
        assert found(waiting + dump(), [secret, key]) == []
    assert "inv_" not in json.dumps(bob.client.request("get", path).details)


@pytest.mark.django_db
def test_links_by_mail_and_bundles_of_batches_wait_sealed(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    world = cast.world(mail_invitation_links=True)
    alice = world.member("alice", "super-admin")
    with cast.in_scope(world):
        lines = bulk_lines.read(b"email\nnew@example.test\nother@example.test\n")
        by = acts.as_actor(alice)
        batch = bulk.upload(lines=lines, mails_links=True, by=by, now=acts.now())
        bulk_work.work(batch.id, clock=acts.now)
        bulk.confirm(batch_id=batch.id, by=by, now=acts.now())
        bulk_work.work(batch.id, clock=acts.now)
        waiting = dump()
        assert b"identity.tasks.send_mail" in waiting
        assert mail.outbox == []
        for row in SentMail.objects.order_by("id"):
            assert tasks.send_mail.func(str(world.scope.id), str(row.id))
        taken = bulk.take(batch_id=batch.id, by=by, now=acts.now())
        links = [invitation_links.link_of(item.result) for item in taken]
        afterwards = dump()
    hidden = [text for link in links for text in (link, link.split("#")[1])]
    for item in taken:
        hidden += [item.result["invite_string"], item.result["one_time_private_key"]]
    assert len(hidden) == 8
    assert found(waiting + afterwards + caplog.text.encode(), hidden) == []
    notices = [message for message in mail.outbox if "/join#" not in str(message.body)]
    assert len(notices) == len(mail.outbox) - 2 == 2
    for notice in notices:
        assert found(notice.message().as_bytes(), hidden) == []
    with_links = [str(message.body) for message in mail.outbox if message not in notices]
    assert [sum(link in body for body in with_links) for link in links] == [1, 1]


def test_a_served_main_job_leaves_no_secret_behind(tmp_path: Path) -> None:
    with Served(prepared.home(tmp_path / "home")) as served:
        served.manage("scopes", "create", "leaks")
        bundle = json.loads(
            served.manage("bootstrap_owner", "--scope", "leaks", "--email", "alice@example.test")
        )
        keys, held = DeviceKeys.generate(), Invitation.from_json(bundle)
        url = f"{served.url}/s/leaks/request"
        session = onboarding.authorize(url, held, keys, "laptop", PASSWORD)
        assert isinstance(session, Session)
        hidden = [bundle["oneTimePrivateKey"], PASSWORD, WRONG, *private_parts(keys)]
        commands = provoke(served, url, session, hidden)
        assert found(commands, hidden) == []
        export = served.manage("audit", "export", "--scope", "leaks")
        assert '"user.activated"' in export or "user.activated" in export
        assert found(export.encode(), [*hidden, bundle["invite_string"]]) == []
    assert found(served.output().encode(), [*hidden, bundle["invite_string"]]) == []
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            assert found(file.read_bytes(), hidden) == [], file


def provoke(served: Served, url: str, session: Session, hidden: list[str]) -> bytes:
    """Errors of all kinds with secrets in them; returns the command lines of all processes."""
    with Client(url, session) as client, pytest.raises(Refused):
        client.request(
            "edit",
            "/account-management/password",
            {"old_password": WRONG, "new_password": PASSWORD},
        )
    answers: list[bytes] = []
    # A server may end a connection whose body it did not read: each request has one of its own.
    alone = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=served.url, limits=alone, timeout=60) as http:
        for secret in hidden:
            headers = {"Authorization": f"Bearer {secret[:40].strip()}"}
            tries: list[dict[str, Any]] = [
                {"method": "POST", "url": "/request", "content": secret.encode()},
                {"method": "POST", "url": "/admin/login/", "data": {"password": secret}},
                {"method": "GET", "url": "/nothing", "headers": headers},
            ]
            answers += [http.request(**each).content for each in tries]
    assert found(b"\n".join(answers), hidden) == []
    assert served.process is not None
    processes = [served.process.pid, *descendants(served.process.pid)]
    assert len(processes) >= 3
    listed = subprocess.run(
        ["ps", "-o", "args=", "-p", ",".join(map(str, processes))],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert b"manage.py" in listed.stdout
    return listed.stdout


def test_the_bundle_names_its_secrets_as_the_log_filter_knows_them() -> None:
    # What hides secrets in logs goes by names too: a new name must not pass it.
    redactor = logs.Redactor()
    for name in ("invite_string", "oneTimePrivateKey", "one_time_private_key", "password"):
        assert redactor.clean(name, PASSWORD) == logs.HIDDEN
