"""Sealing anew, killed at each write: no value is lost, and the record counts each once."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from tests.crash import books, scene
from tests.serving import ROOT, Served

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def work(served: Served, task: str, keys: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.mortal_resealing", task],
        cwd=ROOT,
        env=served.environment | {"COUNTERSIGN_KEK": keys},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_resealing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        served.environment["COUNTERSIGN_KEK"] = OLD
        work(served, "fill", OLD)
        kept = books.Books(database)
        waiting = values(kept)
        told = work(served, "reseal", f"{NEW},{OLD}")
        deaths = {line for line in told.splitlines() if line.startswith("died ")}
        wanted = {f"died after UPDATE {table}" for table, _ in COLUMNS}
        assert wanted | {"died before COMMIT", "died after COMMIT"} <= deaths
        assert recorded(kept) == waiting == values(kept)
        # The old key is gone.
        work(served, "open", NEW)
        kept.require_sound_file()
        served.manage("audit", "verify", "--scope", "acme")


COLUMNS = {
    ("identity_serverkey", "sealed_private"),
    ("identity_webhookkey", "sealed_private"),
    ("identity_apikey", "sealed_secret"),
    ("identity_apikey", "previous_sealed"),
    ("accounts_remote", "sealed_secret"),
    ("accounts_onetimepassword", "sealed_secret"),
    ("accounts_managedkey", "sealed_secret"),
    ("accounts_ledgeraccount", "sealed_key"),
    ("accounts_ledgeraccount", "sealed_remote_config"),
    ("accounts_didkey", "sealed_key"),
    ("accounts_onboarding", "sealed_request"),
    ("accounts_onboarding", "sealed_result"),
    ("accounts_keysignature", "sealed_result"),
    ("sessions_app_provider", "sealed_secret"),
    ("identity_sentmail", "sealed_context"),
    ("identity_idempotencyrecord", "sealed_outcome"),
    ("sessions_app_challenge", "sealed_data"),
    ("invitations_invitationbatchline", "sealed_bundle"),
    ("invitations_proposal", "sealed_outcome"),
}


def values(kept: books.Books) -> int:
    return sum(kept.count(table, f"length({field}) > 0") for table, field in COLUMNS)


def recorded(kept: books.Books) -> int:
    query = "SELECT facts FROM identity_auditevent WHERE name = 'sealed-values.resealed'"
    facts = [told for (told,) in kept.rows(query)]
    return sum((json.loads(told) if isinstance(told, str) else told)["values"] for told in facts)
