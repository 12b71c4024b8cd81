"""`manage.py sealing` and what it stands on: nothing sealed is forgotten, nothing is lost."""

import base64
import io
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models
from pytest_django import Settings

from accounts.models import User
from identity import actor
from identity.crypto.sealing import LocalKeyEncryptionKey, kek_id_of
from identity.management import sealed
from identity.models import AuditEvent, ServerKey
from identity.scoping import current
from identity.services import mail, resealing, sealing
from sessions_app.models import Provider
from tests import sealed_rows
from tests.sealed_rows import NOW, Filled
from tests.serving import ROOT
from tests.soft_hsm import SoftHsm, soft_hsm  # noqa: F401 a fixture

OLD, NEW = b"o" * 32, b"n" * 32
OLD_ID, NEW_ID = LocalKeyEncryptionKey(OLD).kek_id, LocalKeyEncryptionKey(NEW).kek_id
# Left from before mails had one log: nothing writes or reads it, a constraint keeps it empty later.
ABANDONED = {"invitations.InvitationMail.sealed_link"}


@pytest.fixture(autouse=True)
def old_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.KEY_ENCRYPTION_KEYS = (OLD,)
    monkeypatch.setattr(mail, "queues", [])
    sealed_rows.forget_opened()
    yield
    sealed_rows.forget_opened()


@pytest.fixture
def acme(db: None) -> Filled:
    return sealed_rows.fill("acme")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("sealing", *arguments, stdout=out)
    return out.getvalue()


def places() -> Counter[tuple[str, str]]:
    told = sealed.standing(now=NOW)
    return Counter({(line.place, line.kek_id): line.count for line in told})


class TestNothingIsForgotten:
    def test_every_sealed_column_of_every_model_is_listed(self) -> None:
        columns = {
            f"{model._meta.label}.{field.name}"
            for model in apps.get_models()
            for field in model._meta.get_fields()
            if isinstance(field, models.BinaryField) and "sealed" in field.name
        }
        assert {column.name for column in sealed.COLUMNS} == columns - ABANDONED

    def test_nobody_seals_but_into_a_listed_column(self) -> None:
        """Each service that seals names its columns, or another one's that it works for."""
        works_for = {"invitations/services/bulk_work.py": "bulk.PURPOSE"}
        own = {"identity/services/sealing.py", "identity/services/resealing.py"}
        for app in ("identity", "accounts", "sessions_app", "invitations"):
            for path in (ROOT / app).rglob("*.py"):
                text, place = path.read_text(), str(path.relative_to(ROOT))
                if re.search(r"\bsealing\.seal\(", text) and place not in own:
                    wanted = works_for.get(place, "SEALED: Final = resealing.")
                    # Server keys are sealed by one module and opened by another.
                    wanted = "opened_keys.sealed_as" if "server_keys" in place else wanted
                    assert wanted in text, place

    def test_the_rows_of_these_tests_fill_every_column(self, acme: Filled) -> None:
        assert {place for place, _ in places()} == {column.name for column in sealed.COLUMNS}


class TestReseal:
    def test_seals_everything_anew_and_the_old_key_may_go(
        self, acme: Filled, settings: Settings
    ) -> None:
        before = places()
        assert {kek_id for _, kek_id in before} == {OLD_ID}
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        told = run("reseal")
        assert f"{before.total()} values were sealed anew" in told
        assert "older ones may go" in told
        assert places() == Counter({(place, NEW_ID): count for (place, _), count in before.items()})
        settings.KEY_ENCRYPTION_KEYS = (NEW,)
        acme.require_open()

    def test_goes_from_keys_in_memory_into_a_token(
        self,
        acme: Filled,
        soft_hsm: SoftHsm,  # noqa: F811
        settings: Settings,
    ) -> None:
        made = soft_hsm.make("kek-1")
        settings.KEK_TOKEN = soft_hsm.place("kek-1")
        run("reseal")
        settings.KEY_ENCRYPTION_KEYS = ()
        assert {kek_id for _, kek_id in places()} == {made}
        sealed_rows.forget_opened()
        acme.require_open()

    def test_does_every_scope_and_records_each(self, acme: Filled, settings: Settings) -> None:
        other = sealed_rows.fill("other")
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        run("reseal")
        for filled in (acme, other):
            with current.in_scope(filled.scope.id):
                events = AuditEvent.objects.filter(name="sealed-values.resealed")
                told = {event.subject_id: event.facts for event in events}
            assert set(told) == {column.name for column in sealed.COLUMNS}
            assert told["identity.ServerKey.sealed_private"]["kek_id"] == NEW_ID
            assert told["identity.ServerKey.sealed_private"]["values"] >= 2
        settings.KEY_ENCRYPTION_KEYS = (NEW,)
        sealed_rows.forget_opened()
        acme.require_open()
        other.require_open()

    def test_a_second_time_changes_nothing(self, acme: Filled, settings: Settings) -> None:
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        run("reseal")
        with current.across_scopes(why="test"):
            count = AuditEvent.objects.count()
        assert "0 values were sealed anew" in run("reseal")
        with current.across_scopes(why="test"):
            assert AuditEvent.objects.count() == count

    def test_a_dry_run_changes_nothing(self, acme: Filled, settings: Settings) -> None:
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        before = places()
        assert f"{before.total()} values need another key" in run("reseal", "--dry-run")
        assert places() == before

    def test_goes_on_in_batches(
        self, acme: Filled, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(resealing, "MOST", 1)
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        told = run("reseal")
        assert told.count("acme: identity.ServerKey.sealed_private: 1 sealed anew") >= 2
        assert {kek_id for _, kek_id in places()} == {NEW_ID}

    def test_leaves_alone_what_somebody_changed_meanwhile(
        self, acme: Filled, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        newer, honest = b"", sealing.reseal

        def reseal(value: bytes, *, purpose: str, subject: str) -> bytes:
            nonlocal newer
            newer = sealing.seal(b"another", purpose=purpose, subject=subject)
            Provider.objects.update(sealed_secret=newer)
            return honest(value, purpose=purpose, subject=subject)

        monkeypatch.setattr(sealing, "reseal", reseal)
        by = actor.system(acme.scope.id)
        column = next(one for one in sealed.COLUMNS if one.model is Provider)
        done = resealing.reseal(column, by=by, now=NOW)
        assert (done.resealed, done.changed_meanwhile, done.broken) == (0, 1, 0)
        with current.in_scope(acme.scope.id):
            assert bytes(Provider.objects.get().sealed_secret) == newer

    def test_stops_without_the_holder_of_the_key(
        self,
        acme: Filled,
        soft_hsm: SoftHsm,  # noqa: F811
        settings: Settings,
    ) -> None:
        soft_hsm.make("kek-1")
        settings.KEK_TOKEN = soft_hsm.place("kek-1")
        before = places()
        soft_hsm.unplug()
        with pytest.raises(CommandError, match="not available"):
            run("reseal")
        soft_hsm.plug_in()
        assert places() == before

    def test_reports_what_does_not_open_and_does_the_rest(
        self, acme: Filled, settings: Settings
    ) -> None:
        with current.in_scope(acme.scope.id):
            foreign = sealing.seal(b"x", purpose="other", subject="other")
            Provider.objects.update(sealed_secret=foreign)
            ServerKey.objects.filter(purpose="signature").update(sealed_private=b"spoilt")
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        with pytest.raises(CommandError) as refusal:
            run("reseal")
        assert f"1 in sessions_app.Provider.sealed_secret under {OLD_ID}" in str(refusal.value)
        assert "1 in identity.ServerKey.sealed_private under ?" in str(refusal.value)
        left = Counter(kek_id for _, kek_id in places())
        assert left[OLD_ID] == 1
        assert left[""] == 1


class TestCheck:
    def test_fails_while_something_needs_another_key(
        self, acme: Filled, settings: Settings
    ) -> None:
        run("check")
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        with pytest.raises(CommandError, match="Do not take the older keys away"):
            run("check")
        run("reseal")
        assert "0 values need another key" in run("check")

    def test_tells_of_proposals_that_carry_a_sealed_value(
        self, acme: Filled, settings: Settings
    ) -> None:
        secret = sealing.seal(b"s", purpose="provider.client-secret", subject="p")
        details = {"name": "Hub", "sealed_secret": base64.b64encode(secret).decode()}
        with current.in_scope(acme.scope.id):
            user = User.objects.get(id=acme.user_id)
            waiting = sealed_rows.proposal(
                user, commands=[{"details": details}], expires_at=NOW.replace(year=2099)
            )
        settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
        with pytest.raises(CommandError, match="decide them, or let them expire"):
            run("reseal")
        assert (sealed.PENDING, OLD_ID) in places()
        with current.in_scope(acme.scope.id):
            type(waiting).objects.filter(id=waiting.id).update(state="expired", decided_at=NOW)
        run("check")

    def test_names_no_value(self, acme: Filled) -> None:
        assert sealed_rows.SECRET not in run("status")


class TestMakeKey:
    def test_makes_a_key_in_the_token(
        self,
        soft_hsm: SoftHsm,  # noqa: F811
        settings: Settings,
    ) -> None:
        settings.KEK_TOKEN = soft_hsm.place("kek-1")
        kek_id = run("make-key", "kek-1").split()[-1]
        assert sealing.key_encryption_key().kek_id == kek_id
        assert kek_id_of(sealing.seal(b"x", purpose="p", subject="s")) == kek_id
        with pytest.raises(CommandError, match="already"):
            run("make-key", "kek-1")

    def test_needs_a_token(self) -> None:
        with pytest.raises(CommandError, match="COUNTERSIGN_PKCS11_MODULE"):
            run("make-key", "kek-1")
